#pragma once
// How many bytes this process holds from operator new. Whoever links live_memory.cc has the counting operators.

#include <cstddef>

namespace klamm::hostile {

/// Bytes allocated and not freed, as the allocator rounds them. Threading: any thread.
[[nodiscard]] std::size_t liveBytes() noexcept;
/// The most that liveBytes() has been since the last resetPeak().
[[nodiscard]] std::size_t peakBytes() noexcept;
void resetPeak() noexcept;

/// The growth of liveBytes() at its highest while this object lives. Threading: one at a time in a process.
class MemoryWatch {
 public:
  MemoryWatch() noexcept : before_(liveBytes()) { resetPeak(); }
  [[nodiscard]] std::size_t grown() const noexcept {
    const std::size_t peak = peakBytes();
    return peak > before_ ? peak - before_ : 0;
  }

 private:
  std::size_t before_;
};

}  // namespace klamm::hostile
