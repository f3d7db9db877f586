#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace klamm::net {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype([](addrinfo* list) { ::freeaddrinfo(list); })>;

/// getaddrinfo's error number, 0 with addresses in `found`.
int lookUp(const std::string& host, std::uint16_t port, int flags, std::vector<SocketAddress>& found) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* first = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
  if (error != 0) return error;
  const AddressList list(first);
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.length = one->ai_addrlen;
    found.push_back(address);
  }
  return 0;
}

}  // namespace

std::string Endpoint::toString() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

bool SocketAddress::isLoopback() const noexcept {
  if (family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

Endpoint SocketAddress::toEndpoint() const {
  char host[NI_MAXHOST] = "";
  if (length == 0 || ::getnameinfo(get(), length, host, sizeof(host), nullptr, 0, NI_NUMERICHOST) != 0) return {};
  const auto port = family() == AF_INET ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                        : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port;
  return {host, ntohs(port)};
}

SocketAddress SocketAddress::localOf(int socket) noexcept {
  SocketAddress address;
  address.length = sizeof(address.storage);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) address.length = 0;
  return address;
}

SocketAddress SocketAddress::remoteOf(int socket) noexcept {
  SocketAddress address;
  address.length = sizeof(address.storage);
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) address.length = 0;
  return address;
}

std::vector<SocketAddress> numericAddress(const std::string& host, std::uint16_t port) {
  std::vector<SocketAddress> found;
  (void)lookUp(host, port, AI_NUMERICHOST, found);
  return found;
}

Result<std::vector<SocketAddress>> systemLookUp(const std::string& host, std::uint16_t port) {
  std::vector<SocketAddress> found;
  const int error = lookUp(host, port, 0, found);
  if (error == EAI_SYSTEM) return fail(ErrorCode::ResolveFailed, fmt::format("{}: {}", host, std::strerror(errno)));
  if (error != 0) return fail(ErrorCode::ResolveFailed, fmt::format("{}: {}", host, ::gai_strerror(error)));
  if (found.empty()) return fail(ErrorCode::ResolveFailed, fmt::format("{}: no address", host));
  return found;
}

}  // namespace klamm::net
