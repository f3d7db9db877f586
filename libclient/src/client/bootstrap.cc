// parseBootstrap(), see client.h.

#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "client/client.h"

namespace klamm::client {
namespace {

constexpr std::uint16_t kDefaultPort = 9092;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

tl::unexpected<Error> invalid(std::string_view item, std::string_view why) {
  return fail(ErrorCode::InvalidClientConfig, fmt::format("bootstrap.servers: '{}' {}", item, why));
}

/// [SCHEME://] host | v4 | [v6] | v6 without a port, [:port]
Result<net::Endpoint> parseOne(std::string_view item) {
  std::string_view rest = item;
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
  std::string_view host;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return invalid(item, "lacks the closing bracket of an IPv6 address");
    host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return invalid(item, "has something other than a port behind the bracket");
    if (!rest.empty()) port = rest.substr(1);
  } else if (const auto colon = rest.find(':'); colon != std::string_view::npos && rest.find(':', colon + 1) == std::string_view::npos) {
    host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
  } else {
    host = rest;
  }
  if (host.empty()) return invalid(item, "names no host");
  if (host.find_first_of(" \t/") != std::string_view::npos) return invalid(item, "is not a host with a port");
  if (port.empty()) return net::Endpoint{std::string(host), kDefaultPort};
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return invalid(item, "has a port that is not a number from 0 to 65535");
  return net::Endpoint{std::string(host), number};
}

}  // namespace

Result<std::vector<net::Endpoint>> parseBootstrap(std::string_view list) {
  std::vector<net::Endpoint> endpoints;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    const std::string_view item = trimmed(list.substr(at, comma - at));
    at = comma + 1;
    if (item.empty()) continue;
    KLAMM_TRY_ASSIGN(auto endpoint, parseOne(item));
    endpoints.push_back(std::move(endpoint));
  }
  if (endpoints.empty()) return fail(ErrorCode::InvalidClientConfig, "bootstrap.servers: no address is given");
  return endpoints;
}

}  // namespace klamm::client
