#pragma once
// The consumer: reads records, alone or as a member of a group.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <klamm/assignor.h>
#include <klamm/config.h>
#include <klamm/consumer_records.h>
#include <klamm/detail/consumer_core.h>
#include <klamm/exceptions.h>
#include <klamm/rebalance_listener.h>

namespace [[gnu::visibility("default")]] klamm {

/// Objects where Java names classes. A null deserializer is the built-in one of the type (see serializer.h).
template <class K, class V>
struct ConsumerOptions {
  std::shared_ptr<Deserializer<K>> keyDeserializer = {};
  std::shared_ptr<Deserializer<V>> valueDeserializer = {};
};

/// Reads records. Names and semantics are those of org.apache.kafka.clients.consumer.KafkaConsumer.
///
///     klamm::Consumer<std::string, std::string> consumer{{{"bootstrap.servers", "localhost:9092"}, {"group.id", "billing"}}};
///     consumer.subscribe({"orders"});
///     while (running) {
///       for (const auto& record : consumer.poll(100ms)) handle(record);
///     }
///     consumer.close();
///
/// `Consumer<BytesView, BytesView>` copies nothing: keys and values point into the fetched buffers, which the
/// ConsumerRecords keep alive.
///
/// Heartbeats, fetching and commits run on one I/O thread; listeners and commit callbacks run inside the calls of the
/// application, deserializers where it iterates over the records. A consumer that does not poll for max.poll.interval.ms leaves its group.
///
/// Calls throw: WakeupException after wakeup(), TimeoutException when the time is up, IllegalStateException for a
/// call that does not fit (and after close()), and the exceptions named below. A call without a timeout takes at most
/// default.api.timeout.ms.
///
/// Threading: one thread at a time; a second one gets ConcurrentModificationException. wakeup() alone may be called from
/// any thread and from a signal handler:
///
///     try { for (;;) consumer.poll(1s); } catch (const klamm::WakeupException&) { consumer.close(); }
template <class K, class V>
class Consumer {
 public:
  using Offsets = std::map<TopicPartition, std::int64_t>;

  /// Throws ConfigException for a configuration that will not do. Does not wait for a broker.
  explicit Consumer(const Config& config, ConsumerOptions<K, V> options = {}) : deserializers_{std::move(options.keyDeserializer), std::move(options.valueDeserializer)} {
    requireDeserializers();
    Error error;
    core_ = detail::makeConsumerCore(config, error);
    throwIfError(std::move(error));
  }
  /// Over another core, e.g. a mock.
  explicit Consumer(std::unique_ptr<detail::ConsumerCore> core, ConsumerOptions<K, V> options = {})
      : core_(std::move(core)), deserializers_{std::move(options.keyDeserializer), std::move(options.valueDeserializer)} {
    requireDeserializers();
  }
  Consumer(Consumer&&) noexcept = default;
  Consumer& operator=(Consumer&&) noexcept = default;
  /// close() with its usual time limit; never throws.
  ~Consumer() = default;

  /// Joins the group for these topics; replaces the subscription before. An empty list is unsubscribe().
  void subscribe(std::vector<std::string> topics, std::shared_ptr<RebalanceListener> listener = {}) {
    throwIfError(core_->subscribe(std::move(topics), std::move(listener)));
  }
  /// All topics whose whole name matches (ECMAScript syntax), also those that come later; internal topics stay out while
  /// exclude.internal.topics is true. InvalidRegularExpressionException for what is none.
  void subscribePattern(std::string regex, std::shared_ptr<RebalanceListener> listener = {}) {
    throwIfError(core_->subscribePattern(std::move(regex), std::move(listener)));
  }
  /// Leaves the group, or drops what was assigned.
  void unsubscribe() { throwIfError(core_->unsubscribe()); }
  /// Reads these partitions without a group's management. Not together with subscribe().
  void assign(TopicPartitions partitions) { throwIfError(core_->assign(std::move(partitions))); }
  [[nodiscard]] TopicPartitions assignment() const {
    TopicPartitions result;
    throwIfError(core_->assignment(result));
    return result;
  }
  [[nodiscard]] std::vector<std::string> subscription() const {
    std::vector<std::string> result;
    throwIfError(core_->subscription(result));
    return result;
  }

  /// Waits at most `timeout` for records, and returns as soon as there are some: at most max.poll.records. Runs what is
  /// due: rebalances with their listeners, commit callbacks, auto commit. Also throws NoOffsetForPartitionException,
  /// OffsetOutOfRangeException, CorruptRecordException, TopicAuthorizationException, InvalidTopicException,
  /// GroupAuthorizationException, FencedInstanceIdException.
  [[nodiscard]] ConsumerRecords<K, V> poll(Millis timeout) {
    detail::FetchedRecords fetched;
    throwIfError(core_->poll(timeout, fetched));
    return ConsumerRecords<K, V>(std::move(fetched), deserializers_);
  }

  /// Commits the positions behind everything that poll() has returned, and retries what may be retried.
  /// CommitFailedException when the group has moved on; RebalanceInProgressException when it is about to.
  void commitSync() { throwIfError(core_->commitSync(std::nullopt, std::nullopt)); }
  void commitSync(Millis timeout) { throwIfError(core_->commitSync(std::nullopt, timeout)); }
  void commitSync(OffsetMap offsets) { throwIfError(core_->commitSync(std::move(offsets), std::nullopt)); }
  void commitSync(OffsetMap offsets, Millis timeout) { throwIfError(core_->commitSync(std::move(offsets), timeout)); }
  /// Commits without waiting and without retries. Commits reach the broker in the order of the calls; callbacks run in that
  /// order inside a later poll(), commitSync() or close().
  void commitAsync(CommitCallback callback = {}) { throwIfError(core_->commitAsync(std::nullopt, std::move(callback))); }
  void commitAsync(OffsetMap offsets, CommitCallback callback = {}) {
    throwIfError(core_->commitAsync(std::move(offsets), std::move(callback)));
  }

