#pragma once
// One call of the admin client: where it goes, and how often it is tried.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "client/backoff.h"
#include "client/client.h"

namespace klamm::admin {

using client::NodeId;

/// Which broker a call concerns. Threading: a value.
struct Route {
  enum class Kind { AnyNode, Controller, Coordinator, Node };
  Kind kind = Kind::AnyNode;
  std::string group = {};  ///< for Coordinator
  NodeId node = -1;        ///< for Node

  [[nodiscard]] static Route anyNode() { return {}; }
  [[nodiscard]] static Route controller() { return {Kind::Controller, {}, -1}; }
  [[nodiscard]] static Route coordinatorOf(std::string group) { return {Kind::Coordinator, std::move(group), -1}; }
  [[nodiscard]] static Route to(NodeId node) { return {Kind::Node, {}, node}; }
};

/// Decides after a failed attempt. Threading: one at a time; time and chance are arguments.
class RetryPolicy {
 public:
  RetryPolicy(TimePoint deadline, client::ExponentialBackoff backoff) noexcept : deadline_(deadline), backoff_(backoff) {}

  /// When to try again: what may pass is tried until the deadline. Nothing: give up.
  [[nodiscard]] std::optional<TimePoint> again(const Error& error, TimePoint now, Random& random) noexcept {
    if (!error.retriable()) return std::nullopt;
    const TimePoint next = now + backoff_.after(++failures_, random);
    return next < deadline_ ? std::optional(next) : std::nullopt;
  }
  /// What the caller hears after the last attempt: a time-out, when it was the time that ran out.
  [[nodiscard]] Error verdict(const std::string& call, const Error& error) const {
    if (!error.retriable() || error.code() == ErrorCode::ThrottlingQuotaExceeded) return error;  // a quota says so itself, as in Kafka
    if (error.code() == ErrorCode::RequestTimedOut) return Error(error.code(), error.context().empty() ? call : call + ": " + error.context());
    return Error(ErrorCode::RequestTimedOut, call + ": " + error.message());
  }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }

 private:
  TimePoint deadline_;
  client::ExponentialBackoff backoff_;
  std::uint32_t failures_ = 0;
};

/// A call in its back-off. Threading: the I/O thread.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void wake() = 0;
  virtual void giveUp(const Error& error) = 0;
};

/// Finds brokers for routes, forgets those that were wrong, and knows who waits for a second attempt.
/// Threading: resolve() from any thread; the rest, and all callbacks, on the I/O thread.
class Router {
 public:
  explicit Router(client::Client& client) noexcept : client_(client) {}

  /// wake() at that time, or giveUp() with Closed when the client closes first.
  void sleep(TimePoint until, std::shared_ptr<Sleeper> sleeper);
  /// Every sleeper gives up, now and later.
  void shutDown();

  void resolve(const Route& route, TimePoint deadline, std::function<void(Result<NodeId>)> found);
  /// After a failure on this node: the next resolve() asks anew if the error says that the route may be wrong.
  void doubt(const Route& route, NodeId node, const Error& error);

  [[nodiscard]] client::Client& client() noexcept { return client_; }

 private:
  client::Client& client_;
  /// The controller that this version of the metadata names was wrong; the next call waits for a newer one.
  std::atomic<std::uint64_t> doubted_ = 0;
  std::set<std::shared_ptr<Sleeper>> sleeping_;
  bool closed_ = false;
};

/// What a call sends and how it judges the answer.
template <class Request>
struct CallSpec {
  using Response = typename Request::Response;
  std::string name = {};  ///< for error texts
  Route route = {};
  TimePoint deadline = {};
  std::function<Result<Request>(std::int16_t version)> build = {};
  /// An error within the answer that concerns the call as a whole and may pass (NotController, ...), or none.
  std::function<Error(const Response&)> doubt = [](const Response&) { return Error(); };
  std::function<void(Result<Response>)> done = {};
  std::int16_t minVersion = 0;
  std::int16_t maxVersion = std::numeric_limits<std::int16_t>::max();
};

/// Attempts a call until it succeeds, fails for good, or runs out of time. Keeps itself alive until it is done.
/// Threading: start() from any thread, then the I/O thread.
template <class Request>
class RoutedCall final : public Sleeper, public std::enable_shared_from_this<RoutedCall<Request>> {
 public:
  using Response = typename Request::Response;

  static void start(Router& router, CallSpec<Request> spec) {
    std::make_shared<RoutedCall>(router, std::move(spec))->attempt();
  }
  RoutedCall(Router& router, CallSpec<Request> spec)
      : router_(router),
        spec_(std::move(spec)),
        policy_(spec_.deadline, {router.client().settings().retryBackoff, router.client().settings().retryBackoffMax}) {}

  void wake() override { attempt(); }
  void giveUp(const Error& error) override { spec_.done(fail(error)); }

 private:
  void attempt() {
    router_.resolve(spec_.route, spec_.deadline, [self = this->shared_from_this()](Result<NodeId> node) {
      if (node) self->send(*node);
      else self->failed(client::kAnyNode, node.error());
    });
  }
  void send(NodeId node) {
    client::Client& client = router_.client();
    const Duration left = std::max<Duration>(spec_.deadline - client.loop().now(), Millis(1));
    const client::CallOptions options{.timeout = std::min(client.settings().requestTimeout, left),
                                      .minVersion = spec_.minVersion,
                                      .maxVersion = spec_.maxVersion};
    client.network().sendBuilt<Request>(
        node, client::Channel::General,
        [self = this->shared_from_this()](std::int16_t version) { return self->spec_.build(version); }, options,
        [self = this->shared_from_this(), node](Result<Response> answer) { self->answered(node, std::move(answer)); });
  }
  void answered(NodeId node, Result<Response> answer) {
    if (!answer) return failed(node, answer.error());
    if (Error error = spec_.doubt(*answer)) return failed(node, std::move(error));
    spec_.done(std::move(answer));
  }
  void failed(NodeId node, const Error& error) {
    client::Client& client = router_.client();
    const auto again = policy_.again(error, client.loop().now(), systemRandom());
    router_.doubt(spec_.route, node, error);
    if (!again) return spec_.done(fail(policy_.verdict(spec_.name, error)));
    router_.sleep(*again, this->shared_from_this());
  }

  Router& router_;
  CallSpec<Request> spec_;
  RetryPolicy policy_;
};

}  // namespace klamm::admin
