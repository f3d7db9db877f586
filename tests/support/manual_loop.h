#pragma once
// A loop whose time stands still until the test moves it.

#include <deque>
#include <map>
#include <utility>

#include "net/loop.h"
#include "support/manual_clock.h"

namespace klamm::testing {

/// Runs what was posted when the test says so, and timers as the test moves the time:
///
///     loop.runPosted();            // until nothing is posted any more
///     loop.advance(Millis(50));    // every timer up to there, in order, each at its time, and what they post
///
/// Threading: the test's thread.
class ManualLoop final : public net::Loop {
 public:
  void run() override { runPosted(); }
  void stop() override { stopped_ = true; }
  bool post(net::Task task) override {
    if (stopped_) return false;
    posted_.push_back(std::move(task));
    return true;
  }
  net::TimerId schedule(TimePoint when, net::Task task) override {
    timers_.emplace(std::pair(when, ++lastTimer_), std::move(task));
    return lastTimer_;
  }
  void cancel(net::TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& one) { return one.first.second == timer; });
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
  void advance(Duration by) {
    const TimePoint end = clock_.now() + by;
    runPosted();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      moveTo(timers_.begin()->first.first);
      net::Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      runPosted();
    }
    moveTo(end);
  }
  [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }

 private:
  /// The clock has milliseconds: up to the next one, as a timer of the system would.
  void moveTo(TimePoint when) {
    if (when > clock_.now()) clock_.advance(std::chrono::ceil<Millis>(when - clock_.now()));
  }

  test::ManualClock clock_;
  std::deque<net::Task> posted_;
  std::map<std::pair<TimePoint, net::TimerId>, net::Task> timers_;
  net::TimerId lastTimer_ = 0;
  bool stopped_ = false;
};

}  // namespace klamm::testing
