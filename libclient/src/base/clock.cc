#include "base/clock.h"

namespace klamm {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
  std::int64_t wallMillis() const noexcept override {
    return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
};

}  // namespace

const Clock& systemClock() noexcept {
  static const SystemClock clock;
  return clock;
}

}  // namespace klamm
