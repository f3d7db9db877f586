#pragma once
// Keeps a loop at so many rounds a second.

#include <chrono>
#include <cstdint>
#include <thread>

namespace klamm::tools {

/// Each round has its moment, start + n / rate; who is late makes up for it, who is early sleeps. Threading: one thread.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// `perSecond` below 0: as fast as it goes; 0: never (Kafka's ThroughputThrottler has it so).
  Pace(double perSecond, Clock::time_point start) noexcept : perSecond_(perSecond), start_(start) {}

  [[nodiscard]] bool limited() const noexcept { return perSecond_ >= 0; }
  /// Waits for the moment of round `n`, counted from 0, in short sleeps between which `stop` may end the wait.
  template <class Stop>
  void await(std::uint64_t n, Stop stop) const {
    if (!limited()) return;
    for (;;) {
      const auto now = Clock::now();
      const auto due = perSecond_ == 0 ? now + kNap : start_ + std::chrono::duration_cast<Clock::duration>(
                                                                  std::chrono::duration<double>(static_cast<double>(n) / perSecond_));
      if (due <= now || stop()) return;
      std::this_thread::sleep_for(std::min<Clock::duration>(due - now, kNap));
    }
  }

 private:
  static constexpr std::chrono::milliseconds kNap{100};
  double perSecond_;
  Clock::time_point start_;
};

}  // namespace klamm::tools
