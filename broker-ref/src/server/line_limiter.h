#pragma once
// Keeps log lines that a remote party can cause from filling the disk.

#include <cstdint>

#include "base/clock.h"

namespace klamm::broker::server {

/// Lets `burst` lines pass per second; counts the rest, so that the next line that passes can say how many were left out.
/// Threading: one thread.
class LineLimiter {
 public:
  explicit LineLimiter(std::uint32_t burst) noexcept : burst_(burst) {}

  /// True when a line may be written now.
  [[nodiscard]] bool allows(TimePoint now) noexcept {
    if (now - windowStart_ >= std::chrono::seconds(1)) {
      windowStart_ = now;
      written_ = 0;
    }
    if (written_ >= burst_) {
      ++leftOut_;
      return false;
    }
    ++written_;
    return true;
  }
  /// Lines that were not written since this was last asked.
  [[nodiscard]] std::uint64_t takeLeftOut() noexcept {
    const std::uint64_t count = leftOut_;
    leftOut_ = 0;
    return count;
  }

 private:
  std::uint32_t burst_;
  std::uint32_t written_ = 0;
  std::uint64_t leftOut_ = 0;
  TimePoint windowStart_{};
};

}  // namespace klamm::broker::server
