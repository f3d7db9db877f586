#pragma once
// A NetworkClient without a network: keeps what was submitted until the test answers.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "client/network_client.h"

namespace klamm::testing {

/// Every node is ready unless the test says otherwise. A submitted call waits in `pending()`, in order:
///
///     sender.run(now);
///     auto produce = network.take<protocol::ProduceRequest>();      // fails the test when none waits
///     EXPECT_EQ(produce.node, 1);
///     produce.respond(response);                                    // or produce.fail(ErrorCode::NetworkException)
///
/// Threading: the test's thread; callbacks run inside respond() and fail().
class MockNetworkClient final : public client::NetworkClient {
 public:
  struct Submitted {
    client::NodeId node;
    client::Channel channel;
    std::unique_ptr<client::Call> call;
  };

  /// A call of a known type, taken from the queue.
  template <class Request>
  class Taken {
   public:
    Taken() = default;
    explicit Taken(Submitted submitted, std::int16_t version) : node(submitted.node), channel(submitted.channel), call_(std::move(submitted.call)) {
      auto built = typed().request(version);
      if (built) request = **built;
      else ADD_FAILURE() << "the request could not be built: " << built.error().message();
    }
    client::NodeId node = client::kAnyNode;
    client::Channel channel = client::Channel::General;
    Request request = {};

    [[nodiscard]] explicit operator bool() const { return call_ != nullptr; }
    [[nodiscard]] const client::CallOptions& options() const { return call_->options(); }
    void respond(typename Request::Response response) {
      if (!call_) return;  // take() has reported it
      const auto call = std::move(call_);
      dynamic_cast<client::TypedCall<Request>&>(*call).succeed(std::move(response));
    }
    void fail(Error error) {
      if (const auto call = std::move(call_)) call->fail(std::move(error));
    }

   private:
    client::TypedCall<Request>& typed() { return dynamic_cast<client::TypedCall<Request>&>(*call_); }
    std::unique_ptr<client::Call> call_;
  };

  /// The oldest waiting call, which must be a Request.
  template <class Request>
  [[nodiscard]] Taken<Request> take() {
    if (pending_.empty()) {
      ADD_FAILURE() << "no request waits";
      return {};
    }
    if (dynamic_cast<client::TypedCall<Request>*>(pending_.front().call.get()) == nullptr) {
      ADD_FAILURE() << "the oldest waiting request is another one: API key " << static_cast<int>(pending_.front().call->key());
      return {};
    }
    Submitted first = std::move(pending_.front());
    pending_.pop_front();
    const std::int16_t version = versionOf(first.node, *first.call);
    return Taken<Request>(std::move(first), version);
  }
  /// The oldest waiting call of this type, whatever waits before it; false when there is none.
  template <class Request>
  [[nodiscard]] Taken<Request> find() {
    const auto at = std::find_if(pending_.begin(), pending_.end(), [](const Submitted& one) {
      return dynamic_cast<client::TypedCall<Request>*>(one.call.get()) != nullptr;
    });
    if (at == pending_.end()) return {};
    Submitted found = std::move(*at);
    pending_.erase(at);
    const std::int16_t version = versionOf(found.node, *found.call);
    return Taken<Request>(std::move(found), version);
  }
  [[nodiscard]] const std::deque<Submitted>& pending() const { return pending_; }

  void setReady(client::NodeId node, bool ready) {
    if (ready) unready_.erase(node);
    else unready_.insert(node);
  }
  void setStatus(client::NodeId node, client::Channel channel, client::ConnectionStatus status) { status_[{node, channel}] = status; }
  void setVersion(client::NodeId node, protocol::ApiKey key, std::int16_t version) { versions_[{node, key}] = version; }
  [[nodiscard]] const std::map<client::NodeId, Node>& nodes() const { return nodes_; }
  struct Disconnected {
    client::NodeId node;
    client::Channel channel;
    Error reason;
  };
  [[nodiscard]] const std::vector<Disconnected>& disconnects() const { return disconnects_; }

  void submit(client::NodeId node, client::Channel channel, std::unique_ptr<client::Call> call) override {
    pending_.push_back({node, channel, std::move(call)});
  }
  void learn(const std::vector<Node>& nodes) override {
    for (const Node& node : nodes) nodes_[node.id] = node;
  }
  void retain(const std::vector<Node>& nodes) override {
    nodes_.clear();
    learn(nodes);
  }
  void rebootstrap() override { ++rebootstraps_; }
  [[nodiscard]] int rebootstraps() const { return rebootstraps_; }
  [[nodiscard]] std::optional<Node> node(client::NodeId id) const override {
    const auto at = nodes_.find(id);
    return at == nodes_.end() ? std::nullopt : std::optional(at->second);
  }
  [[nodiscard]] client::ConnectionStatus status(client::NodeId node, client::Channel channel) const override {
    if (const auto at = status_.find({node, channel}); at != status_.end()) return at->second;
    client::ConnectionStatus status;
    status.ready = !unready_.contains(node);
    for (const Submitted& one : pending_) status.inFlight += one.node == node && one.channel == channel ? 1 : 0;
    return status;
  }
  void connect(client::NodeId, client::Channel) override {}
  /// Fails the waiting calls of the connection, in order.
  void disconnect(client::NodeId node, client::Channel channel, Error reason) override {
    disconnects_.push_back({node, channel, reason});
    std::deque<Submitted> lost;
    std::deque<Submitted> kept;
    for (Submitted& one : pending_) (one.node == node && one.channel == channel ? lost : kept).push_back(std::move(one));
    pending_ = std::move(kept);
    for (Submitted& one : lost) one.call->fail(reason);
  }
  [[nodiscard]] std::optional<Result<std::int16_t>> version(client::NodeId node, protocol::ApiKey key) const override {
    if (const auto at = versions_.find({node, key}); at != versions_.end()) return Result<std::int16_t>(at->second);
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::int16_t versionOf(client::NodeId node, const client::Call& call) const {
    const auto at = versions_.find({node, call.key()});
    return at == versions_.end() ? call.maxVersion() : at->second;
  }

  std::deque<Submitted> pending_;
  std::set<client::NodeId> unready_;
  std::map<std::pair<client::NodeId, client::Channel>, client::ConnectionStatus> status_;
  std::map<std::pair<client::NodeId, protocol::ApiKey>, std::int16_t> versions_;
  std::map<client::NodeId, Node> nodes_;
  std::vector<Disconnected> disconnects_;
  int rebootstraps_ = 0;
};

}  // namespace klamm::testing
