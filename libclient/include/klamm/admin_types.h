#pragma once
// What the admin client takes and gives, as plain data. Names follow org.apache.kafka.clients.admin.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <klamm/config.h>
#include <klamm/error.h>
#include <klamm/metadata.h>
#include <klamm/record.h>

namespace [[gnu::visibility("default")]] klamm {

/// One set of options for every call; each call reads those that concern it.
struct AdminOptions {
  std::optional<Millis> timeout = {};         ///< of the whole call; default.api.timeout.ms when absent
  bool validateOnly = false;                  ///< createTopics, createPartitions: check, change nothing
  bool listInternal = false;                  ///< listTopics: internal topics as well
  bool includeSynonyms = false;               ///< describeConfigs: where else a value could come from
  bool includeDocumentation = false;          ///< describeConfigs
  std::vector<std::string> groupStates = {};  ///< listGroups: "Stable", "Empty", ...; empty: all
  std::vector<std::string> groupTypes = {};   ///< listGroups: "Classic", "Consumer", "Share", ...; empty: all
  bool requireStable = false;                 ///< listConsumerGroupOffsets: wait for open transactions
  bool readCommitted = false;                 ///< listOffsets: the latest offset is the last stable one
};

/// A topic to be made. -1 leaves a number to the broker's default. Threading: a value.
struct NewTopic {
  std::string name = {};
  std::int32_t partitions = -1;
  std::int16_t replicationFactor = -1;
  std::map<std::string, std::string> configs = {};
  /// Partition to brokers, the leader first; instead of the two numbers.
  std::map<std::int32_t, std::vector<std::int32_t>> assignments = {};
};

/// Kafka's ConfigEntry.ConfigSource.
enum class ConfigSource : std::int8_t {
  Unknown = 0,
  DynamicTopicConfig = 1,
  DynamicBrokerConfig = 2,
  DynamicDefaultBrokerConfig = 3,
  StaticBrokerConfig = 4,
  DefaultConfig = 5,
  DynamicBrokerLoggerConfig = 6,
  DynamicClientMetricsConfig = 7,
  DynamicGroupConfig = 8,
};
/// "DYNAMIC_TOPIC_CONFIG", as Kafka's tools print it.
[[nodiscard]] std::string_view toString(ConfigSource source) noexcept;

struct ConfigSynonym {
  std::string name = {};
  std::optional<std::string> value = {};
  ConfigSource source = ConfigSource::Unknown;
};

/// One configuration of a topic, broker or group. Threading: a value.
struct ConfigEntry {
  std::string name = {};
  std::optional<std::string> value = {};  ///< null also when it is sensitive
  ConfigSource source = ConfigSource::Unknown;
  bool isReadOnly = false;
  bool isSensitive = false;
  std::vector<ConfigSynonym> synonyms = {};
  std::optional<std::string> documentation = {};
  [[nodiscard]] bool isDefault() const noexcept { return source == ConfigSource::DefaultConfig; }
};

/// What createTopics made; the numbers are -1 where the broker is too old to say.
struct CreatedTopic {
  std::string topicId = {};
  std::int32_t partitions = -1;
  std::int16_t replicationFactor = -1;
  std::vector<ConfigEntry> configs = {};
};

struct TopicListing {
  std::string name = {};
  std::string topicId = {};
  bool isInternal = false;
};

/// More partitions for a topic. Threading: a value.
struct NewPartitions {
  std::int32_t totalCount = 0;
  std::vector<std::vector<std::int32_t>> assignments = {};  ///< brokers of each new partition; empty: the broker chooses
};

/// Kafka's ConfigResource.
struct ConfigResource {
  enum class Type : std::int8_t { Topic = 2, Broker = 4, BrokerLogger = 8, ClientMetrics = 16, Group = 32 };
  Type type = Type::Topic;
  std::string name = {};  ///< a broker's id in digits; empty for the defaults of all brokers
  friend auto operator<=>(const ConfigResource&, const ConfigResource&) = default;
};

struct ClusterDescription {
  std::string clusterId = {};
  std::optional<Node> controller = {};
  std::vector<Node> nodes = {};
};

/// One row of listGroups. Threading: a value.
struct GroupListing {
  std::string groupId = {};
  std::string protocolType = {};  ///< "consumer"; empty for a group that only stores offsets
  std::string state = {};         ///< "Stable", "Empty", ...; empty when the broker is too old to say
  std::string type = {};          ///< "Classic", "Consumer", ...; empty when the broker is too old to say
  [[nodiscard]] bool isSimpleConsumerGroup() const noexcept { return protocolType.empty(); }
};

/// A member of a group. Threading: a value.
struct MemberDescription {
  std::string memberId = {};
  std::optional<std::string> groupInstanceId = {};
  std::string clientId = {};
  std::string host = {};
  TopicPartitions assignment = {};
  TopicPartitions targetAssignment = {};    ///< groups of the type Consumer
  std::optional<std::int32_t> memberEpoch = {};  ///< groups of the type Consumer
};

/// A consumer group as its coordinator sees it. Threading: a value.
struct ConsumerGroupDescription {
  std::string groupId = {};
  bool isSimpleConsumerGroup = false;
  std::string partitionAssignor = {};
  std::string type = {};   ///< "Classic" or "Consumer"
  std::string state = {};  ///< "Stable", "PreparingRebalance", "CompletingRebalance", "Empty", "Dead", ...
  Node coordinator = {};
  std::vector<MemberDescription> members = {};
  std::optional<std::int32_t> groupEpoch = {};             ///< groups of the type Consumer
  std::optional<std::int32_t> targetAssignmentEpoch = {};  ///< groups of the type Consumer
};

/// Which offset listOffsets is to find: a time in milliseconds since 1970, or one of Kafka's special values.
struct OffsetSpec {
  std::int64_t timestamp = -1;
  [[nodiscard]] static constexpr OffsetSpec latest() noexcept { return {-1}; }
  [[nodiscard]] static constexpr OffsetSpec earliest() noexcept { return {-2}; }
  [[nodiscard]] static constexpr OffsetSpec maxTimestamp() noexcept { return {-3}; }
  [[nodiscard]] static constexpr OffsetSpec earliestLocal() noexcept { return {-4}; }
  [[nodiscard]] static constexpr OffsetSpec latestTiered() noexcept { return {-5}; }
  /// The first record at or after this time.
  [[nodiscard]] static constexpr OffsetSpec forTimestamp(std::int64_t milliseconds) noexcept { return {milliseconds}; }
};

/// Offset -1: no record fits. Threading: a value.
struct ListedOffset {
  std::int64_t offset = -1;
  std::int64_t timestamp = -1;
  std::optional<std::int32_t> leaderEpoch = {};
};

struct PartitionReassignment {
  std::vector<std::int32_t> replicas = {};
  std::vector<std::int32_t> addingReplicas = {};
  std::vector<std::int32_t> removingReplicas = {};
};

}  // namespace klamm
