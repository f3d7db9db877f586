#pragma once
// Memory of large frames, used again while it is still warm.

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/mutex.h"

namespace klamm::net {

/// A megabyte that was just read is in the cache and has its pages; a new one has neither, and a fault for each of its 256
/// pages costs more than to read it. So a large frame gives its memory back when the last slice of it goes, and the next
/// large frame of any connection of the same loop takes it.
///
/// A block is lent when four bytes of a frame have come, so what is lent is bounded too: whoever sends lengths and nothing
/// else holds no more than that. A client keeps up to kMostBytes for as long as it lives.
///
/// Threading: any thread.
class FramePool : public std::enable_shared_from_this<FramePool> {
 public:
  /// What is kept at most.
  static constexpr std::size_t kMostBytes = std::size_t{8} * 1024 * 1024;
  static constexpr std::size_t kMostBlocks = 16;
  /// What is lent at most at any time.
  static constexpr std::size_t kMostLent = 2 * kMostBytes;
  /// A frame gets no block that is larger than this many times the frame, since a slice that is kept holds all of it.
  static constexpr std::size_t kMostWaste = 4;

  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  /// Threading: a value.
  struct Block {
    std::unique_ptr<std::byte, Free> bytes = {};  ///< from malloc, so that growing need not copy
    std::size_t capacity = 0;
    std::size_t lent = 0;  ///< what the pool has counted for it
  };

  FramePool() { blocks_.reserve(kMostBlocks); }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool();

  /// The smallest block that has room for `bytes`, else the largest that has not; an empty one when none fits or enough is
  /// lent. Whoever has taken one gives it back, whatever became of it.
  [[nodiscard]] Block take(std::size_t bytes);
  void giveBack(Block block) noexcept;
  /// A frame over the front of a block, which comes back when the last slice of it goes.
  [[nodiscard]] Buffer frame(Block block, std::size_t length);

 private:
  Mutex mutex_;
  std::vector<Block> blocks_ KLAMM_GUARDED_BY(mutex_);
  std::size_t bytes_ KLAMM_GUARDED_BY(mutex_) = 0;  ///< of blocks_
  std::size_t lent_ KLAMM_GUARDED_BY(mutex_) = 0;
};

}  // namespace klamm::net
