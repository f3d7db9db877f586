#include "server/server.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/client_connection.h"

namespace klamm::broker::server {
namespace {

constexpr int kPortTries = 20;

/// The machine has no such address (IPv6 switched off): the other addresses of the listener do.
[[nodiscard]] bool isLoopback6(const std::string& host) noexcept { return host == "::1" || host == "::"; }

}  // namespace

std::string ConnectionCounts::admit(const std::string& ip) {
  if (total_ >= limits_.total) return fmt::format("the broker holds max.connections={} already", limits_.total);
  const auto special = limits_.perIpOverrides.find(ip);
  const std::uint64_t limit = special == limits_.perIpOverrides.end() ? limits_.perIp : special->second;
  std::uint64_t& count = perIp_[ip];
  if (count >= limit) {
    if (count == 0) perIp_.erase(ip);
    return fmt::format("this address holds max.connections.per.ip={} already", limit);
  }
  ++count;
  ++total_;
  return {};
}

void ConnectionCounts::leave(const std::string& ip) {
  const auto found = perIp_.find(ip);
  if (found == perIp_.end()) return;
  if (--found->second == 0) perIp_.erase(found);
  --total_;
}

Server::Server(net::Transport& transport, const HandlerTable& handlers, BrokerContext*& broker, Options options, Log log)
    : transport_(transport), handlers_(handlers), broker_(broker), options_(std::move(options)), log_(std::move(log)), counts_(options_.counts) {}

Server::~Server() {
  bound_.clear();
  for (auto& [raw, connection] : connections_) {
    if (const auto alive = connection.lock()) alive->shutDown(transport_.loop().now());
  }
  if (sweep_ != 0) transport_.loop().cancel(sweep_);
}

Status Server::bind() {
  for (ListenerConfig& listener : options_.listeners) KLAMM_TRY(bindOne(listener));
  return {};
}

/// All addresses of one listener have one port. With port 0 the first address chooses, and if the others are not free there,
/// another one is chosen.
Status Server::bindOne(ListenerConfig& listener) {
  const bool chooses = listener.port == 0;
  for (int attempt = 1;; ++attempt) {
    std::vector<Bound> bound;
    std::uint16_t port = listener.port;
    Status status;
    for (const std::string& host : listener.hosts) {
      auto socket = listenAt(listener, {host, port});
      if (!socket) {
        const bool inUse = socket.error().context().find("in use") != std::string::npos;
        if (!inUse && isLoopback6(host) && !bound.empty()) {
          log_.debug("listener {}: {}", listener.name, socket.error().context());
          continue;
        }
        status = fail(socket.error());
        break;
      }
      port = (*socket)->local().port;
      bound.push_back({listener.name, *std::move(socket)});
    }
    if (status) {
      listener.port = port;
      std::move(bound.begin(), bound.end(), std::back_inserter(bound_));
      return {};
    }
    if (!chooses || attempt == kPortTries) return status;
  }
}

Result<std::unique_ptr<net::Listener>> Server::listenAt(const ListenerConfig& listener, const net::Endpoint& at) {
  net::ListenOptions options;
  options.backlog = options_.backlog;
  options.connection.socket = options_.socket;
  options.connection.maxFrame = limitsOf(Stage::Negotiating, listener.protocol, options_.limits).maxFrame;
  options.connection.tls = listener.tls;
  options.connection.tlsHandshakeTimeout = options_.limits.authentication;
  const ListenerConfig* config = &listener;  // options_.listeners does not change any more
  return transport_.listen(at, options, [this, config](const std::shared_ptr<net::Connection>& connection) { return acceptFrom(*config, connection); });
}

std::shared_ptr<net::ConnectionHandler> Server::acceptFrom(const ListenerConfig& listener, const std::shared_ptr<net::Connection>& connection) {
  const std::string& ip = connection->remote().host;
  const std::string refused = closed_ ? "the broker stops" : counts_.admit(ip);
  if (!refused.empty()) {
    complain(fmt::format("refused connection from {} on listener {}: {}", ip, listener.name, refused));
    return nullptr;
  }
  auto client = std::make_shared<ClientConnection>(*this, listener.name, listener.protocol, connection);
  if (!started_) client->hold();
  connections_.emplace(client.get(), client);
  if (sweep_ == 0) scheduleSweep();
  return client;
}

void Server::start() {
  started_ = true;
  for (auto& [raw, connection] : connections_) {
    if (const auto alive = connection.lock()) alive->release();
  }
}

void Server::forget(ClientConnection& connection, const std::string& ip) {
  counts_.leave(ip);
  connections_.erase(&connection);
}

void Server::complain(const std::string& line) {
  if (!lines_.allows(transport_.loop().now())) return;
  const std::uint64_t leftOut = lines_.takeLeftOut();
  if (leftOut == 0) log_.warn("{}", line);
  else log_.warn("{} ({} such lines were left out)", line, leftOut);
}

/// One timer for all connections, and none while there are none.
void Server::scheduleSweep() {
  const Duration period = std::clamp<Duration>(options_.limits.idle / 4, std::chrono::milliseconds(100), std::chrono::seconds(30));
  sweep_ = transport_.loop().schedule(transport_.loop().now() + period, [this] { sweepIdle(); });
}

void Server::sweepIdle() {
  sweep_ = 0;
  std::vector<std::shared_ptr<ClientConnection>> alive;
  alive.reserve(connections_.size());
  for (auto& [raw, connection] : connections_) {
    if (auto one = connection.lock()) alive.push_back(std::move(one));
  }
  for (const auto& connection : alive) connection->checkIdle(transport_.loop().now());
  if (!connections_.empty()) scheduleSweep();
}

const net::Endpoint* Server::boundAddress(std::string_view listener) const {
  for (const Bound& bound : bound_) {
    if (bound.listener == listener) return &bound.socket->local();
  }
  return nullptr;
}

bool Server::isDrained() const {
  return std::all_of(closing_.begin(), closing_.end(), [](const auto& connection) { return connection.expired(); });
}

void Server::close(TimePoint deadline) {
  closed_ = true;
  bound_.clear();
  auto connections = std::move(connections_);
  connections_.clear();
  for (auto& [raw, connection] : connections) {
    if (const auto alive = connection.lock()) alive->shutDown(deadline);
    closing_.push_back(std::move(connection));
  }
  if (sweep_ != 0) transport_.loop().cancel(sweep_);
  sweep_ = 0;
}

}  // namespace klamm::broker::server