  /// The next poll() reads from this offset.
  void seek(const TopicPartition& partition, std::int64_t offset) { throwIfError(core_->seek(partition, {.offset = offset})); }
  void seek(const TopicPartition& partition, OffsetAndMetadata to) { throwIfError(core_->seek(partition, std::move(to))); }
  /// Of all assigned partitions when none are named. Takes effect at the next poll() or position().
  void seekToBeginning(const TopicPartitions& partitions = {}) { throwIfError(core_->seekToBeginning(partitions)); }
  void seekToEnd(const TopicPartitions& partitions = {}) { throwIfError(core_->seekToEnd(partitions)); }
  /// The offset of the next record that poll() would return.
  [[nodiscard]] std::int64_t position(const TopicPartition& partition, std::optional<Millis> timeout = {}) {
    std::int64_t result = 0;
    throwIfError(core_->position(partition, timeout, result));
    return result;
  }
  /// What the group has committed; partitions without a commit are not in the result.
  [[nodiscard]] OffsetMap committed(const TopicPartitions& partitions, std::optional<Millis> timeout = {}) {
    OffsetMap result;
    throwIfError(core_->committed(partitions, timeout, result));
    return result;
  }
  [[nodiscard]] Offsets beginningOffsets(const TopicPartitions& partitions, std::optional<Millis> timeout = {}) {
    Offsets result;
    throwIfError(core_->beginningOffsets(partitions, timeout, result));
    return result;
  }
  /// With isolation.level=read_committed the last stable offset.
  [[nodiscard]] Offsets endOffsets(const TopicPartitions& partitions, std::optional<Millis> timeout = {}) {
    Offsets result;
    throwIfError(core_->endOffsets(partitions, timeout, result));
    return result;
  }
  /// The first record at or after each time (milliseconds since 1970); nullopt where there is none.
  [[nodiscard]] std::map<TopicPartition, std::optional<OffsetAndTimestamp>> offsetsForTimes(const Offsets& times,
                                                                                           std::optional<Millis> timeout = {}) {
    std::map<TopicPartition, std::optional<OffsetAndTimestamp>> result;
    throwIfError(core_->offsetsForTimes(times, timeout, result));
    return result;
  }
  /// Empty for a topic that does not exist.
  [[nodiscard]] std::vector<PartitionInfo> partitionsFor(const std::string& topic, std::optional<Millis> timeout = {}) {
    std::vector<PartitionInfo> result;
    throwIfError(core_->partitionsFor(topic, timeout, result));
    return result;
  }
  [[nodiscard]] std::map<std::string, std::vector<PartitionInfo>> listTopics(std::optional<Millis> timeout = {}) {
    std::map<std::string, std::vector<PartitionInfo>> result;
    throwIfError(core_->listTopics(timeout, result));
    return result;
  }

  /// poll() returns nothing of these partitions until resume(); what was fetched already is kept.
  void pause(const TopicPartitions& partitions) { throwIfError(core_->pause(partitions)); }
  void resume(const TopicPartitions& partitions) { throwIfError(core_->resume(partitions)); }
  [[nodiscard]] TopicPartitions paused() const {
    TopicPartitions result;
    throwIfError(core_->paused(result));
    return result;
  }
  /// Records between the position and the end of the partition as last heard; nullopt when nothing was heard yet.
  [[nodiscard]] std::optional<std::int64_t> currentLag(const TopicPartition& partition) const {
    std::optional<std::int64_t> result;
    throwIfError(core_->currentLag(partition, result));
    return result;
  }
  [[nodiscard]] ConsumerGroupMetadata groupMetadata() const {
    ConsumerGroupMetadata result;
    throwIfError(core_->groupMetadata(result));
    return result;
  }
  /// What the consumer has counted so far, by Kafka's names.
  [[nodiscard]] Metrics metrics() const {
    Metrics result;
    throwIfError(core_->metrics(result));
    return result;
  }
  /// The next poll() makes the group share out its partitions anew.
  void enforceRebalance(std::string reason = {}) { throwIfError(core_->enforceRebalance(std::move(reason))); }

  /// Ends the call that is waiting, or else the next one that would, with WakeupException.
  void wakeup() noexcept { core_->wakeup(); }

  /// Commits if enable.auto.commit is true, leaves the group, stops the I/O thread. Ends within `timeout`.
  void close(Millis timeout = std::chrono::seconds(30)) { throwIfError(core_->close(timeout)); }

 private:
  void requireDeserializers() const {
    if ((!detail::BuiltInSerializable<K> && !deserializers_.key) || (!detail::BuiltInSerializable<V> && !deserializers_.value)) {
      throwError(Error(ErrorCode::InvalidClientConfig,
                       "keys or values have a type of your own: pass keyDeserializer and valueDeserializer in ConsumerOptions"));
    }
  }

  std::unique_ptr<detail::ConsumerCore> core_;
  detail::Deserializers<K, V> deserializers_;
};

}  // namespace klamm
