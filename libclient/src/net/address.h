#pragma once
// Socket addresses and the look-up of names.

#include <functional>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "base/result.h"
#include "net/transport.h"

namespace klamm::net {

/// An IPv4 or IPv6 address with a port. Threading: a value.
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
  [[nodiscard]] bool isLoopback() const noexcept;
  [[nodiscard]] Endpoint toEndpoint() const;
  /// Of a socket, by getsockname() or getpeername().
  [[nodiscard]] static SocketAddress localOf(int socket) noexcept;
  [[nodiscard]] static SocketAddress remoteOf(int socket) noexcept;
};

/// Finds the addresses of a host; may block for as long as it likes.
using LookUp = std::function<Result<std::vector<SocketAddress>>(const std::string& host, std::uint16_t port)>;

/// The address if `host` is a numeric one; never blocks.
[[nodiscard]] std::vector<SocketAddress> numericAddress(const std::string& host, std::uint16_t port);
/// By the system's resolver; blocks.
[[nodiscard]] Result<std::vector<SocketAddress>> systemLookUp(const std::string& host, std::uint16_t port);

}  // namespace klamm::net
