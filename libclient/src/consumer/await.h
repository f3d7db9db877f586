#pragma once
// How the application waits for what the engine does.

#include <memory>
#include <utility>

#include "consumer/core.h"

namespace klamm::consumer {

/// `start` is called with a completion (a std::function that takes Result<T>) and posts a task that calls it sooner or
/// later, on the I/O thread.
template <class T, class Start>
Result<T> Core::await(TimePoint deadline, Start start, bool interruptible) {
  auto awaited = std::make_shared<Awaited<T>>();
  std::uint64_t seen = 0;
  {
    const MutexLock lock(shared_->mutex);
    seen = shared_->changes;
  }
  start([shared = shared_.get(), awaited](Result<T> result) {
    const MutexLock lock(shared->mutex);
    awaited->result = std::move(result);
    shared->notify();
  });
  for (;;) {
    {
      const MutexLock lock(shared_->mutex);
      if (awaited->result) return std::move(*awaited->result);
    }
    const TimePoint now = clock_.now();
    if (now >= deadline) return klamm::fail(ErrorCode::RequestTimedOut, "the time is up");
    if (Error error = waitForChange(seen, deadline, interruptible)) return klamm::fail(std::move(error));
  }
}

}  // namespace klamm::consumer
