#pragma once
// A loop whose time passes only when a test says so.

#include <chrono>
#include <deque>
#include <map>
#include <utility>

#include "net/loop.h"

namespace klamm::test {

/// Runs posted tasks and due timers inside advance() and runPosted(), on the test's thread. Threading: one thread.
class VirtualLoop final : public net::Loop {
 public:
  void run() override { runPosted(); }
  void stop() override {}
  bool post(net::Task task) override {
    posted_.push_back(std::move(task));
    return true;
  }
  net::TimerId schedule(TimePoint when, net::Task task) override {
    const net::TimerId id = ++lastTimer_;
    timers_.emplace(std::pair(when, id), std::move(task));
    return id;
  }
  void cancel(net::TimerId timer) override {
    for (auto place = timers_.begin(); place != timers_.end(); ++place) {
      if (place->first.second != timer) continue;
      timers_.erase(place);
      return;
    }
  }
  [[nodiscard]] bool runsHere() const noexcept override { return true; }
  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }

  void runPosted() {
    while (!posted_.empty()) {
      net::Task task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }
  /// Lets time pass, timer by timer.
  void advance(Millis by) {
    const TimePoint until = clock_.time + by;
    runPosted();
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      clock_.moveTo(timers_.begin()->first.first);
      net::Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      runPosted();
    }
    clock_.moveTo(until);
  }
  [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }

 private:
  struct VirtualClock final : Clock {
    [[nodiscard]] TimePoint now() const noexcept override { return time; }
    [[nodiscard]] std::int64_t wallMillis() const noexcept override {
      return 1'700'000'000'000 + std::chrono::duration_cast<Millis>(time.time_since_epoch()).count();
    }
    void moveTo(TimePoint to) {
      if (to > time) time = to;
    }
    TimePoint time = {};
  };

  VirtualClock clock_;
  std::deque<net::Task> posted_;
  std::map<std::pair<TimePoint, net::TimerId>, net::Task> timers_;
  net::TimerId lastTimer_ = 0;
};

}  // namespace klamm::test
