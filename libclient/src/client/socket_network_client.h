#pragma once
// NetworkClient over a Transport.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "client/broker_connection.h"
#include "client/client.h"
#include "client/network_client.h"

namespace klamm::client {

/// Knows the addresses, makes connections when they are first used, and chooses among brokers for kAnyNode.
///
/// Lock order: this client's lock is never held while a connection is called, nor the other way round.
/// Threading: see NetworkClient; shutDown() on the loop's thread, once.
class SocketNetworkClient final : public NetworkClient, public ConnectionOwner {
 public:
  SocketNetworkClient(const ClientSettings& settings, net::Transport& transport, Random& random, Log log);
  ~SocketNetworkClient() override;

  void submit(NodeId node, Channel channel, std::unique_ptr<Call> call) override;
  void learn(const std::vector<Node>& nodes) override;
  void retain(const std::vector<Node>& nodes) override;
  void rebootstrap() override;
  [[nodiscard]] std::optional<Node> node(NodeId id) const override;
  [[nodiscard]] ConnectionStatus status(NodeId node, Channel channel) const override;
  void connect(NodeId node, Channel channel) override;
  void disconnect(NodeId node, Channel channel, Error reason) override;
  [[nodiscard]] std::optional<Result<std::int16_t>> version(NodeId node, protocol::ApiKey key) const override;

  /// Everything completes with Closed inside this call; connections close. Later submissions complete at once.
  void shutDown();

  [[nodiscard]] const ClientSettings& settings() const override { return settings_; }
  [[nodiscard]] const Log& log() const override { return log_; }
  [[nodiscard]] net::Loop& loop() override { return transport_.loop(); }
  [[nodiscard]] net::Transport& transport() override { return transport_; }
  [[nodiscard]] Random& random() override { return random_; }
  [[nodiscard]] std::optional<net::Endpoint> endpointOf(NodeId node) const override;
  void versionsLearnt(NodeId node, std::shared_ptr<const NodeVersions> versions) override;
  void submitElsewhere(Submission submission) override;

 private:
  struct Broker {
    Node address = {};
    std::shared_ptr<const NodeVersions> versions = {};
    std::array<std::shared_ptr<BrokerConnection>, kChannels> connections = {};
  };

  [[nodiscard]] std::shared_ptr<BrokerConnection> connectionTo(NodeId node, Channel channel);
  [[nodiscard]] std::shared_ptr<BrokerConnection> existing(NodeId node, Channel channel) const;
  [[nodiscard]] NodeId leastLoaded();
  void addBootstrapLocked() KLAMM_REQUIRES(mutex_);

  const ClientSettings& settings_;
  net::Transport& transport_;
  Random& random_;
  const Log log_;

  mutable Mutex mutex_;
  std::map<NodeId, Broker> brokers_ KLAMM_GUARDED_BY(mutex_);
  /// Of brokers that were dropped, while something is under way on them.
  std::vector<std::weak_ptr<BrokerConnection>> retired_ KLAMM_GUARDED_BY(mutex_);
  Error lastFailure_ KLAMM_GUARDED_BY(mutex_);
  bool closed_ KLAMM_GUARDED_BY(mutex_) = false;
};

}  // namespace klamm::client
