#pragma once
// A clock that moves when the test says so.

#include "base/clock.h"

namespace klamm::test {

/// Starts at one minute of monotonic time and at 2023-11-14 22:13:20 UTC. Threading: one thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  [[nodiscard]] std::int64_t wallMillis() const noexcept override { return wallMillis_; }
  void advance(Millis by) noexcept {
    now_ += by;
    wallMillis_ += by.count();
  }

 private:
  TimePoint now_{std::chrono::minutes(1)};
  std::int64_t wallMillis_ = 1'700'000'000'000;
};

}  // namespace klamm::test
