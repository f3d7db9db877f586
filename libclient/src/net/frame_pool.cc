#include "net/frame_pool.h"

#include <utility>

namespace klamm::net {

FramePool::Block FramePool::take(std::size_t bytes) {
  MutexLock lock(mutex_);
  if (blocks_.empty()) return {};
  // From the back: what came last is the warmest.
  std::size_t best = blocks_.size() - 1;
  for (std::size_t i = best; i-- > 0;) {
    const std::size_t capacity = blocks_[i].capacity;
    const bool bestFits = blocks_[best].capacity >= bytes;
    if (bestFits ? capacity >= bytes && capacity < blocks_[best].capacity : capacity > blocks_[best].capacity) best = i;
  }
  std::swap(blocks_[best], blocks_.back());
  Block block = std::move(blocks_.back());
  blocks_.pop_back();
  bytes_ -= block.capacity;
  return block;
}

void FramePool::giveBack(Block block) noexcept {
  MutexLock lock(mutex_);
  if (blocks_.size() == kMostBlocks || bytes_ + block.capacity > kMostBytes) return;
  if (blocks_.capacity() == 0) blocks_.reserve(kMostBlocks);
  bytes_ += block.capacity;
  blocks_.push_back(std::move(block));
}

Buffer FramePool::frame(Block block, std::size_t length) {
  const BytesView bytes{block.bytes.get(), length};
  const auto giveBack = [pool = shared_from_this(), capacity = block.capacity](std::byte* memory) noexcept {
    pool->giveBack({std::unique_ptr<std::byte, Free>(memory), capacity});
  };
  return {std::shared_ptr<const void>(block.bytes.release(), giveBack), bytes};
}

}  // namespace klamm::net
