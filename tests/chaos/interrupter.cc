#include "chaos/interrupter.h"

#include <utility>

namespace klamm::chaos {

Interrupter::Interrupter(const CallCase& one, CallWorld& world, std::function<void()> interrupt)
    : thread_([one, &world, interrupt = std::move(interrupt)] {
        const TimePoint start = systemClock().now();
        const auto change = [&] {
          std::this_thread::sleep_until(start + one.weatherAfter);
          world.setWeather(one.weather, true);
        };
        const bool changes = one.weather >= Weather::GoesDown;
        const bool changesFirst = one.weatherAfter <= one.interruptAfter;
        if (changes && changesFirst) change();
        if (one.interrupted) {
          std::this_thread::sleep_until(start + one.interruptAfter);
          interrupt();
        }
        if (changes && !changesFirst) change();
      }) {}

}  // namespace klamm::chaos
