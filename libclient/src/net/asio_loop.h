#pragma once
// The loop on Asio, for the other files of this folder.

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "net/frame_pool.h"
#include "net/loop.h"

namespace asio {
class io_context;
}

namespace klamm::net {

/// Threading: see Loop.
class AsioLoop final : public Loop {
 public:
  explicit AsioLoop(const Clock& clock);
  ~AsioLoop() override;

  void run() override;
  void stop() override;
  bool post(Task task) override;
  TimerId schedule(TimePoint when, Task task) override;
  void cancel(TimerId timer) override;
  [[nodiscard]] bool runsHere() const noexcept override;
  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }

  [[nodiscard]] asio::io_context& context() noexcept;
  /// Of all its connections.
  [[nodiscard]] const std::shared_ptr<FramePool>& framePool() const noexcept { return framePool_; }

 private:
  struct Reactor;

  void runPosted();
  void runTimers();
  void armTimer();

  const Clock& clock_;
  std::unique_ptr<Reactor> reactor_;
  const std::shared_ptr<FramePool> framePool_ = std::make_shared<FramePool>();
  std::atomic<std::thread::id> runner_ = {};

  Mutex mutex_;
  std::vector<Task> posted_ KLAMM_GUARDED_BY(mutex_);
  bool wakePending_ KLAMM_GUARDED_BY(mutex_) = false;
  bool stopped_ KLAMM_GUARDED_BY(mutex_) = false;

  // Loop thread only.
  std::vector<Task> running_;  ///< keeps its memory between turns
  std::map<std::pair<TimePoint, TimerId>, Task> timers_;
  std::map<TimerId, TimePoint> timesById_;
  TimerId lastTimer_ = 0;
  TimePoint armedFor_ = TimePoint::max();
};

}  // namespace klamm::net
