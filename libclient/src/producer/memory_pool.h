#pragma once
// The producer's buffer.memory: who may take how much, and batches' memory to use again.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "record/batch_builder.h"

namespace klamm::producer {

/// Counts bytes in use and makes senders wait, in the order of their coming, when all are. A waiting sender that needs
/// much is not overtaken by one that needs little.
///
///     buffer.memory = 100, in use 90:   A needs 30 -> waits;  B needs 5 -> waits behind A;  25 come back -> A, then B
///
/// What is counted is the life of a batch until it is answered AND the socket is done with its bytes, see Lease.
/// Threading: any thread.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  /// Bytes taken from a pool, given back when it dies. Threading: a value.
  class Lease {
   public:
    Lease() noexcept = default;
    Lease(std::shared_ptr<MemoryPool> pool, std::size_t bytes) noexcept : pool_(std::move(pool)), bytes_(bytes) {}
    Lease(Lease&& other) noexcept : pool_(std::move(other.pool_)), bytes_(std::exchange(other.bytes_, 0)) {}
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    /// Counts `bytes` from now on, without waiting for more: a batch that compresses well grows beyond what it was opened
    /// with, and shrinks when it is compressed.
    void resize(std::size_t bytes) noexcept;
    void release() noexcept;

   private:
    std::shared_ptr<MemoryPool> pool_;
    std::size_t bytes_ = 0;
  };

  MemoryPool(std::size_t capacity, std::size_t chunkSize) : capacity_(capacity), chunkSize_(chunkSize), available_(static_cast<std::int64_t>(capacity)) {}

  static constexpr TimePoint kNoWait = TimePoint::min();
  /// Waits until `bytes` are free; with kNoWait not at all. Fails with BufferExhausted at the deadline (at once if it lies in the past), with
  /// MessageTooLarge if that is more than the pool has, with Closed after close().
  [[nodiscard]] Result<Lease> take(std::size_t bytes, TimePoint deadline) KLAMM_EXCLUDES(mutex_);
  /// Memory of at least `bytes` for a batch; returns here by itself. What came back last is given out first.
  [[nodiscard]] record::BatchMemory memory(std::size_t bytes) KLAMM_EXCLUDES(mutex_);
  /// Ends all waits, present and future.
  void close() KLAMM_EXCLUDES(mutex_);

  [[nodiscard]] std::int64_t available() const KLAMM_EXCLUDES(mutex_);
  /// Bytes of chunks that are kept to be used again.
  [[nodiscard]] std::size_t unused() const KLAMM_EXCLUDES(mutex_);
  [[nodiscard]] std::size_t waiting() const KLAMM_EXCLUDES(mutex_);

 private:
  struct Waiter {
    std::int64_t bytes;
    bool granted = false;
    CondVar wake = {};
  };
  /// Memory that nobody uses at the moment.
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes = {};
    std::size_t capacity = 0;
  };
  void give(std::size_t bytes) noexcept KLAMM_EXCLUDES(mutex_);
  void recycle(std::byte* bytes, std::size_t capacity) noexcept KLAMM_EXCLUDES(mutex_);
  /// Frees the oldest unused chunks, until they and what is taken are no more than the pool has.
  void makeRoom() KLAMM_REQUIRES(mutex_);
  void grantInOrder() KLAMM_REQUIRES(mutex_);

  const std::size_t capacity_;
  const std::size_t chunkSize_;
  mutable Mutex mutex_;
  std::int64_t available_ KLAMM_GUARDED_BY(mutex_);
  bool closed_ KLAMM_GUARDED_BY(mutex_) = false;
  std::deque<Waiter*> waiters_ KLAMM_GUARDED_BY(mutex_);
  std::vector<Chunk> chunks_ KLAMM_GUARDED_BY(mutex_);
  std::size_t unused_ KLAMM_GUARDED_BY(mutex_) = 0;  ///< bytes of the chunks
};

}  // namespace klamm::producer
