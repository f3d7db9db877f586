#pragma once
// What the committed metadata records add up to: topics, partitions, brokers, configurations, features. Immutable.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"

namespace klamm::broker::image {

/// Threading: immutable.
struct PartitionImage {
  std::int32_t leader = -1;                     ///< -1: none at the moment
  std::int32_t leaderEpoch = 0;
  std::int32_t partitionEpoch = 0;
  std::int8_t leaderRecoveryState = 0;
  std::vector<std::int32_t> replicas = {};
  std::vector<std::int32_t> isr = {};
  std::vector<std::int32_t> addingReplicas = {};
  std::vector<std::int32_t> removingReplicas = {};
  std::vector<Uuid> directories = {};           ///< one per replica
  std::vector<std::int32_t> eligibleLeaderReplicas = {};
  std::vector<std::int32_t> lastKnownElr = {};
  friend bool operator==(const PartitionImage&, const PartitionImage&) = default;
};

struct TopicImage {
  std::string name = {};
  Uuid id = {};
  std::vector<PartitionImage> partitions = {};  ///< by partition id: Kafka numbers them without gaps
};

struct BrokerEndpoint {
  std::string listener = {};
  std::string host = {};
  std::uint16_t port = 0;
  std::int16_t securityProtocol = 0;
  friend bool operator==(const BrokerEndpoint&, const BrokerEndpoint&) = default;
};

struct FeatureRange {
  std::int16_t min = 0;
  std::int16_t max = 0;
};

struct BrokerImage {
  std::int32_t id = -1;
  std::int64_t epoch = -1;
  Uuid incarnation = {};
  std::vector<BrokerEndpoint> endpoints = {};
  std::map<std::string, FeatureRange> features = {};
  std::optional<std::string> rack = {};
  std::vector<Uuid> logDirs = {};
  bool fenced = true;
  bool inControlledShutdown = false;
  [[nodiscard]] const BrokerEndpoint* endpoint(std::string_view listener) const noexcept;
};

/// Numbers as on the wire (org.apache.kafka.common.config.ConfigResource.Type).
enum class ConfigResourceType : std::int8_t { Topic = 2, Broker = 4, BrokerLogger = 8, ClientMetrics = 16, Group = 32 };

struct ConfigResource {
  ConfigResourceType type = ConfigResourceType::Topic;
  std::string name = {};  ///< topic, broker id, group; empty: the default of all brokers
  friend auto operator<=>(const ConfigResource&, const ConfigResource&) = default;
};

using ConfigMap = std::map<std::string, std::string, std::less<>>;

/// Names of Kafka's own topics, which clients may not produce to by accident.
[[nodiscard]] bool isInternalTopic(std::string_view name) noexcept;

/// One state of the metadata. Copying one shares its topics; a new state is made by ImageBuilder (image_builder.h) from a
/// batch of records.
/// Threading: immutable; shared by any number of threads.
class ClusterImage {
 public:
  using TopicPtr = std::shared_ptr<const TopicImage>;

  /// Offset of the last metadata record in it, and the epoch of the controller that wrote it.
  [[nodiscard]] std::int64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::int32_t epoch() const noexcept { return epoch_; }

  /// By rising name.
  [[nodiscard]] const std::vector<TopicPtr>& topics() const noexcept { return topicsByName_; }
  [[nodiscard]] const TopicImage* topic(std::string_view name) const noexcept;
  [[nodiscard]] const TopicImage* topic(const Uuid& id) const noexcept;
  /// Null for a topic or partition that does not exist.
  [[nodiscard]] const PartitionImage* partition(std::string_view topic, std::int32_t partition) const noexcept;

  [[nodiscard]] const std::map<std::int32_t, BrokerImage>& brokers() const noexcept { return brokers_; }
  [[nodiscard]] const BrokerImage* broker(std::int32_t id) const noexcept;
  /// Registered and not fenced.
  [[nodiscard]] std::vector<std::int32_t> liveBrokers() const;

  /// What was set for the resource itself; empty when nothing was.
  [[nodiscard]] const ConfigMap& configs(const ConfigResource& resource) const noexcept;
  [[nodiscard]] const ConfigMap& topicConfigs(std::string_view topic) const { return configs({ConfigResourceType::Topic, std::string(topic)}); }
  [[nodiscard]] const std::map<ConfigResource, std::shared_ptr<const ConfigMap>>& allConfigs() const noexcept { return configs_; }

  /// Finalised levels; a feature at level 0 is not in it.
  [[nodiscard]] const std::map<std::string, std::int16_t>& features() const noexcept { return features_; }
  [[nodiscard]] std::int64_t nextProducerId() const noexcept { return nextProducerId_; }

 private:
  friend class ImageBuilder;
  std::int64_t offset_ = -1;
  std::int32_t epoch_ = -1;
  std::vector<TopicPtr> topicsByName_;
  std::vector<TopicPtr> topicsById_;
  std::map<std::int32_t, BrokerImage> brokers_;
  std::map<ConfigResource, std::shared_ptr<const ConfigMap>> configs_;
  std::map<std::string, std::int16_t> features_;
  std::int64_t nextProducerId_ = 0;
};

}  // namespace klamm::broker::image
