#include "server/listener_config.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

namespace klamm::broker::server {
namespace {

struct NamedAddress {
  std::string name = {};
  std::string host = {};
  std::uint16_t port = 0;
};

[[nodiscard]] std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

/// "NAME://host:port", the host possibly empty or an IPv6 address in brackets.
[[nodiscard]] Result<NamedAddress> parseAddress(std::string_view key, const std::string& text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration {}: {}", text, key, why));
  };
  const std::size_t scheme = text.find("://");
  const std::size_t colon = text.rfind(':');
  if (scheme == std::string::npos || scheme == 0 || colon == scheme) return bad("a listener is written NAME://host:port");
  NamedAddress address;
  address.name = upper(std::string_view(text).substr(0, scheme));
  address.host = text.substr(scheme + 3, colon - scheme - 3);
  if (address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc{} || at != end) return bad("the port is a number from 0 to 65535");
  return address;
}

[[nodiscard]] std::optional<SecurityProtocol> protocolNamed(const std::string& name) {
  if (name == "PLAINTEXT") return SecurityProtocol::Plaintext;
  if (name == "SSL") return SecurityProtocol::Ssl;
  if (name == "SASL_PLAINTEXT") return SecurityProtocol::SaslPlaintext;
  if (name == "SASL_SSL") return SecurityProtocol::SaslSsl;
  return std::nullopt;
}

[[nodiscard]] Result<std::map<std::string, SecurityProtocol>> protocolMap(const config::BrokerConfig& config) {
  std::map<std::string, SecurityProtocol> map;
  for (const std::string& entry : config.list("listener.security.protocol.map")) {
    const std::size_t colon = entry.find(':');
    const auto protocol = colon == std::string::npos ? std::nullopt : protocolNamed(upper(std::string_view(entry).substr(colon + 1)));
    if (!protocol) {
      return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration listener.security.protocol.map: entries are written "
                                                        "LISTENER:PROTOCOL with one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL", entry));
    }
    map.emplace(upper(std::string_view(entry).substr(0, colon)), *protocol);
  }
  return map;
}

[[nodiscard]] std::vector<std::string> hostsToBind(const std::string& host) {
  if (host == "localhost") return {"127.0.0.1", "::1"};
  if (host.empty()) return {"0.0.0.0", "::"};
  return {host};
}

[[nodiscard]] Result<SecurityProtocol> servedProtocol(const NamedAddress& address, const std::map<std::string, SecurityProtocol>& protocols) {
  const auto protocol = protocols.find(address.name);
  if (protocol == protocols.end()) {
    return fail(ErrorCode::InvalidConfig, fmt::format("listener {} has no entry in listener.security.protocol.map", address.name));
  }
  if (authenticates(protocol->second)) {
    return fail(ErrorCode::InvalidConfig, fmt::format("listener {} asks for SASL, which this broker does not serve: map it to PLAINTEXT or SSL",
                                                      address.name));
  }
  return protocol->second;
}

[[nodiscard]] Result<std::shared_ptr<const net::TlsContext>> tlsOf(const config::BrokerConfig& config, const std::string& listener) {
  const auto value = [&](std::string_view key) -> std::optional<std::string> {
    if (const auto own = config.listenerOverride(listener, key)) return std::string(*own);
    if (const auto given = config.given().find(key); given != config.given().end()) return given->second;
    const config::ConfigRow* row = config::findBrokerRow(key);
    if (row == nullptr || row->defaultValue == nullptr) return std::nullopt;
    return std::string(row->defaultValue);
  };
  // Both would change who a client is or how it is checked: to leave them out silently would be no favour.
  if (const std::string rules = value("ssl.principal.mapping.rules").value_or(""); !rules.empty() && rules != "DEFAULT") {
    return fail(ErrorCode::InvalidConfig, fmt::format("listener {}: Invalid value {} for configuration ssl.principal.mapping.rules: only DEFAULT is "
                                                      "supported, which takes the whole owner of the certificate as the user's name", listener, rules));
  }
  if (const std::string factory = value("ssl.engine.factory.class").value_or(""); !factory.empty()) {
    return fail(ErrorCode::InvalidConfig, fmt::format("listener {}: ssl.engine.factory.class={} is a Java class, and TLS is OpenSSL's here: leave it out "
                                                      "and set ssl.keystore.* and ssl.truststore.* in PEM form", listener, factory));
  }
  auto made = net::makeTlsContext(value, net::TlsRole::Server, ErrorCode::InvalidConfig);
  if (!made) return fail(ErrorCode::InvalidConfig, fmt::format("listener {}: {}", listener, made.error().context()));
  return made;
}

