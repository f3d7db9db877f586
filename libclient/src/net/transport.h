#pragma once
// The seam to the network: framed connections and listeners. Asio stands behind it, a simulator may as well.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/logging.h"
#include "base/parts.h"
#include "base/result.h"
#include "net/loop.h"

namespace klamm::net {

class Connection;
class TlsContext;

struct Endpoint {
  std::string host = {};  ///< a name or a numeric IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;
  /// "host:port", an IPv6 address in brackets.
  [[nodiscard]] std::string toString() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct SocketOptions {
  int sendBuffer = -1;     ///< SO_SNDBUF; -1 leaves it to the system
  int receiveBuffer = -1;  ///< SO_RCVBUF; -1 leaves it to the system
  /// TCP congestion control for peers on the loopback interface; empty leaves it to the system.
  std::string loopbackCongestion = {};
};

struct ConnectionOptions {
  SocketOptions socket = {};
  /// Largest frame accepted, without its four bytes of length. A larger claim closes before anything is allocated.
  std::size_t maxFrame = 100 * 1024 * 1024;
  /// send() on a connection that already holds more than this unsent closes it: the peer does not read.
  std::size_t maxQueued = std::size_t{256} * 1024 * 1024;
  /// Set: the connection speaks TLS and is open after the handshake. A client shares connect()'s deadline between both.
  std::shared_ptr<const TlsContext> tls = {};
  Duration tlsHandshakeTimeout = std::chrono::seconds(30);  ///< on the accepting side
};

/// What happens on one connection. All calls come on the loop's thread; onClosed comes exactly once and is the last.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// The connection can carry frames. On the accepting side this is the first call, unless a TLS handshake fails.
  virtual void onOpen(Connection&) {}
  /// One frame without its length, a slice of a ref-counted read buffer. May pause reading, send, close.
  virtual void onFrame(Connection&, Buffer frame) = 0;
  /// The front of a large frame (more than 64 KiB) that is still coming, without its length, after reads that did not
  /// complete it. Look at the bytes, do not keep them. One that comes in a single read is never shown.
  virtual void onFrameBegun(Connection&, BytesView /*front*/) {}
  /// Everything that was queued by send() has gone to the system after some of it had to wait.
  virtual void onDrained(Connection&) {}
  /// Why it ended. The peer's orderly close is NetworkException "the peer closed the connection". A connection that
  /// never opened says why not (refused, no such host, ConnectionSetupTimeout as RequestTimedOut).
  virtual void onClosed(Connection&, const Error& reason) = 0;
};

/// A byte stream that carries frames: int32 length, then so many bytes.
///
///     connect(): Connecting --onOpen--> Open --+-- close(), error, peer --> Closed (onClosed)
///     accept:    Open                          +-- closeWhenSent() --> Draining --> Closed
///
/// With TLS the handshake belongs to Connecting, on both sides. One that fails ends in onClosed with TlsFailed (do not try
/// again) and a sentence that names the peer, what happened and what to do.
///
/// The connection keeps its handler until onClosed has returned, and the loop keeps the connection until then.
/// Threading: send(), close(), closeWhenSent() and the getters from any thread; pauseReading, resumeReading and
/// setMaxFrame on the loop's thread only.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Sends bytes that already carry their length. When nothing waits, the calling thread writes them itself without
  /// blocking (gather write, sendfile); what the socket does not take is sent by the loop. Order is that of the calls.
  /// Before onOpen the bytes wait. The parts are held by reference until the socket has taken them, and let go of under
  /// the connection's lock: what frees their memory must not send.
  /// Fails when the connection is closed, draining, or holds more than maxQueued.
  virtual Status send(Parts frame) = 0;
  /// Drops what is unsent and closes; onClosed gets this reason, later on the loop's thread (never inside this call).
  virtual void close(Error reason) = 0;
  /// Stops reading, sends what is queued, closes then; at `deadline` closes whatever is left.
  virtual void closeWhenSent(Error reason, TimePoint deadline) = 0;

  /// Between pause and resume no frame is delivered, also none that has been read already, and the peer feels
  /// back-pressure. Called inside onFrame it takes effect for the next frame.
  virtual void pauseReading() = 0;
  virtual void resumeReading() = 0;
  /// For frames from now on: a larger limit after authentication.
  virtual void setMaxFrame(std::size_t bytes) = 0;

  /// Bytes that send() accepted and the system has not.
  [[nodiscard]] virtual std::size_t queuedBytes() const = 0;
  [[nodiscard]] virtual bool isClosed() const = 0;
  /// When bytes last came or went: for idle time-outs.
  [[nodiscard]] virtual TimePoint lastActive() const = 0;
  /// Subject of the certificate that the peer showed ("CN=app,O=Example"); empty without one, and before onOpen.
  [[nodiscard]] virtual const std::string& peerSubject() const;
  /// The numeric addresses of both ends; empty host before onOpen.
  [[nodiscard]] virtual const Endpoint& remote() const = 0;
  [[nodiscard]] virtual const Endpoint& local() const = 0;
};

/// Accepts connections until it is destroyed. Threading: created and destroyed on the loop's thread (or before run(), or
/// after it); local() from any thread.
class Listener {
 public:
  virtual ~Listener() = default;
  /// Where it listens: the port that was chosen when 0 was asked for.
  [[nodiscard]] virtual const Endpoint& local() const = 0;
};

struct ListenOptions {
  ConnectionOptions connection = {};
  int backlog = 50;  ///< Kafka's socket.listen.backlog.size
};

/// Decides about a new connection (its addresses are known): its handler, or null to close it at once.
using AcceptHandler = std::function<std::shared_ptr<ConnectionHandler>(const std::shared_ptr<Connection>&)>;

/// Makes connections that live on one loop.
/// Threading: connect() from any thread; listen() on the loop's thread or before run().
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual Loop& loop() = 0;
  /// Looks the host up (a numeric one not), tries every address in turn, until `deadline`. Returns at once; how it went
  /// comes as onOpen or onClosed.
  virtual std::shared_ptr<Connection> connect(const Endpoint& to, const ConnectionOptions& options, TimePoint deadline,
                                              std::shared_ptr<ConnectionHandler> handler) = 0;
  /// Binds one address; an empty host or "0.0.0.0" is all IPv4, "::" all IPv6 (not IPv4). Port 0 picks one. An address
  /// in use, not of this machine or not allowed is an error that says so.
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& at, const ListenOptions& options, AcceptHandler accept) = 0;
};

/// A loop on Asio and the transport on it. The transport must go before its loop, after the loop has stopped.
[[nodiscard]] std::unique_ptr<Loop> makeLoop(const Clock& clock = systemClock());
[[nodiscard]] std::unique_ptr<Transport> makeTransport(Loop& loop, Log log = {});

}  // namespace klamm::net
