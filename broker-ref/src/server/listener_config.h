#pragma once
// What `listeners`, `advertised.listeners` and the protocol map say.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/broker_config.h"
#include "net/tls/context.h"
#include "net/transport.h"
#include "server/stage.h"

namespace klamm::broker::server {

/// One listener that clients may use. Threading: a value.
struct ListenerConfig {
  std::string name = {};
  SecurityProtocol protocol = SecurityProtocol::Plaintext;
  std::vector<std::string> hosts = {};                  ///< addresses to bind, all with the same port
  std::uint16_t port = 0;
  std::optional<net::Endpoint> advertised = {};         ///< what clients are told; none: the address they connected to
  std::shared_ptr<const net::TlsContext> tls = {};      ///< for SSL: certificate, key, and who may come in
};

/// Whether `listeners` and `advertised.listeners` are well formed, whatever they ask for.
[[nodiscard]] Status checkListeners(const config::BrokerConfig& config);
/// The listeners of a combined node. Those of the controller are left out: a quorum of one has nobody to talk to.
/// An empty host is every address of the machine; "localhost", and no `listeners` at all, is 127.0.0.1 and ::1.
/// A key "listener.name.<name, lower case>.ssl.*" goes before "ssl.*" for that listener.
/// Fails with one sentence for what is malformed, not mapped, not readable (key stores), or not served (SASL).
[[nodiscard]] Result<std::vector<ListenerConfig>> listenersOf(const config::BrokerConfig& config);

}  // namespace klamm::broker::server
