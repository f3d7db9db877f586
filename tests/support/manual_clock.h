#pragma once
// A clock that moves when the test says so.

#include "base/clock.h"

namespace klamm::test {

/// Starts at one minute of monotonic time and at 2023-11-14 22:13:20 UTC. Threading: one thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  [[nodiscard]] std::int64_t wallMillis() const noexcept override {
    return 1'700'000'000'000 + std::chrono::duration_cast<Millis>(now_ - kStart).count();
  }
  void advance(Duration by) noexcept { now_ += by; }

 private:
  static constexpr TimePoint kStart{std::chrono::minutes(1)};
  TimePoint now_ = kStart;
};

}  // namespace klamm::test
