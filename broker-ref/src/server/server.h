#pragma once
// The broker's front door: listeners, their connections, and the limits on both.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/logging.h"
#include "net/transport.h"
#include "server/handler_table.h"
#include "server/line_limiter.h"
#include "server/listener_config.h"
#include "server/stage.h"

namespace klamm::broker::server {

class ClientConnection;

/// Counts connections and says which may come in. Pure: no sockets. Threading: one thread.
class ConnectionCounts {
 public:
  struct Limits {
    std::uint64_t total = 0x7FFFFFFF;
    std::uint64_t perIp = 0x7FFFFFFF;
    std::map<std::string, std::uint64_t> perIpOverrides = {};
  };
  explicit ConnectionCounts(Limits limits) : limits_(std::move(limits)) {}
  /// Why a connection from this address may not come in; empty when it may, and then it is counted.
  [[nodiscard]] std::string admit(const std::string& ip);
  void leave(const std::string& ip);
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

 private:
  Limits limits_;
  std::uint64_t total_ = 0;
  std::unordered_map<std::string, std::uint64_t> perIp_;
};

/// Accepts connections and serves their requests from the handler table.
///
/// One connection's requests are served one after another: while one waits for its answer, nothing more is read, and the
/// client feels back-pressure. Connections that are idle for too long, that break the protocol, or that are too many are
/// closed with one line in the log.
///
/// Threading: the loop. Answers may come from any thread.
class Server {
 public:
  struct Options {
    std::vector<ListenerConfig> listeners = {};
    ConnectionLimits limits = {};
    ConnectionCounts::Limits counts = {};
    net::SocketOptions socket = {};
    int backlog = 50;
    bool logRequests = false;
  };
  /// `broker` is set before start().
  Server(net::Transport& transport, const HandlerTable& handlers, BrokerContext*& broker, Options options, Log log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds every listener, without accepting a request yet: connections wait until start(). A port in use fails with one
  /// sentence that names it.
  [[nodiscard]] Status bind();
  /// Serves. Requests that came before are served now.
  void start();
  /// The first address bound for the listener: with port 0 the port that was chosen.
  [[nodiscard]] const net::Endpoint* boundAddress(std::string_view listener) const;
  [[nodiscard]] const std::vector<ListenerConfig>& listeners() const noexcept { return options_.listeners; }
  [[nodiscard]] std::size_t connectionCount() const noexcept { return connections_.size(); }

  /// Stops listening, lets answers that are being sent go out until `deadline`, closes all connections.
  void close(TimePoint deadline);
  /// After close(): every connection has ended.
  [[nodiscard]] bool isDrained() const;

 private:
  friend class ClientConnection;
  struct Bound {
    std::string listener = {};
    std::unique_ptr<net::Listener> socket = {};
  };
  [[nodiscard]] Status bindOne(ListenerConfig& listener);
  [[nodiscard]] Result<std::unique_ptr<net::Listener>> listenAt(const ListenerConfig& listener, const net::Endpoint& at);
  [[nodiscard]] std::shared_ptr<net::ConnectionHandler> acceptFrom(const ListenerConfig& listener, const std::shared_ptr<net::Connection>& connection);
  void forget(ClientConnection& connection, const std::string& ip);
  void complain(const std::string& line);
  void sweepIdle();
  void scheduleSweep();

  net::Transport& transport_;
  HandlerTable handlers_;
  BrokerContext*& broker_;
  Options options_;
  Log log_;
  LineLimiter lines_{20};
  ConnectionCounts counts_;
  std::vector<Bound> bound_;
  std::unordered_map<ClientConnection*, std::weak_ptr<ClientConnection>> connections_;
  std::vector<std::weak_ptr<ClientConnection>> closing_;
  net::TimerId sweep_ = 0;
  bool started_ = false;
  bool closed_ = false;
};

}  // namespace klamm::broker::server
