#pragma once
// Topics as the producer keeps them: queues of batches per partition, found without a lock.

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/uuid.h"
#include "client/metadata.h"
#include "producer/batch.h"
#include "producer/sequences.h"
#include "record/batch_builder.h"

namespace klamm::producer {

struct Topic;

/// The batches of one partition that wait to be sent, oldest first; the last one may be open.
///
/// Threading: `mutex` guards the first group; the sender's lock guards the last; atomics are free.
struct PartitionQueue {
  PartitionQueue(Topic& ofTopic, std::int32_t number) : topic(ofTopic), partition(number) {}

  Topic& topic;
  const std::int32_t partition;

  Mutex mutex;
  std::deque<std::unique_ptr<Batch>> batches KLAMM_GUARDED_BY(mutex);
  std::size_t stickyBytes KLAMM_GUARDED_BY(mutex) = 0;  ///< produced since the topic's sticky partition became this one
  std::uint64_t nextOrder KLAMM_GUARDED_BY(mutex) = 0;
  std::size_t lastPending KLAMM_GUARDED_BY(mutex) = 0;  ///< callbacks of the last batch: room for those of the next
  bool listed KLAMM_GUARDED_BY(mutex) = false;          ///< the sender looks at it

  static constexpr std::int64_t kNever = INT64_MAX;
  /// When the first batch may leave, in nanoseconds of the steady clock; kNever while there is none.
  std::atomic<std::int64_t> readyAt = kNever;
  std::atomic<std::uint32_t> length = 0;
  std::atomic<bool> hasLeader = false;
  std::atomic<bool> slow = false;    ///< its broker has taken nothing for partitioner.availability.timeout.ms
  /// Set while its broker is at max.in.flight.requests.per.connection; null until the queue was first looked at.
  std::atomic<const std::atomic<bool>*> brokerFull = nullptr;

  client::NodeId leader = -1;
  std::int32_t leaderEpoch = -1;
  std::size_t inFlight = 0;
  PartitionSequences sequences = {};

  /// A request that is in flight to the broker must be answered first; its answer drives the sender.
  [[nodiscard]] bool waitsForAnswer() const noexcept {
    const std::atomic<bool>* full = brokerFull.load();
    return full != nullptr && full->load();
  }
  /// Sets readyAt and length from what is in the queue.
  void updateReady(Duration linger, std::size_t batchSize, float ratio) KLAMM_REQUIRES(mutex);
  /// Puts a batch where its order belongs: a retried one before younger ones.
  void insertInOrder(std::unique_ptr<Batch> batch) KLAMM_REQUIRES(mutex);
};

/// Numbers of partitions never shrink in Kafka, but a topic may be deleted and made anew. Threading: immutable.
struct PartitionTable {
  std::vector<PartitionQueue*> queues = {};
};

/// A name's length, its first eight bytes and its last eight (a shorter one fills both with what it has): names of up to
/// sixteen bytes are equal when these are, and others are told apart by them most of the time. Threading: immutable.
struct NameKey {
  explicit NameKey(std::string_view name) noexcept : length(name.size()) {
    const char* text = name.data();
    if (length >= 8) {
      head = wordAt<std::uint64_t>(text);
      tail = wordAt<std::uint64_t>(text + length - 8);
    } else if (length >= 4) {
      head = wordAt<std::uint32_t>(text);
      tail = wordAt<std::uint32_t>(text + length - 4);
    } else if (length > 0) {
      head = wordAt<std::uint8_t>(text) << 8 | wordAt<std::uint8_t>(text + length / 2);
      tail = wordAt<std::uint8_t>(text + length - 1);
    }
  }
  [[nodiscard]] std::uint64_t hash() const noexcept { return ((head ^ length) + (tail << 1)) * 0x9E3779B97F4A7C15ULL; }
  friend bool operator==(const NameKey&, const NameKey&) = default;

  std::size_t length;
  std::uint64_t head = 0;
  std::uint64_t tail = 0;

 private:
  template <class Word>
  static std::uint64_t wordAt(const char* text) noexcept {
    Word word;
    std::memcpy(&word, text, sizeof(word));
    return word;
  }
};

/// Threading: `name` and `key` are constant, atomics are free, `id` and `metadataVersion` belong to the sender's lock.
struct Topic {
  explicit Topic(std::string_view named) : name(named), key(name) {}

  const std::string name;
  const NameKey key;
  std::atomic<const PartitionTable*> table = nullptr;  ///< null: the metadata has not come yet
  std::atomic<std::int32_t> sticky = -1;               ///< where records without a key go at the moment
  std::atomic<float> ratio = 1.0F;                     ///< how well the records compress
  std::atomic<bool> resetRatio = false;                ///< a batch was too large in spite of its estimate
  std::atomic<std::int64_t> touchedAt = 0;             ///< wall clock milliseconds of the last Metadata::touch

  Uuid id = {};
  std::uint64_t metadataVersion = 0;
  record::CompressionRatio compressionRatio = {};  ///< of whoever drives the sender
  std::vector<std::unique_ptr<PartitionQueue>> queues = {};
  std::vector<std::unique_ptr<const PartitionTable>> tables = {};  ///< all there were: senders may still look at them

  /// Takes over partitions and leaders; with the sender's lock.
  void apply(const client::TopicMetadata& metadata, std::uint64_t version);
};

/// Every topic that was ever sent to. Topics and queues live as long as the producer.
/// Threading: any thread.
class TopicTable {
 public:
  /// Null when nothing was sent to it yet. Costs a hash and a comparison for the topics in use.
  [[nodiscard]] Topic* find(std::string_view name) noexcept KLAMM_EXCLUDES(mutex_);
  [[nodiscard]] Topic& findOrAdd(std::string_view name) KLAMM_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Topic*> all() const KLAMM_EXCLUDES(mutex_);

 private:
  static constexpr int kSlotBits = 6;
  std::array<std::atomic<Topic*>, 1U << kSlotBits> recent_ = {};
  mutable Mutex mutex_;
  std::unordered_map<std::string_view, std::unique_ptr<Topic>> topics_ KLAMM_GUARDED_BY(mutex_);
};

/// The next partition for records without a key (KIP-794): among those with a leader; with `adaptive`, short queues are
/// more likely, in proportion to (longest queue + 1 - queue).
/// Source: org.apache.kafka.clients.producer.internals.BuiltInPartitioner. Threading: any thread.
[[nodiscard]] std::int32_t nextStickyPartition(const PartitionTable& table, bool adaptive, Random& random);

}  // namespace klamm::producer
