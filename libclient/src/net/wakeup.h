#pragma once
// A wait that any thread and any signal handler can end.

#include <cstdint>

#include "base/clock.h"

namespace klamm::net {

/// One thread waits, others signal. A signal that comes while nobody waits is kept and ends the next wait at once;
/// several count as one.
///
/// Threading: signal() from any thread and from a signal handler; the rest by one thread at a time.
class Wakeup {
 public:
  /// Throws std::bad_alloc when the process has no descriptor left.
  explicit Wakeup(const Clock& clock = systemClock());
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  /// Async-signal-safe.
  void signal() noexcept;
  /// Until a signal or the deadline; true for a signal, which is used up.
  bool waitUntil(TimePoint deadline) noexcept;
  /// Uses a pending signal up without waiting; true if there was one.
  bool consume() noexcept;

 private:
  const Clock& clock_;
  int descriptor_;
};

}  // namespace klamm::net
