#pragma once
// The consumer without types and without exceptions: what the template, the C interface and mocks stand on.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/config.h>
#include <klamm/detail/fetched_records.h>
#include <klamm/error.h>
#include <klamm/metadata.h>
#include <klamm/metrics.h>
#include <klamm/rebalance_listener.h>
#include <klamm/record.h>

namespace [[gnu::visibility("default")]] klamm {

/// The outcome of a commit. Runs inside poll(), commitSync() or close() on the application's thread.
using CommitCallback = std::function<void(const OffsetMap&, const Error&)>;

/// The first record at or after a time. Threading: a value.
struct OffsetAndTimestamp {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;
  std::optional<std::int32_t> leaderEpoch = {};
  friend bool operator==(const OffsetAndTimestamp&, const OffsetAndTimestamp&) = default;
};

/// Which member of which group a consumer is. Threading: a value.
struct ConsumerGroupMetadata {
  std::string groupId = {};
  std::int32_t generationId = -1;
  std::string memberId = {};
  std::optional<std::string> groupInstanceId = {};
};

namespace detail {

/// Every blocking method takes the time it may take; `timeout` of nullopt is default.api.timeout.ms. An Error of None is
/// success, and only then are the results set. Threading: one thread at a time (a second one gets
/// ConcurrentModification), except wakeup().
class ConsumerCore {
 public:
  using Timeout = std::optional<Millis>;

  virtual ~ConsumerCore() = default;

  virtual Error subscribe(std::vector<std::string> topics, std::shared_ptr<RebalanceListener> listener) = 0;
  virtual Error subscribePattern(std::string regex, std::shared_ptr<RebalanceListener> listener) = 0;
  virtual Error unsubscribe() = 0;
  virtual Error assign(TopicPartitions partitions) = 0;
  virtual Error assignment(TopicPartitions& out) = 0;
  virtual Error subscription(std::vector<std::string>& out) = 0;

  virtual Error poll(Millis timeout, FetchedRecords& out) = 0;

  /// Without offsets: the positions of everything assigned.
  virtual Error commitSync(std::optional<OffsetMap> offsets, Timeout timeout) = 0;
  virtual Error commitAsync(std::optional<OffsetMap> offsets, CommitCallback callback) = 0;

  virtual Error seek(const TopicPartition& partition, OffsetAndMetadata to) = 0;
  /// Of all assigned partitions when `partitions` is empty.
  virtual Error seekToBeginning(const TopicPartitions& partitions) = 0;
  virtual Error seekToEnd(const TopicPartitions& partitions) = 0;
  virtual Error position(const TopicPartition& partition, Timeout timeout, std::int64_t& out) = 0;
  virtual Error committed(const TopicPartitions& partitions, Timeout timeout, OffsetMap& out) = 0;
  virtual Error beginningOffsets(const TopicPartitions& partitions, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) = 0;
  virtual Error endOffsets(const TopicPartitions& partitions, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) = 0;
  virtual Error offsetsForTimes(const std::map<TopicPartition, std::int64_t>& times, Timeout timeout,
                                std::map<TopicPartition, std::optional<OffsetAndTimestamp>>& out) = 0;
  virtual Error partitionsFor(const std::string& topic, Timeout timeout, std::vector<PartitionInfo>& out) = 0;
  virtual Error listTopics(Timeout timeout, std::map<std::string, std::vector<PartitionInfo>>& out) = 0;

  virtual Error pause(const TopicPartitions& partitions) = 0;
  virtual Error resume(const TopicPartitions& partitions) = 0;
  virtual Error paused(TopicPartitions& out) = 0;
  virtual Error currentLag(const TopicPartition& partition, std::optional<std::int64_t>& out) = 0;
  virtual Error groupMetadata(ConsumerGroupMetadata& out) = 0;
  virtual Error enforceRebalance(std::string reason) = 0;
  virtual Error metrics(Metrics& out) = 0;

  /// From any thread and from a signal handler.
  virtual void wakeup() noexcept = 0;
  /// Ends within `timeout` whatever the network does; the error is the first thing that went wrong on the way.
  virtual Error close(Millis timeout) = 0;
};

/// A consumer of the cluster that `config` names; null, and `error` set, when the configuration will not do.
[[nodiscard]] std::unique_ptr<ConsumerCore> makeConsumerCore(const Config& config, Error& error);

}  // namespace detail
}  // namespace klamm
