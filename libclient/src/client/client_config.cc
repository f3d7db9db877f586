#include "client/client_config.h"

#include <fmt/format.h>

#include "client/config_table.h"
#include "net/tls/context.h"

namespace klamm::client {
namespace {

std::string_view threadKind(ClientKind client) noexcept {
  switch (client) {
    case ClientKind::Producer: return "producer";
    case ClientKind::Consumer: return "consumer";
    case ClientKind::Admin: return "admin";
  }
  return "client";
}

/// Null for plain text.
Result<std::shared_ptr<const net::TlsContext>> tlsOf(const Config& config, ClientKind client) {
  std::string protocol = config.get(klamm::config::securityProtocol, client);
  for (char& c : protocol) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (protocol == "PLAINTEXT") return nullptr;
  if (protocol != "SSL") {
    return fail(ErrorCode::InvalidClientConfig, fmt::format("security.protocol={}: SASL is not supported yet, PLAINTEXT and SSL are", protocol));
  }
  const auto value = [&](std::string_view key) -> std::optional<std::string> {
    if (auto set = config.find(key)) return set;
    const ConfigRow* row = findConfig(key, client);
    if (row == nullptr || row->defaultText == nullptr) return std::nullopt;
    return std::string(row->defaultText);
  };
  return net::makeTlsContext(value, net::TlsRole::Client, ErrorCode::InvalidClientConfig);
}

}  // namespace

Result<ClientSettings> clientSettings(const Config& config, ClientKind client, std::string_view defaultClientId) {
  namespace key = klamm::config;
  ClientSettings settings;
  const auto servers = config.find("bootstrap.servers");
  if (!servers) return fail(ErrorCode::InvalidClientConfig, "bootstrap.servers is missing: set it to HOST:PORT of some brokers");
  KLAMM_TRY_ASSIGN(settings.bootstrap, parseBootstrap(*servers));
  settings.clientId = config.get(key::clientId, client);
  if (settings.clientId.empty()) settings.clientId = defaultClientId;
  settings.threadName = fmt::format("klamm-{}-{}", threadKind(client), settings.clientId);
  settings.requestTimeout = config.get(key::requestTimeoutMs, client);
  settings.reconnectBackoff = config.get(key::reconnectBackoffMs, client);
  settings.reconnectBackoffMax = config.get(key::reconnectBackoffMaxMs, client);
  settings.retryBackoff = config.get(key::retryBackoffMs, client);
  settings.retryBackoffMax = config.get(key::retryBackoffMaxMs, client);
  settings.connectionSetupTimeout = config.get(key::socketConnectionSetupTimeoutMs, client);
  settings.connectionSetupTimeoutMax = config.get(key::socketConnectionSetupTimeoutMaxMs, client);
  settings.connectionsMaxIdle = config.get(key::connectionsMaxIdleMs, client);
  settings.metadataMaxAge = config.get(key::metadataMaxAgeMs, client);
  settings.rebootstrapTrigger = config.get(key::metadataRecoveryRebootstrapTriggerMs, client);
  std::string recovery = config.get(key::metadataRecoveryStrategy, client);
  settings.rebootstrap = !recovery.empty() && (recovery.front() == 'r' || recovery.front() == 'R');
  if (config.has(key::sendBufferBytes.name)) settings.sendBuffer = config.get(key::sendBufferBytes, client);
  if (config.has(key::receiveBufferBytes.name)) settings.receiveBuffer = config.get(key::receiveBufferBytes, client);
  KLAMM_TRY_ASSIGN(settings.tls, tlsOf(config, client));
  if (client == ClientKind::Producer) settings.metadataMaxIdle = config.get(key::metadataMaxIdleMs, client);
  if (client == ClientKind::Consumer) settings.allowAutoTopicCreation = config.get(key::allowAutoCreateTopics, client);
  return settings;
}

}  // namespace klamm::client
