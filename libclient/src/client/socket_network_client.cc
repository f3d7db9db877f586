#include "client/socket_network_client.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace klamm::client {
namespace {

Error closedError() { return Error(ErrorCode::Closed); }

}  // namespace

SocketNetworkClient::SocketNetworkClient(const ClientSettings& settings, net::Transport& transport, Random& random, Log log)
    : settings_(settings), transport_(transport), random_(random), log_(std::move(log)) {
  MutexLock lock(mutex_);
  addBootstrapLocked();
}

SocketNetworkClient::~SocketNetworkClient() = default;

void SocketNetworkClient::addBootstrapLocked() {
  NodeId id = 0;
  for (const net::Endpoint& endpoint : settings_.bootstrap) {
    --id;
    brokers_[id].address = {.id = id, .host = endpoint.host, .port = endpoint.port};
  }
}

// ---- Addresses -----------------------------------------------------------------------------------------------------

void SocketNetworkClient::learn(const std::vector<Node>& nodes) {
  MutexLock lock(mutex_);
  for (const Node& node : nodes) brokers_[node.id].address = node;
}

void SocketNetworkClient::retain(const std::vector<Node>& nodes) {
  if (nodes.empty()) return;
  std::vector<std::shared_ptr<BrokerConnection>> gone;
  {
    MutexLock lock(mutex_);
    for (auto at = brokers_.begin(); at != brokers_.end();) {
      const bool stays = std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == at->first; });
      if (!stays) {
        for (auto& connection : at->second.connections) {
          if (connection) gone.push_back(std::move(connection));
        }
      }
      at = stays ? std::next(at) : brokers_.erase(at);
    }
    std::erase_if(retired_, [](const auto& one) { return one.expired(); });
    retired_.insert(retired_.end(), gone.begin(), gone.end());
  }
  // One that still waits for an answer lives on in the loop and ends when the broker closes it or a request expires.
  for (const auto& connection : gone) {
    const ConnectionStatus status = connection->status();
    if (status.inFlight == 0 && status.waiting == 0) connection->disconnect(Error(ErrorCode::Cancelled, "the broker left the cluster"));
  }
}

void SocketNetworkClient::rebootstrap() {
  log_.info("bootstrapping again: no known broker can be reached");
  MutexLock lock(mutex_);
  addBootstrapLocked();
}

std::optional<Node> SocketNetworkClient::node(NodeId id) const {
  MutexLock lock(mutex_);
  const auto at = brokers_.find(id);
  return at == brokers_.end() ? std::nullopt : std::optional(at->second.address);
}

std::optional<net::Endpoint> SocketNetworkClient::endpointOf(NodeId id) const {
  const auto found = node(id);
  if (!found || found->isEmpty() || found->port < 0 || found->port > 65535) return std::nullopt;
  return net::Endpoint{found->host, static_cast<std::uint16_t>(found->port)};
}

void SocketNetworkClient::versionsLearnt(NodeId node, std::shared_ptr<const NodeVersions> versions) {
  MutexLock lock(mutex_);
  lastFailure_ = Error();
  if (const auto at = brokers_.find(node); at != brokers_.end()) at->second.versions = std::move(versions);
}

std::optional<Result<std::int16_t>> SocketNetworkClient::version(NodeId node, protocol::ApiKey key) const {
  std::shared_ptr<const NodeVersions> versions;
  {
    MutexLock lock(mutex_);
    if (const auto at = brokers_.find(node); at != brokers_.end()) versions = at->second.versions;
  }
  if (!versions) return std::nullopt;
  return versions->choose(key);
}

// ---- Connections ---------------------------------------------------------------------------------------------------

/// Null when the client is closed or the node is not known.
std::shared_ptr<BrokerConnection> SocketNetworkClient::connectionTo(NodeId node, Channel channel) {
  MutexLock lock(mutex_);
  const auto at = brokers_.find(node);
  if (closed_ || at == brokers_.end()) return nullptr;
  auto& connection = at->second.connections[static_cast<std::size_t>(channel)];
  if (!connection) connection = std::make_shared<BrokerConnection>(*this, node, channel);
  return connection;
}

std::shared_ptr<BrokerConnection> SocketNetworkClient::existing(NodeId node, Channel channel) const {
  MutexLock lock(mutex_);
  const auto at = brokers_.find(node);
  return at == brokers_.end() ? nullptr : at->second.connections[static_cast<std::size_t>(channel)];
}

