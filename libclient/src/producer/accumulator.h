#pragma once
// Where records wait: an open batch per partition, encoded as they come.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/result.h"
#include "producer/memory_pool.h"
#include "producer/outstanding.h"
#include "producer/settings.h"
#include "producer/topic.h"

namespace klamm::producer {

/// The application's half of the producer. append() takes the lock of one partition, writes the record into the open
/// batch and returns; only when a new batch is needed it takes memory from the pool, which may wait.
///
///     threads --append--> queue of a partition: [full][full][open]        sender takes from the left
///                           \-- new queues with something in them --> inbox --> sender
///
/// Threading: any thread.
class Accumulator {
 public:
  Accumulator(const ProducerSettings& settings, const Clock& clock, Random& random);

  struct Appended {
    bool newBatch = false;       ///< a batch was opened
    bool readyNow = false;       ///< something may leave without lingering
    PartitionQueue* queue = nullptr;
  };
  /// `partition` -1: the topic's sticky partition. On success the callback is taken; on an error it stays with the caller.
  /// Waits for memory until `deadline`; one of kNotSetOut is set to max.block.ms from the moment that a wait begins. Errors: BufferExhausted, MessageTooLarge, Closed,
  /// UnknownTopicOrPartition when the topic was made anew with fewer partitions meanwhile.
  [[nodiscard]] Result<Appended> append(Topic& topic, std::int32_t partition, const detail::BytesRecord& record,
                                        SendCallback& callback, TimePoint& deadline);
  static constexpr TimePoint kNotSetOut = TimePoint::min();
  /// The same for the most usual case, that an open batch has room: nothing is done, and the queue is null, in every other one.
  [[nodiscard]] Appended appendToOpen(Topic& topic, std::int32_t partition, const detail::BytesRecord& record, SendCallback& callback);

  /// Compresses the batch of the queue that was filled last, if more full ones wait than the I/O thread keeps up with. True: it
  /// may leave now.
  bool compressFilled(PartitionQueue& queue);
  /// Compresses what a builder holds, which goes to memory of the pool. Any thread, one at a time for a builder.
  [[nodiscard]] Status compress(record::BatchBuilder& builder);

  /// Queues that had nothing in them when the sender last looked.
  void takeInbox(std::vector<PartitionQueue*>& into) KLAMM_EXCLUDES(inboxMutex_);

  /// Called, without locks, when a sender begins to wait for memory: what is there must leave now. Set before use.
  void onExhausted(std::function<void()> hook) { onExhausted_ = std::move(hook); }

  /// Nothing lingers while somebody flushes, closes or waits for memory.
  [[nodiscard]] bool sendsAtOnce() const noexcept { return hurrying_.load(std::memory_order_acquire) > 0; }
  void beginHurry() noexcept { hurrying_.fetch_add(1, std::memory_order_acq_rel); }
  void endHurry() noexcept { hurrying_.fetch_sub(1, std::memory_order_acq_rel); }

  /// From now on append() fails with Closed, waiting ones too; nothing is added to any queue after this has returned and
  /// the queue's lock has been taken once.
  void close();
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  [[nodiscard]] TopicTable& topics() noexcept { return topics_; }
  [[nodiscard]] Outstanding& outstanding() noexcept { return outstanding_; }
  [[nodiscard]] MemoryPool& pool() const noexcept { return *pool_; }
  [[nodiscard]] const ProducerSettings& settings() const noexcept { return settings_; }
  /// Makes the queue known to the sender; the caller holds its lock and has seen listed == false.
  void list(PartitionQueue& queue) KLAMM_REQUIRES(queue.mutex) KLAMM_EXCLUDES(inboxMutex_);

 private:
  struct Size {
    std::int64_t timestamp;
    std::size_t record;
  };
  /// The batch that it was added to; null if no open one has room.
  [[nodiscard]] Batch* tryAppend(PartitionQueue& queue, const detail::BytesRecord& record, const Size& size, SendCallback& callback)
      KLAMM_REQUIRES(queue.mutex);
  /// Gives an open batch more memory; false if it has all that one may have, or the pool has none.
  [[nodiscard]] bool enlarge(Batch& batch, std::size_t recordSize);
  void pushBatch(PartitionQueue& queue, std::unique_ptr<Batch> batch) KLAMM_REQUIRES(queue.mutex);
  [[nodiscard]] Appended appended(PartitionQueue& queue, const Batch& batch, bool sticky, std::size_t bytes, bool newBatch)
      KLAMM_REQUIRES(queue.mutex);
  void noteSticky(Topic& topic, PartitionQueue& queue, std::size_t bytes, bool batchEnds) KLAMM_REQUIRES(queue.mutex);
  [[nodiscard]] Result<std::unique_ptr<Batch>> openBatch(PartitionQueue& queue, std::size_t recordSize, TimePoint& deadline);
  /// Null: there is no such partition any more.
  [[nodiscard]] PartitionQueue* choose(Topic& topic, const PartitionTable& table, std::int32_t partition);

  const ProducerSettings& settings_;
  const Clock& clock_;
  Random& random_;
  const bool isCompressing_;
  std::atomic<int> waiting_ = 0;  ///< full batches that nobody has begun to compress
  TopicTable topics_;
  Outstanding outstanding_;
  std::shared_ptr<MemoryPool> pool_;
  std::function<void()> onExhausted_;
  std::atomic<int> hurrying_ = 0;
  std::atomic<bool> closed_ = false;
  Mutex inboxMutex_;
  std::vector<PartitionQueue*> inbox_ KLAMM_GUARDED_BY(inboxMutex_);
};

}  // namespace klamm::producer
