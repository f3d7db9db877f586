#pragma once
// The seam to time. Cores take the time as an argument; only drivers hold a Clock.

#include <chrono>
#include <cstdint>

#include <klamm/bytes.h>

namespace klamm {

/// Monotonic time since some start: for time-outs, back-off and linger. Nanosecond ticks, comparable within a process.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Threading: any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;
  /// Milliseconds since 1970, as record timestamps carry them.
  [[nodiscard]] virtual std::int64_t wallMillis() const noexcept = 0;
  /// The same at a quarter of the cost, up to some milliseconds late.
  [[nodiscard]] virtual std::int64_t coarseWallMillis() const noexcept { return wallMillis(); }
};

/// The machine's clocks.
[[nodiscard]] const Clock& systemClock() noexcept;

}  // namespace klamm
