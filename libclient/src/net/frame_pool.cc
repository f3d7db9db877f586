#include "net/frame_pool.h"

#include <utility>

// Whoever looks at a record after its ConsumerRecords are gone must be told so, though the memory is not freed.
#if defined(__SANITIZE_ADDRESS__)
#define KLAMM_FRAME_POOL_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KLAMM_FRAME_POOL_POISONS 1
#endif
#endif
#ifdef KLAMM_FRAME_POOL_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#endif

namespace klamm::net {

FramePool::~FramePool() {
  const MutexLock lock(mutex_);
  for (const Block& block : blocks_) ASAN_UNPOISON_MEMORY_REGION(block.bytes.get(), block.capacity);
}

FramePool::Block FramePool::take(std::size_t bytes) {
  const MutexLock lock(mutex_);
  std::size_t best = blocks_.size();
  for (std::size_t i = blocks_.size(); i-- > 0;) {  // from the back: what came last is the warmest
    const std::size_t capacity = blocks_[i].capacity;
    if (capacity / kMostWaste > bytes || lent_ + capacity > kMostLent) continue;
    const std::size_t known = best == blocks_.size() ? 0 : blocks_[best].capacity;
    if (known >= bytes ? capacity >= bytes && capacity < known : capacity > known) best = i;
  }
  if (best == blocks_.size()) return {};
  std::swap(blocks_[best], blocks_.back());
  Block block = std::move(blocks_.back());
  blocks_.pop_back();
  bytes_ -= block.capacity;
  block.lent = block.capacity;
  lent_ += block.lent;
  ASAN_UNPOISON_MEMORY_REGION(block.bytes.get(), block.capacity);
  return block;
}

void FramePool::giveBack(Block block) noexcept {
  const MutexLock lock(mutex_);
  lent_ -= std::exchange(block.lent, 0);
  if (block.capacity == 0 || blocks_.size() == kMostBlocks || bytes_ + block.capacity > kMostBytes) return;
  ASAN_POISON_MEMORY_REGION(block.bytes.get(), block.capacity);
  bytes_ += block.capacity;
  blocks_.push_back(std::move(block));
}

Buffer FramePool::frame(Block block, std::size_t length) {
  const BytesView bytes{block.bytes.get(), length};
  const auto giveBack = [pool = shared_from_this(), capacity = block.capacity, lent = block.lent](std::byte* memory) noexcept {
    pool->giveBack({std::unique_ptr<std::byte, Free>(memory), capacity, lent});
  };
  return {std::shared_ptr<const void>(block.bytes.release(), giveBack), bytes};
}

}  // namespace klamm::net
