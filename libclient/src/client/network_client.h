#pragma once
// The seam between what decides (producer, consumer, admin) and the connections to brokers.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <klamm/metadata.h>

#include "base/clock.h"
#include "base/result.h"
#include "client/call.h"
#include "protocol/api_table.h"

namespace klamm::client {

/// A broker's id. Bootstrap addresses, whose id is not known yet, have negative ones.
using NodeId = std::int32_t;
/// Send to the least loaded broker that can be reached; waits when none can.
inline constexpr NodeId kAnyNode = std::numeric_limits<NodeId>::min();

/// Which of a broker's connections carries a request. A broker answers one connection strictly in order, so what must
/// not wait behind a long poll goes another way. At most three per broker, opened when needed.
enum class Channel : std::uint8_t { General, Fetch, Coordinator };
inline constexpr std::size_t kChannels = 3;

/// How one connection to a broker stands.
struct ConnectionStatus {
  bool ready = false;                ///< negotiated; a request leaves at once unless throttled or at the in-flight limit
  std::size_t inFlight = 0;          ///< sent and not answered
  std::size_t waiting = 0;           ///< accepted by submit() and not sent
  TimePoint retryAt = {};            ///< reconnect back-off: no attempt before (in the past: none)
  TimePoint throttledUntil = {};     ///< the broker asked for quiet until then (KIP-219)
  Error lastFailure = {};            ///< why the last attempt to connect failed; none after one that succeeded
};

/// Carries requests to brokers: one connection per (node, channel), version negotiation, in-flight limit, time-outs,
/// back-off, throttling. Requests on one (node, channel) go out and are answered in the order of submission.
///
/// A request completes exactly once, on the I/O thread: with the response, or with an error:
///   NetworkException   the connection was lost, or could not be made
///   RequestTimedOut    no answer within its time-out (the connection is closed with it, as in Kafka's client)
///   UnsupportedVersion the broker and the request have no version in common
///   Closed             the client was closed
///   or why it could not be encoded or decoded.
/// When a connection is lost its requests complete in the order in which they were sent.
///
/// Threading: every method from any thread. A callback may submit again.
class NetworkClient {
 public:
  virtual ~NetworkClient() = default;

  /// Sends the call when the connection is ready (opened now if need be), on the calling thread if it is ready and idle.
  virtual void submit(NodeId node, Channel channel, std::unique_ptr<Call> call) = 0;

  /// Addresses for node ids, as Metadata and FindCoordinator tell. A changed address is used from the next connect.
  virtual void learn(const std::vector<Node>& nodes) = 0;
  /// Forgets nodes that are not among these, bootstrap nodes too, and closes their idle connections; an empty list
  /// changes nothing.
  virtual void retain(const std::vector<Node>& nodes) = 0;
  /// The bootstrap addresses are candidates for kAnyNode again, until retain() drops them.
  virtual void rebootstrap() = 0;
  [[nodiscard]] virtual std::optional<Node> node(NodeId id) const = 0;

  /// For kAnyNode only lastFailure is set: why some broker could not be reached last.
  [[nodiscard]] virtual ConnectionStatus status(NodeId node, Channel channel) const = 0;
  /// Opens the connection if it is neither open nor in back-off.
  virtual void connect(NodeId node, Channel channel) = 0;
  /// Closes the connection; its requests complete with `reason`.
  virtual void disconnect(NodeId node, Channel channel, Error reason) = 0;
  /// The highest version both sides know, once any connection to the node has negotiated; none before, and
  /// UnsupportedVersion when they share none.
  [[nodiscard]] virtual std::optional<Result<std::int16_t>> version(NodeId node, protocol::ApiKey key) const = 0;

  /// A request whose struct does not depend on the version (fields that a version cannot carry stay at their default or
  /// are ignorable). `callback` takes Result<Request::Response>.
  template <class Request, class Callback>
  void send(NodeId node, Channel channel, Request request, const CallOptions& options, Callback&& callback) {
    submit(node, channel, makeCall<Request>(std::move(request), options, std::forward<Callback>(callback)));
  }
  /// A request that is built when the version is known: `builder` takes the version and returns Result<Request>.
  template <class Request, class Builder, class Callback>
  void sendBuilt(NodeId node, Channel channel, Builder&& builder, const CallOptions& options, Callback&& callback) {
    submit(node, channel,
           makeBuiltCall<Request>(std::forward<Builder>(builder), options, std::forward<Callback>(callback)));
  }
};

}  // namespace klamm::client
