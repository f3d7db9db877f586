#pragma once
// The accepting side of a transport without sockets: a test plays the client, and time passes when it says so.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/transport.h"
#include "support/manual_clock.h"

namespace klamm::test {

/// Runs tasks when told. Threading: one thread.
class TaskLoop final : public net::Loop {
 public:
  void run() override { runAll(); }
  void stop() override { stopped_ = true; }
  bool post(net::Task task) override {
    tasks_.push_back(std::move(task));
    return true;
  }
  net::TimerId schedule(TimePoint when, net::Task task) override {
    timers_.emplace(std::pair{when, ++lastTimer_}, std::move(task));
    return lastTimer_;
  }
  void cancel(net::TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }
  bool runsHere() const noexcept override { return true; }
  const Clock& clock() const noexcept override { return clock_; }

  void runAll() {
    while (!tasks_.empty()) {
      net::Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }
  void advance(Duration by) {
    clock_.advance(by);
    while (!timers_.empty() && timers_.begin()->first.first <= clock_.now()) {
      net::Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
    runAll();
  }
  [[nodiscard]] std::size_t timerCount() const noexcept { return timers_.size(); }
  bool stopped_ = false;

 private:
  ManualClock clock_;
  std::deque<net::Task> tasks_;
  std::map<std::pair<TimePoint, net::TimerId>, net::Task> timers_;
  net::TimerId lastTimer_ = 0;
};

/// The broker's end of a connection: what it sent, whether it reads, how it was closed. Threading: one thread.
class AcceptedConnection final : public net::Connection, public std::enable_shared_from_this<AcceptedConnection> {
 public:
  AcceptedConnection(TaskLoop& loop, std::string ip) : loop_(loop), remote_{std::move(ip), 50000}, lastActive_(loop.now()) {}

  Status send(Parts frame) override {
    if (closed_) return fail(ErrorCode::NetworkException, "closed");
    sent_.push_back(std::move(frame));
    return {};
  }
  void close(Error reason) override {
    if (closed_) return;
    closed_ = true;
    reason_ = std::move(reason);
    (void)loop_.post([this, self = shared_from_this()] {  // the loop keeps it until onClosed
      if (auto handler = std::move(handler_)) handler->onClosed(*this, reason_);
    });
  }
  void closeWhenSent(Error reason, TimePoint) override { close(std::move(reason)); }
  void pauseReading() override { paused_ = true; }
  void resumeReading() override {
    paused_ = false;
    (void)loop_.post([this, self = shared_from_this()] { deliver(); });
  }
  void setMaxFrame(std::size_t bytes) override { maxFrame_ = bytes; }
  std::size_t queuedBytes() const override { return 0; }
  bool isClosed() const override { return closed_; }
  TimePoint lastActive() const override { return lastActive_; }
  const net::Endpoint& remote() const override { return remote_; }
  const net::Endpoint& local() const override { return local_; }

  /// The client sends a frame (without its length).
  void receive(Buffer frame) {
    lastActive_ = loop_.now();
    inbox_.push_back(std::move(frame));
    deliver();
  }
  void deliver() {
    while (!paused_ && !closed_ && !inbox_.empty()) {
      Buffer frame = std::move(inbox_.front());
      inbox_.pop_front();
      handler_->onFrame(*this, std::move(frame));
    }
  }

  TaskLoop& loop_;
  std::shared_ptr<net::ConnectionHandler> handler_;
  std::deque<Buffer> inbox_;
  std::vector<Parts> sent_;
  bool paused_ = false;
  bool closed_ = false;
  Error reason_;
  std::size_t maxFrame_ = 0;
  net::Endpoint remote_;
  net::Endpoint local_{"127.0.0.1", 9092};
  TimePoint lastActive_;
};

/// Threading: one thread.
class AcceptingTransport final : public net::Transport {
 public:
  explicit AcceptingTransport(TaskLoop& loop) : loop_(loop) {}
  net::Loop& loop() override { return loop_; }
  std::shared_ptr<net::Connection> connect(const net::Endpoint&, const net::ConnectionOptions&, TimePoint,
                                           std::shared_ptr<net::ConnectionHandler>) override {
    return nullptr;
  }
  Result<std::unique_ptr<net::Listener>> listen(const net::Endpoint& at, const net::ListenOptions&, net::AcceptHandler accept) override {
    if (taken_.contains(at.host + ":" + std::to_string(at.port))) {
      return fail(ErrorCode::IoFailed, "cannot listen on " + at.toString() + ": Address already in use");
    }
    accept_ = std::move(accept);
    bound_.push_back(net::Endpoint{at.host, at.port == 0 ? nextPort_++ : at.port});
    return std::make_unique<FakeListener>(bound_.back());
  }
  /// A client connects to the listener that was bound last; null when it is refused.
  std::shared_ptr<AcceptedConnection> connectFrom(const std::string& ip) {
    auto connection = std::make_shared<AcceptedConnection>(loop_, ip);
    connection->handler_ = accept_(connection);
    if (connection->handler_ == nullptr) return nullptr;
    connection->handler_->onOpen(*connection);
    return connection;
  }

  std::map<std::string, bool> taken_;
  std::vector<net::Endpoint> bound_;
  std::uint16_t nextPort_ = 40000;

 private:
  class FakeListener final : public net::Listener {
   public:
    explicit FakeListener(net::Endpoint at) : at_(std::move(at)) {}
    const net::Endpoint& local() const override { return at_; }

   private:
    net::Endpoint at_;
  };
  TaskLoop& loop_;
  net::AcceptHandler accept_;
};

}  // namespace klamm::test