[[nodiscard]] std::string namesOf(const std::vector<ListenerConfig>& listeners) {
  std::string names;
  for (const ListenerConfig& listener : listeners) names += (names.empty() ? "" : ", ") + listener.name;
  return names;
}

/// One broker has nobody to talk to, but what the keys say must fit: the next node is started with the same file.
[[nodiscard]] Status checkInterBroker(const config::BrokerConfig& config, const std::vector<ListenerConfig>& listeners) {
  const bool named = config.isSet("inter.broker.listener.name");
  const bool byProtocol = config.isSet("security.inter.broker.protocol");
  if (named && byProtocol) {
    return fail(ErrorCode::InvalidConfig, "inter.broker.listener.name and security.inter.broker.protocol are both set: leave one out");
  }
  if (!named && !byProtocol) return {};
  const std::string_view key = named ? "inter.broker.listener.name" : "security.inter.broker.protocol";
  const std::string wanted(named ? config.text("inter.broker.listener.name") : config.text("security.inter.broker.protocol"));
  if (std::any_of(listeners.begin(), listeners.end(), [&](const ListenerConfig& one) { return one.name == upper(wanted); })) return {};
  return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration {}: the listeners for clients and brokers are {}", wanted, key,
                                                    namesOf(listeners)));
}

[[nodiscard]] Result<std::vector<NamedAddress>> addressesOf(std::string_view key, const std::vector<std::string>& entries) {
  std::vector<NamedAddress> addresses;
  for (const std::string& entry : entries) {
    KLAMM_TRY_ASSIGN(NamedAddress address, parseAddress(key, entry));
    addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

Status checkListeners(const config::BrokerConfig& config) {
  KLAMM_TRY(addressesOf("listeners", config.isSet("listeners") ? config.list("listeners") : std::vector<std::string>()));
  KLAMM_TRY(addressesOf("advertised.listeners", config.list("advertised.listeners")));
  return {};
}

Result<std::vector<ListenerConfig>> listenersOf(const config::BrokerConfig& config) {
  KLAMM_TRY_ASSIGN(const auto protocols, protocolMap(config));
  const auto entries = config.isSet("listeners") ? config.list("listeners") : std::vector<std::string>{"PLAINTEXT://localhost:9092"};
  KLAMM_TRY_ASSIGN(const auto addresses, addressesOf("listeners", entries));
  KLAMM_TRY_ASSIGN(const auto advertised, addressesOf("advertised.listeners", config.list("advertised.listeners")));
  std::vector<std::string> controllers = config.list("controller.listener.names");
  for (std::string& name : controllers) name = upper(name);

  std::vector<ListenerConfig> listeners;
  for (const NamedAddress& address : addresses) {
    if (std::find(controllers.begin(), controllers.end(), address.name) != controllers.end()) continue;
    KLAMM_TRY_ASSIGN(const SecurityProtocol protocol, servedProtocol(address, protocols));
    for (const ListenerConfig& other : listeners) {
      if (other.name == address.name && other.port != address.port) {
        return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration listeners: the name {} stands twice",
                                                          config.text("listeners"), address.name));
      }
    }
    ListenerConfig listener{address.name, protocol, hostsToBind(address.host), address.port, std::nullopt, nullptr};
    for (const NamedAddress& told : advertised) {
      if (told.name != address.name) continue;
      if (told.host == "0.0.0.0" || told.host == "::") {
        return fail(ErrorCode::InvalidConfig, "advertised.listeners cannot use the nonroutable meta-address " + told.host);
      }
      if (!told.host.empty()) listener.advertised = net::Endpoint{told.host, told.port};
    }
    if (protocol == SecurityProtocol::Ssl) {
      KLAMM_TRY_ASSIGN(listener.tls, tlsOf(config, listener.name));
    }
    listeners.push_back(std::move(listener));
  }
  if (listeners.empty()) {
    return fail(ErrorCode::InvalidConfig, "configuration listeners names no listener for clients: all of them belong to the controller");
  }
  KLAMM_TRY(checkInterBroker(config, listeners));
  return listeners;
}

}  // namespace klamm::broker::server
