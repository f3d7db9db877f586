#include "producer/memory_pool.h"

#include <algorithm>
#include <iterator>

namespace klamm::producer {
namespace {

/// Waiting senders are woken when so much is free, or a sixteenth of the pool: each wake costs both threads more time than
/// filling a small batch does.
constexpr std::size_t kWorthWaking = std::size_t{512} * 1024;
/// Then they look by themselves: whatever is free is used, though no more may come back.
constexpr Duration kLookAgain = Millis(5);
/// Among so many unused chunks, the last ones, one of the right size is looked for: without batches they are many and small.
constexpr std::ptrdiff_t kLookedAt = 64;

}  // namespace

MemoryPool::Lease& MemoryPool::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::move(other.pool_);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void MemoryPool::Lease::resize(std::size_t bytes) noexcept {
  if (pool_ == nullptr || bytes == bytes_) return;
  const MutexLock lock(pool_->mutex_);
  pool_->available_ += static_cast<std::int64_t>(bytes_) - static_cast<std::int64_t>(bytes);
  bytes_ = bytes;
  pool_->grantInOrder();
}

void MemoryPool::Lease::release() noexcept {
  if (pool_ != nullptr && bytes_ != 0) pool_->give(bytes_);
  pool_.reset();
  bytes_ = 0;
}

Result<MemoryPool::Lease> MemoryPool::take(std::size_t bytes, TimePoint deadline) {
  if (bytes > capacity_) {
    return fail(ErrorCode::MessageTooLarge, "a record needs " + std::to_string(bytes) + " bytes, more than buffer.memory (" +
                                                std::to_string(capacity_) + ")");
  }
  Waiter self{static_cast<std::int64_t>(bytes)};
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::Closed, "the producer was closed");
  if (waiters_.empty() && available_ >= self.bytes) {
    available_ -= self.bytes;
    return Lease(shared_from_this(), bytes);
  }
  if (deadline == kNoWait) return fail(ErrorCode::BufferExhausted, "buffer.memory is used up");
  waiters_.push_back(&self);
  const auto ended = [&]() KLAMM_REQUIRES(mutex_) { return self.granted || closed_; };
  for (TimePoint now = systemClock().now(); !ended() && now < deadline; now = systemClock().now()) {
    if (!self.wake.waitUntil(mutex_, std::min(deadline, now + kLookAgain), ended)) grantInOrder();
  }
  if (!ended()) grantInOrder();  // who cannot wait: those in front may stand there only because they were not woken yet
  if (self.granted) return Lease(shared_from_this(), bytes);
  waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &self));
  grantInOrder();  // who stood behind may need less
  if (closed_) return fail(ErrorCode::Closed, "the producer was closed while send() waited for memory");
  return fail(ErrorCode::BufferExhausted, std::to_string(bytes) + " bytes for a batch did not become free in time");
}

record::BatchMemory MemoryPool::memory(std::size_t bytes) {
  bytes = std::max(bytes, chunkSize_);
  Chunk chunk;
  {
    const MutexLock lock(mutex_);
    const auto fits = [bytes](const Chunk& one) { return one.capacity >= bytes && one.capacity / 2 < bytes; };
    const auto end = std::next(chunks_.rbegin(), std::min(std::ssize(chunks_), kLookedAt));
    const auto last = std::find_if(chunks_.rbegin(), end, fits);
    if (last != end) {
      chunk = std::move(*last);
      chunks_.erase(std::next(last).base());
      unused_ -= chunk.capacity;
    } else {
      makeRoom();
    }
  }
  if (chunk.bytes == nullptr) chunk = {std::unique_ptr<std::byte[]>(new std::byte[bytes]), bytes};
  auto giveBack = [pool = shared_from_this(), capacity = chunk.capacity](std::byte* used) noexcept { pool->recycle(used, capacity); };
  return {std::shared_ptr<std::byte>(chunk.bytes.release(), std::move(giveBack)), chunk.capacity};
}

void MemoryPool::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  for (Waiter* waiter : waiters_) waiter->wake.notifyAll();
}

std::int64_t MemoryPool::available() const {
  const MutexLock lock(mutex_);
  return available_;
}

std::size_t MemoryPool::unused() const {
  const MutexLock lock(mutex_);
  return unused_;
}

std::size_t MemoryPool::waiting() const {
  const MutexLock lock(mutex_);
  return waiters_.size();
}

void MemoryPool::give(std::size_t bytes) noexcept {
  const MutexLock lock(mutex_);
  available_ += static_cast<std::int64_t>(bytes);
  if (available_ >= static_cast<std::int64_t>(std::min(kWorthWaking, capacity_ / 16))) grantInOrder();
}

void MemoryPool::recycle(std::byte* bytes, std::size_t capacity) noexcept {
  Chunk chunk{std::unique_ptr<std::byte[]>(bytes), capacity};
  const MutexLock lock(mutex_);
  // What is used and what waits to be used again are no more than buffer.memory together.
  if (closed_ || static_cast<std::int64_t>(unused_ + capacity) > available_) return;
  try {
    chunks_.push_back(std::move(chunk));
    unused_ += capacity;
  } catch (const std::bad_alloc&) {  // then it is freed
  }
}

void MemoryPool::makeRoom() {
  auto kept = chunks_.begin();
  while (kept != chunks_.end() && static_cast<std::int64_t>(unused_) > available_) unused_ -= (kept++)->capacity;
  chunks_.erase(chunks_.begin(), kept);
}

void MemoryPool::grantInOrder() {
  while (!waiters_.empty() && !closed_ && waiters_.front()->bytes <= available_) {
    Waiter* first = waiters_.front();
    waiters_.pop_front();
    available_ -= first->bytes;
    first->granted = true;
    first->wake.notifyAll();
  }
}

}  // namespace klamm::producer
