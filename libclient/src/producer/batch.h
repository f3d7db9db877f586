#pragma once
// One batch of one partition, from the first record to the last callback.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <klamm/detail/producer_core.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "producer/memory_pool.h"
#include "record/batch_builder.h"

namespace klamm::producer {

struct PartitionQueue;

/// Producer id and epoch as InitProducerId gives them. Threading: a value.
struct ProducerIdentity {
  std::int64_t id = record::kNoProducerId;
  std::int16_t epoch = record::kNoProducerEpoch;
  [[nodiscard]] bool valid() const noexcept { return id != record::kNoProducerId; }
  friend bool operator==(const ProducerIdentity&, const ProducerIdentity&) = default;
};

/// Somebody waits for the result of a record.
struct PendingRecord {
  PendingRecord(SendCallback&& toCall, std::int64_t at, std::int32_t number, std::int32_t ofKey, std::int32_t ofValue) noexcept
      : callback(std::move(toCall)), timestamp(at), index(number), keySize(ofKey), valueSize(ofValue) {}

  SendCallback callback;
  std::int64_t timestamp;
  std::int32_t index;  ///< of the record in its batch
  std::int32_t keySize;
  std::int32_t valueSize;
};

/// Counts as one of those that wait for as long as it lives, or until reset(). Threading: a value; the count is free.
class Waits {
 public:
  Waits() noexcept = default;
  explicit Waits(std::atomic<int>& count) noexcept : count_(&count) { count.fetch_add(1, std::memory_order_relaxed); }
  Waits(Waits&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Waits& operator=(Waits&& other) noexcept {
    reset();
    count_ = std::exchange(other.count_, nullptr);
    return *this;
  }
  ~Waits() { reset(); }
  void reset() noexcept {
    if (std::atomic<int>* count = std::exchange(count_, nullptr)) count->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<int>* count_ = nullptr;
};

/// How a batch stands:
///
///     open  (in its queue, under the queue's lock; records are added)
///       | drained: taken from the queue by the sender, sequence given, encoded
///     in flight --retriable error--> back in the queue, before younger ones --> in flight ...
///       | answered, failed or expired
///     done  (its callbacks have been taken out; the bytes live until the connection is done with them)
///
/// Threading: an open batch belongs to the queue's lock; afterwards it belongs to the sender: `pending`, `done` and what
/// concerns sequences under the sender's lock, `builder` and `encoded` to whoever drives the sender.
struct Batch {
  Batch(PartitionQueue& inQueue, record::BatchMemory memory, MemoryPool::Lease withLease, TimePoint now)
      : queue(inQueue), builder(std::move(memory)), lease(std::make_shared<MemoryPool::Lease>(std::move(withLease))), createdAt(now) {}

  PartitionQueue& queue;
  record::BatchBuilder builder;
  std::shared_ptr<MemoryPool::Lease> lease;  ///< shared with the encoded bytes
  std::vector<PendingRecord> pending = {};
  TimePoint createdAt;
  std::uint64_t order = 0;       ///< among the batches of the partition; a split batch leaves room for its parts
  std::uint64_t orderSpan = 1;
  std::uint64_t generation = 0;  ///< for flush()

  Buffer encoded = {};
  std::int32_t count = 0;  ///< of its records, from the moment that it is drained
  std::size_t size = 0;    ///< of `encoded`, or an estimate of it, from then on
  ProducerIdentity identity = {};
  std::int32_t baseSequence = record::kNoSequence;
  ProducerIdentity encodedIdentity = {};
  std::int32_t encodedSequence = record::kNoSequence;
  bool sequenceReset = false;  ///< an epoch bump has given it a new sequence
  bool onWire = false;         ///< drained, and not answered or lost yet
  bool maybeWritten = false;   ///< an earlier attempt of this sequence may have been stored
  bool closed = false;  ///< takes no more records
  bool builderAway = false;  ///< a thread that sends compresses its records; it brings the builder back to the queue
  Waits waits = {};          ///< it is full, and nobody has begun to compress it
  std::atomic<bool> done = false;  ///< written under the sender's lock, also read while a request is built
  std::int32_t attempts = 0;
  Error lastFailure = {};  ///< why it was sent again
  TimePoint retryAt = {};
  std::int32_t attemptedLeaderEpoch = -1;
  Uuid topicId = {};  ///< of the topic when it was last sent

  /// Of an open batch too; a drained one's builder belongs to whoever encodes it.
  [[nodiscard]] std::int32_t recordCount() const noexcept { return count != 0 ? count : builder.count(); }
  [[nodiscard]] bool hasSequence() const noexcept { return baseSequence != record::kNoSequence; }
  [[nodiscard]] bool inRetry() const noexcept { return attempts > 0; }
  [[nodiscard]] std::int32_t lastSequence() const noexcept { return record::incrementSequence(baseSequence, count - 1); }
};

/// A batch's result on its way to the callbacks, outside of every lock. Threading: one thread.
struct Completion {
  const PartitionQueue* queue = nullptr;
  std::vector<PendingRecord> pending = {};
  std::uint64_t generation = 0;
  Error error = {};
  std::int64_t baseOffset = -1;
  std::int64_t logAppendTime = record::kNoTimestamp;
  /// Errors of single records (KIP-467): index and message.
  std::vector<std::pair<std::int32_t, std::string>> recordErrors = {};

  /// Calls every callback; what a callback throws goes to the log of the caller as text (empty: none threw).
  [[nodiscard]] std::string run();
};

}  // namespace klamm::producer
