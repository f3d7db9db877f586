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
/// Threading: any thread.
class FramePool : public std::enable_shared_from_this<FramePool> {
 public:
  /// What is kept at most.
  static constexpr std::size_t kMostBytes = std::size_t{8} * 1024 * 1024;
  static constexpr std::size_t kMostBlocks = 16;

  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  /// Threading: a value.
  struct Block {
    std::unique_ptr<std::byte, Free> bytes = {};  ///< from malloc, so that growing need not copy
    std::size_t capacity = 0;
  };

  /// The smallest block that has room for `bytes`, else the largest, else an empty one.
  [[nodiscard]] Block take(std::size_t bytes);
  void giveBack(Block block) noexcept;
  /// A frame over the front of a block, which comes back when the last slice of it goes.
  [[nodiscard]] Buffer frame(Block block, std::size_t length);

 private:
  Mutex mutex_;
  std::vector<Block> blocks_ KLAMM_GUARDED_BY(mutex_);
  std::size_t bytes_ KLAMM_GUARDED_BY(mutex_) = 0;
};

}  // namespace klamm::net
