#pragma once
// Manages topics, groups and what else a cluster holds.

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <klamm/admin_types.h>
#include <klamm/config.h>
#include <klamm/detail/admin_core.h>
#include <klamm/exceptions.h>

namespace [[gnu::visibility("default")]] klamm {

/// The answer of a call about several things: a future for each, and one for all together.
///
/// A future's get() returns the value or throws the error as its exception. `all` is ready when every value is; its get()
/// throws the first error by the order of the keys. Threading: shared futures may be copied to other threads.
template <class Key, class T>
struct AdminResult {
  std::map<Key, std::shared_future<T>> values = {};
  std::shared_future<void> all = {};
};

/// Inspects and changes a cluster.
///
///     klamm::Admin admin{{{"bootstrap.servers", "localhost:9092"}}};
///     admin.createTopics({{.name = "orders", .partitions = 3}}).all.get();
///     for (const auto& [name, listing] : admin.listTopics().get()) std::cout << name << '\n';
///
/// Calls return at once. Each finds the broker that it concerns (the controller, a group's coordinator, a partition's
/// leader) and tries again what may pass, until AdminOptions::timeout; after that the error is TimeoutException and says
/// what stood in the way. All answers of one call come together.
///
/// Source of the rules: org.apache.kafka.clients.admin.KafkaAdminClient of Kafka 4.3.
///
/// Threading: every method from any thread; the destructor when no other call is running.
class Admin {
 public:
  /// Starts the I/O thread; connects when there is something to ask. Throws ConfigException.
  explicit Admin(const Config& config);
  /// On a core of one's own, e.g. a mock in tests.
  explicit Admin(std::unique_ptr<detail::AdminCore> core);
  /// close()
  ~Admin();
  Admin(Admin&&) noexcept;
  Admin& operator=(Admin&&) noexcept;

  // ---- Topics ----
  /// Errors by topic: TopicExistsException, InvalidTopicException, InvalidPartitionsException,
  /// InvalidReplicationFactorException, InvalidConfigurationException, PolicyViolationException, ...
  [[nodiscard]] AdminResult<std::string, CreatedTopic> createTopics(std::vector<NewTopic> topics, AdminOptions options = {});
  /// Errors by topic: UnknownTopicOrPartitionException, TopicDeletionDisabledException, ...
  [[nodiscard]] AdminResult<std::string, void> deleteTopics(std::vector<std::string> names, AdminOptions options = {});
  [[nodiscard]] AdminResult<std::string, void> deleteTopicsById(std::vector<std::string> ids, AdminOptions options = {});
  /// By name. Internal topics only with AdminOptions::listInternal.
  [[nodiscard]] std::future<std::map<std::string, TopicListing>> listTopics(AdminOptions options = {});
  /// Errors by topic: UnknownTopicOrPartitionException, InvalidTopicException, ... Never creates a topic.
  [[nodiscard]] AdminResult<std::string, TopicDescription> describeTopics(std::vector<std::string> names, AdminOptions options = {});
  [[nodiscard]] AdminResult<std::string, TopicDescription> describeTopicsById(std::vector<std::string> ids, AdminOptions options = {});
  [[nodiscard]] AdminResult<std::string, void> createPartitions(std::map<std::string, NewPartitions> topics, AdminOptions options = {});
  /// Of these partitions, or of all; only those that are being reassigned are in the answer.
  [[nodiscard]] std::future<std::map<TopicPartition, PartitionReassignment>> listPartitionReassignments(
      std::optional<TopicPartitions> partitions = {}, AdminOptions options = {});
  [[nodiscard]] AdminResult<TopicPartition, ListedOffset> listOffsets(std::map<TopicPartition, OffsetSpec> partitions, AdminOptions options = {});

  // ---- Configuration and cluster ----
  [[nodiscard]] AdminResult<ConfigResource, std::vector<ConfigEntry>> describeConfigs(std::vector<ConfigResource> resources,
                                                                                      AdminOptions options = {});
  [[nodiscard]] std::future<ClusterDescription> describeCluster(AdminOptions options = {});

  // ---- Groups ----
  /// Of every broker, by group id. AdminOptions::groupStates and groupTypes choose.
  [[nodiscard]] std::future<std::vector<GroupListing>> listGroups(AdminOptions options = {});
  /// The same without groups of other protocols (Kafka Connect, share groups).
  [[nodiscard]] std::future<std::vector<GroupListing>> listConsumerGroups(AdminOptions options = {});
  /// Errors by group: GroupIdNotFoundException, GroupAuthorizationException, ...
  [[nodiscard]] AdminResult<std::string, ConsumerGroupDescription> describeConsumerGroups(std::vector<std::string> groups,
                                                                                          AdminOptions options = {});
  /// The committed offsets of these partitions, or of all that have one.
  [[nodiscard]] AdminResult<std::string, OffsetMap> listConsumerGroupOffsets(
      std::map<std::string, std::optional<TopicPartitions>> groups, AdminOptions options = {});
  /// Errors by group: GroupNotEmptyException, GroupIdNotFoundException, ...
  [[nodiscard]] AdminResult<std::string, void> deleteConsumerGroups(std::vector<std::string> groups, AdminOptions options = {});
  [[nodiscard]] AdminResult<TopicPartition, void> deleteConsumerGroupOffsets(std::string group, TopicPartitions partitions,
                                                                             AdminOptions options = {});
  /// The group must have no members: UnknownMemberIdException otherwise.
  [[nodiscard]] AdminResult<TopicPartition, void> alterConsumerGroupOffsets(std::string group, OffsetMap offsets, AdminOptions options = {});

  /// Everything under way ends with IllegalStateException (Closed). Closing twice is allowed.
  void close();

 private:
  std::unique_ptr<detail::AdminCore> core_;
};

}  // namespace klamm
