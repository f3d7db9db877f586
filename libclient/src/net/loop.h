#pragma once
// One thread's event loop: posted tasks and timers. Sockets attach to it through net/transport.h.

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/inline_function.h"

namespace klamm::net {

/// What a loop runs: at most 64 bytes of captures, never allocates.
using Task = InlineFunction<void(), 64>;

/// Names a timer; 0 names none. Never used twice.
using TimerId = std::uint64_t;

/// Runs tasks, timers and socket events one after another on the thread that called run().
///
/// Threading: post(), stop(), now() and runsHere() from any thread; everything else on the loop's thread, or before
/// run(). Tasks that were posted by one thread run in their order.
class Loop {
 public:
  virtual ~Loop() = default;

  /// The calling thread becomes the loop's thread until stop(). Tasks still queued then are destroyed with the loop.
  virtual void run() = 0;
  virtual void stop() = 0;
  /// Queues a task. However many are posted before the loop looks, it is woken once. True unless the loop has stopped
  /// (the task is then destroyed without having run).
  virtual bool post(Task task) = 0;
  /// Runs the task once, at `when` or as soon after as the loop gets to it; in order of time, then of scheduling.
  virtual TimerId schedule(TimePoint when, Task task) = 0;
  /// After this the timer's task will not run; an unknown or past id is ignored.
  virtual void cancel(TimerId timer) = 0;
  [[nodiscard]] virtual bool runsHere() const noexcept = 0;
  [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
  [[nodiscard]] TimePoint now() const noexcept { return clock().now(); }
};

}  // namespace klamm::net
