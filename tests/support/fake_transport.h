#pragma once
// A transport without sockets: the test is the broker at the other end.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/manual_loop.h"
#include "net/transport.h"
#include "protocol/frame.h"

namespace klamm::testing {

/// All bytes of slices as one; file ranges are not expected.
inline Buffer joined(const Parts& parts) {
  std::vector<std::byte> bytes;
  for (const Part& part : parts.list()) {
    const BytesView view = std::get<Buffer>(part).view();
    bytes.insert(bytes.end(), view.begin(), view.end());
  }
  return Buffer::adopt(std::move(bytes));
}

/// A connection whose other end is the test. Threading: the test's thread.
class FakeConnection final : public net::Connection {
 public:
  FakeConnection(ManualLoop& loop, net::Endpoint to, TimePoint deadline, std::shared_ptr<net::ConnectionHandler> handler)
      : to(std::move(to)), deadline(deadline), loop_(loop), handler_(std::move(handler)), lastActive_(loop.now()) {}

  // What the test does.
  void open() {
    handler_->onOpen(*this);
    loop_.runPosted();
  }
  void drop(Error reason) {
    closed_ = true;
    finish(std::move(reason));
    loop_.runPosted();
  }
  void begin(BytesView front) {
    handler_->onFrameBegun(*this, front);
    loop_.runPosted();
  }
  void receive(const Buffer& frame) {
    lastActive_ = loop_.now();
    if (!closed_) handler_->onFrame(*this, frame);
    loop_.runPosted();
  }
  /// The oldest request that was sent and not taken yet.
  [[nodiscard]] protocol::RequestFrame takeRequest() {
    if (sent_.empty()) {
      ADD_FAILURE() << "nothing was sent";
      return {};
    }
    const Buffer frame = sent_.front();
    sent_.erase(sent_.begin());
    auto request = protocol::parseRequest(frame);
    EXPECT_TRUE(request) << request.error().message();
    return *request;
  }
  template <class Response>
  void respond(const protocol::RequestFrame& request, const Response& response) {
    respond(request.header.correlationId, request.version(), response);
  }
  template <class Response>
  void respond(std::int32_t correlationId, std::int16_t version, const Response& response) {
    const auto parts = protocol::encodeResponse(response, version, correlationId);
    ASSERT_TRUE(parts) << parts.error().message();
    receive(joined(*parts).slice(4));
  }
  [[nodiscard]] std::size_t unread() const { return sent_.size(); }
  [[nodiscard]] const Error& closeReason() const { return reason_; }
  [[nodiscard]] std::size_t maxFrame() const { return maxFrame_; }

  const net::Endpoint to;
  const TimePoint deadline;

  Status send(Parts frame) override {
    if (closed_) return fail(ErrorCode::NetworkException, "closed");
    lastActive_ = loop_.now();
    sent_.push_back(joined(frame).slice(4));
    return {};
  }
  void close(Error reason) override {
    if (std::exchange(closed_, true)) return;
    reason_ = reason;
    loop_.post([this, reason = std::make_shared<Error>(std::move(reason))] { finish(*reason); });
  }
  void closeWhenSent(Error reason, TimePoint) override { close(std::move(reason)); }
  void pauseReading() override {}
  void resumeReading() override {}
  void setMaxFrame(std::size_t bytes) override { maxFrame_ = bytes; }
  [[nodiscard]] std::size_t queuedBytes() const override { return 0; }
  [[nodiscard]] bool isClosed() const override { return closed_; }
  [[nodiscard]] TimePoint lastActive() const override { return lastActive_; }
  [[nodiscard]] const net::Endpoint& remote() const override { return to; }
  [[nodiscard]] const net::Endpoint& local() const override { return to; }

 private:
  void finish(Error reason) {
    if (const auto handler = std::move(handler_)) handler->onClosed(*this, reason);
  }

  ManualLoop& loop_;
  std::shared_ptr<net::ConnectionHandler> handler_;
  std::vector<Buffer> sent_;
  Error reason_;
  TimePoint lastActive_;
  std::size_t maxFrame_ = 0;
  bool closed_ = false;
};

/// Threading: the test's thread.
class FakeTransport final : public net::Transport {
 public:
  explicit FakeTransport(ManualLoop& loop) : loop_(loop) {}
  [[nodiscard]] net::Loop& loop() override { return loop_; }
  std::shared_ptr<net::Connection> connect(const net::Endpoint& to, const net::ConnectionOptions&, TimePoint deadline,
                                           std::shared_ptr<net::ConnectionHandler> handler) override {
    connections.push_back(std::make_shared<FakeConnection>(loop_, to, deadline, std::move(handler)));
    return connections.back();
  }
  Result<std::unique_ptr<net::Listener>> listen(const net::Endpoint&, const net::ListenOptions&, net::AcceptHandler) override {
    return fail(ErrorCode::IoFailed, "this transport does not listen");
  }
  /// The newest attempt.
  [[nodiscard]] FakeConnection& last() { return *connections.back(); }

  std::vector<std::shared_ptr<FakeConnection>> connections;  ///< every attempt, in order

 private:
  ManualLoop& loop_;
};

}  // namespace klamm::testing
