#pragma once
// The admin client without exceptions and futures: what Admin, the C interface and mocks stand on.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <klamm/admin_types.h>
#include <klamm/config.h>
#include <klamm/error.h>

namespace [[gnu::visibility("default")]] klamm {
namespace detail {

struct Nothing {};

/// An error, or what was asked for.
template <class T>
struct Outcome {
  Error error = {};
  T value = {};
};
template <class T>
using OutcomeCallback = std::function<void(Outcome<T>)>;
template <class Key, class T>
using Outcomes = std::map<Key, Outcome<T>>;
/// Called once, with an outcome for every key that was asked for.
template <class Key, class T>
using OutcomesCallback = std::function<void(Outcomes<Key, T>)>;

/// See Admin for what the calls do. Every callback comes exactly once, on the I/O thread, or inside the call when the
/// core is closed or nothing was asked for. Threading: every method from any thread.
class AdminCore {
 public:
  virtual ~AdminCore() = default;

  using TextOutcomes = OutcomesCallback<std::string, Nothing>;
  virtual void createTopics(std::vector<NewTopic> topics, const AdminOptions& options, OutcomesCallback<std::string, CreatedTopic> done) = 0;
  virtual void deleteTopics(std::vector<std::string> names, const AdminOptions& options, TextOutcomes done) = 0;
  virtual void deleteTopicsById(std::vector<std::string> ids, const AdminOptions& options, TextOutcomes done) = 0;
  virtual void listTopics(const AdminOptions& options, OutcomeCallback<std::map<std::string, TopicListing>> done) = 0;
  virtual void describeTopics(std::vector<std::string> names, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) = 0;
  virtual void describeTopicsById(std::vector<std::string> ids, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) = 0;
  virtual void createPartitions(std::map<std::string, NewPartitions> topics, const AdminOptions& options, TextOutcomes done) = 0;
  virtual void listPartitionReassignments(std::optional<TopicPartitions> partitions, const AdminOptions& options,
                                          OutcomeCallback<std::map<TopicPartition, PartitionReassignment>> done) = 0;
  virtual void listOffsets(std::map<TopicPartition, OffsetSpec> partitions, const AdminOptions& options, OutcomesCallback<TopicPartition, ListedOffset> done) = 0;

  virtual void describeConfigs(std::vector<ConfigResource> resources, const AdminOptions& options,
                               OutcomesCallback<ConfigResource, std::vector<ConfigEntry>> done) = 0;
  virtual void describeCluster(const AdminOptions& options, OutcomeCallback<ClusterDescription> done) = 0;

  virtual void listGroups(const AdminOptions& options, OutcomeCallback<std::vector<GroupListing>> done) = 0;
  virtual void describeConsumerGroups(std::vector<std::string> groups, const AdminOptions& options,
                                      OutcomesCallback<std::string, ConsumerGroupDescription> done) = 0;
  virtual void listConsumerGroupOffsets(std::map<std::string, std::optional<TopicPartitions>> groups, const AdminOptions& options,
                                        OutcomesCallback<std::string, OffsetMap> done) = 0;
  virtual void deleteConsumerGroups(std::vector<std::string> groups, const AdminOptions& options, TextOutcomes done) = 0;
  virtual void deleteConsumerGroupOffsets(std::string group, TopicPartitions partitions, const AdminOptions& options,
                                          OutcomesCallback<TopicPartition, Nothing> done) = 0;
  virtual void alterConsumerGroupOffsets(std::string group, OffsetMap offsets, const AdminOptions& options,
                                         OutcomesCallback<TopicPartition, Nothing> done) = 0;

  /// Everything under way ends with Closed; takes milliseconds.
  virtual void close() = 0;
};

/// Null, and `error` set, when the configuration will not do.
[[nodiscard]] std::unique_ptr<AdminCore> makeAdminCore(const Config& config, Error& error);

}  // namespace detail
}  // namespace klamm