void SocketNetworkClient::submit(NodeId node, Channel channel, std::unique_ptr<Call> call) {
  Submission submission;
  submission.deadline = transport_.loop().now() + call->options().timeout;
  submission.call = std::move(call);
  submission.anyNode = node == kAnyNode;
  if (submission.anyNode) return submitElsewhere(std::move(submission));
  if (const auto connection = connectionTo(node, channel)) return connection->submit(std::move(submission));
  const bool closed = [this] {
    MutexLock lock(mutex_);
    return closed_;
  }();
  Error error = closed ? closedError() : Error(ErrorCode::NetworkException, "node " + std::to_string(node) + " is not known");
  auto held = std::make_shared<std::unique_ptr<Call>>(std::move(submission.call));
  if (!loop().post([held, error] { (*held)->fail(error); })) (*held)->fail(std::move(error));
}

void SocketNetworkClient::submitElsewhere(Submission submission) {
  if (submission.lastFailure) {
    MutexLock lock(mutex_);
    lastFailure_ = submission.lastFailure;
  }
  const NodeId node = leastLoaded();
  if (const auto connection = connectionTo(node, Channel::General)) return connection->submit(std::move(submission));
  auto held = std::make_shared<std::unique_ptr<Call>>(std::move(submission.call));
  if (!loop().post([held] { (*held)->fail(closedError()); })) (*held)->fail(closedError());
}

void SocketNetworkClient::connect(NodeId node, Channel channel) {
  if (const auto connection = connectionTo(node, channel)) connection->connect();
}

void SocketNetworkClient::disconnect(NodeId node, Channel channel, Error reason) {
  if (const auto connection = existing(node, channel)) connection->disconnect(std::move(reason));
}

ConnectionStatus SocketNetworkClient::status(NodeId node, Channel channel) const {
  if (node == kAnyNode) {
    MutexLock lock(mutex_);
    ConnectionStatus any;
    any.lastFailure = lastFailure_;
    return any;
  }
  const auto connection = existing(node, channel);
  return connection ? connection->status() : ConnectionStatus();
}

/// Best first: a ready connection with the fewest requests, one being set up, one that may be tried, the one whose
/// back-off ends first. Chance decides among equals. When every known broker fails, the bootstrap addresses are
/// candidates again (metadata.recovery.strategy=rebootstrap).
NodeId SocketNetworkClient::leastLoaded() {
  std::vector<std::pair<NodeId, std::shared_ptr<BrokerConnection>>> candidates;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, broker] : brokers_) candidates.emplace_back(id, broker.connections[static_cast<std::size_t>(Channel::General)]);
  }
  const bool allFail = !candidates.empty() && candidates.front().first >= 0 &&
                       std::all_of(candidates.begin(), candidates.end(), [](const auto& one) { return one.second && one.second->failing(); });
  if (settings_.rebootstrap && (allFail || candidates.empty())) {
    rebootstrap();
    candidates.clear();
    MutexLock lock(mutex_);
    for (const auto& [id, broker] : brokers_) candidates.emplace_back(id, broker.connections[static_cast<std::size_t>(Channel::General)]);
  }
  using Rank = std::tuple<int, std::int64_t, std::uint64_t>;
  const TimePoint now = loop().now();
  NodeId best = kAnyNode;
  std::optional<Rank> bestRank;
  for (const auto& [id, connection] : candidates) {
    Rank rank{2, 0, random_.next()};
    if (connection) {
      const ConnectionStatus status = connection->status();
      const auto load = static_cast<std::int64_t>(status.inFlight + status.waiting);
      if (status.ready) rank = {0, load, random_.next()};
      else if (connection->state() != ConnectionState::State::Disconnected) rank = {1, load, random_.next()};
      else if (status.retryAt > now) rank = {3, status.retryAt.time_since_epoch().count(), 0};
    }
    if (!bestRank || rank < *bestRank) {
      bestRank = rank;
      best = id;
    }
  }
  return best;
}

void SocketNetworkClient::shutDown() {
  std::map<NodeId, Broker> brokers;
  std::vector<std::weak_ptr<BrokerConnection>> retired;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    brokers.swap(brokers_);
    retired.swap(retired_);
  }
  for (const auto& weak : retired) {
    if (const auto connection = weak.lock()) connection->shutDown(closedError());
  }
  for (auto& [id, broker] : brokers) {
    for (const auto& connection : broker.connections) {
      if (connection) connection->shutDown(closedError());
    }
  }
}

}  // namespace klamm::client
