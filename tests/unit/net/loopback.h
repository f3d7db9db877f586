#pragma once
// A loop on a thread of its own, and handlers that note what happened, for the tests of this folder.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "net/asio_transport.h"

namespace klamm::net {

inline constexpr auto kPatience = std::chrono::seconds(20);  ///< only a failing test waits so long

inline Buffer framed(std::string_view body) {
  std::vector<std::byte> bytes(4);
  storeBigEndian<std::int32_t>(bytes.data(), static_cast<std::int32_t>(body.size()));
  const BytesView view = asBytes(body);
  bytes.insert(bytes.end(), view.begin(), view.end());
  return Buffer::adopt(std::move(bytes));
}

/// Notes everything; wait...() blocks the test until it has happened.
class Recorder : public ConnectionHandler {
 public:
  void onOpen(Connection& connection) override {
    MutexLock lock(mutex_);
    opened_ = true;
    connection_ = &connection;
    changed_.notifyAll();
  }
  void onFrame(Connection& connection, Buffer frame) override {
    if (echo) (void)connection.send(Parts(framed(frame.text())));
    if (pauseAfterEach) connection.pauseReading();
    MutexLock lock(mutex_);
    frames_.emplace_back(frame.text());
    changed_.notifyAll();
  }
  void onFrameBegun(Connection&, BytesView front) override {
    MutexLock lock(mutex_);
    fronts_.emplace_back(front.size(), static_cast<char>(front.front()));
  }
  void onDrained(Connection&) override {
    MutexLock lock(mutex_);
    ++drained_;
    changed_.notifyAll();
  }
  void onClosed(Connection&, const Error& reason) override {
    MutexLock lock(mutex_);
    ++closed_;
    reason_ = reason;
    changed_.notifyAll();
  }

  bool waitOpen() {
    MutexLock lock(mutex_);
    return changed_.waitUntil(mutex_, systemClock().now() + kPatience, [this] { return opened_; });
  }
  bool waitFrames(std::size_t count) {
    MutexLock lock(mutex_);
    return changed_.waitUntil(mutex_, systemClock().now() + kPatience, [&] { return frames_.size() >= count; });
  }
  bool waitDrained() {
    MutexLock lock(mutex_);
    return changed_.waitUntil(mutex_, systemClock().now() + kPatience, [this] { return drained_ > 0; });
  }
  Error waitClosed() {
    MutexLock lock(mutex_);
    if (!changed_.waitUntil(mutex_, systemClock().now() + kPatience, [this] { return closed_ > 0; })) return Error();
    EXPECT_EQ(closed_, 1);
    return reason_;
  }
  std::vector<std::string> frames() {
    MutexLock lock(mutex_);
    return frames_;
  }
  /// Of each front of a large frame, its size and first byte.
  std::vector<std::pair<std::size_t, char>> fronts() {
    MutexLock lock(mutex_);
    return fronts_;
  }
  bool opened() {
    MutexLock lock(mutex_);
    return opened_;
  }

  bool echo = false;
  bool pauseAfterEach = false;

 private:
  Mutex mutex_;
  CondVar changed_;
  bool opened_ = false;
  Connection* connection_ = nullptr;
  int closed_ = 0;
  int drained_ = 0;
  Error reason_;
  std::vector<std::string> frames_;
  std::vector<std::pair<std::size_t, char>> fronts_;
};

/// A running loop with its transport. The listener's connections get handlers from `accept`.
class Loopback {
 public:
  explicit Loopback(LookUp lookUp = systemLookUp)
      : loop(makeLoop()), transport(makeTransport(*loop, {}, std::move(lookUp))), thread_([this] { loop->run(); }) {}
  ~Loopback() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    run([this] {
      listeners_.clear();
      return 0;
    });
    loop->stop();
    thread_.join();
    transport.reset();
  }

  /// Runs on the loop's thread and waits for the result.
  template <class F>
  std::invoke_result_t<F> run(F f) {
    std::promise<std::invoke_result_t<F>> promise;
    auto future = promise.get_future();
    loop->post([&] { promise.set_value(f()); });
    return future.get();
  }
  Endpoint listen(std::function<std::shared_ptr<ConnectionHandler>()> make, ConnectionOptions options = {},
                  const std::string& host = "127.0.0.1") {
    return run([&] {
      auto listener = transport->listen({host, 0}, {.connection = options},
                                        [this, make](const std::shared_ptr<Connection>& connection) {
                                          accepted.push_back(connection);
                                          return make();
                                        });
      EXPECT_TRUE(listener) << listener.error().message();
      listeners_.push_back(std::move(*listener));
      return listeners_.back()->local();
    });
  }
  std::shared_ptr<Connection> connect(const Endpoint& to, std::shared_ptr<ConnectionHandler> handler,
                                      ConnectionOptions options = {}, Duration timeout = kPatience) {
    return transport->connect(to, options, loop->now() + timeout, std::move(handler));
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<Transport> transport;
  std::vector<std::shared_ptr<Connection>> accepted;  ///< loop thread

 private:
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::thread thread_;
};

}  // namespace klamm::net
