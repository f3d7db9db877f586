#include "base/clock.h"

#include <cstddef>
#include <ctime>
#include <new>

namespace klamm {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
  std::int64_t wallMillis() const noexcept override {
    return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  std::int64_t coarseWallMillis() const noexcept override {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
  }
};

}  // namespace

const Clock& systemClock() noexcept {
  // Never destroyed: threads that a program keeps until its exit may still ask while other statics go. Nor allocated: this
  // cannot fail.
  alignas(SystemClock) static std::byte room[sizeof(SystemClock)];
  static const SystemClock& clock = *::new (static_cast<void*>(room)) SystemClock;
  return clock;
}

}  // namespace klamm
