#include "net/asio_loop.h"

#include <csignal>
#include <ctime>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace klamm::net {

namespace {

/// sendfile() to a closed socket raises SIGPIPE in the thread that calls it and knows no flag against it. A library
/// must not change what the process does with signals, so the loop's thread holds this one back and throws it away.
class WithoutSigpipe {
 public:
  WithoutSigpipe() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    constexpr timespec kNoWait = {};
    while (sigtimedwait(&pipe_, nullptr, &kNoWait) == SIGPIPE) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

}  // namespace

struct AsioLoop::Reactor {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer timer{context};
};

std::unique_ptr<Loop> makeLoop(const Clock& clock) { return std::make_unique<AsioLoop>(clock); }

AsioLoop::AsioLoop(const Clock& clock) : clock_(clock), reactor_(std::make_unique<Reactor>()) {}

AsioLoop::~AsioLoop() = default;

asio::io_context& AsioLoop::context() noexcept { return reactor_->context; }

void AsioLoop::run() {
  const WithoutSigpipe held;
  runner_.store(std::this_thread::get_id());
  reactor_->context.run();
  runPosted();  // what was accepted while the loop stopped: whoever posted it counts on it
  runner_.store(std::thread::id());
}

void AsioLoop::stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  reactor_->context.stop();
}

bool AsioLoop::runsHere() const noexcept { return runner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

bool AsioLoop::post(Task task) {
  {
    MutexLock lock(mutex_);
    if (stopped_) return false;
    posted_.push_back(std::move(task));
    if (wakePending_) return true;
    wakePending_ = true;
  }
  asio::post(reactor_->context, [this] { runPosted(); });
  return true;
}

void AsioLoop::runPosted() {
  {
    MutexLock lock(mutex_);
    wakePending_ = false;
    running_.swap(posted_);
  }
  // By index and to the end: a task may post (that goes to posted_), and may be destroyed only after it has run.
  for (std::size_t i = 0; i < running_.size(); ++i) running_[i]();
  running_.clear();
}

TimerId AsioLoop::schedule(TimePoint when, Task task) {
  const TimerId id = ++lastTimer_;
  timers_.emplace(std::pair(when, id), std::move(task));
  timesById_.emplace(id, when);
  if (when < armedFor_) armTimer();
  return id;
}

void AsioLoop::cancel(TimerId timer) {
  const auto at = timesById_.find(timer);
  if (at == timesById_.end()) return;
  timers_.erase({at->second, timer});
  timesById_.erase(at);  // the reactor's timer may fire for nothing: cheaper than setting it anew
}

void AsioLoop::armTimer() {
  armedFor_ = timers_.begin()->first.first;
  reactor_->timer.expires_at(armedFor_);
  reactor_->timer.async_wait([this](const asio::error_code& error) {
    if (!error) runTimers();  // an error means: set anew
  });
}

void AsioLoop::runTimers() {
  armedFor_ = TimePoint::max();
  const TimePoint now = clock_.now();
  // One at a time: a task may cancel or schedule others. Those scheduled meanwhile for the past have later ids; they
  // wait for the next round, so that a timer that renews itself cannot hold the loop.
  const TimerId last = lastTimer_;
  for (auto at = timers_.begin(); at != timers_.end() && at->first.first <= now;) {
    if (at->first.second > last) {
      ++at;
      continue;
    }
    Task task = std::move(at->second);
    timesById_.erase(at->first.second);
    timers_.erase(at);
    task();
    at = timers_.begin();
  }
  if (!timers_.empty() && timers_.begin()->first.first < armedFor_) armTimer();
}

}  // namespace klamm::net
