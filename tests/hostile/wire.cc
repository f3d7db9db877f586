#include "hostile/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "base/bytes.h"

namespace klamm::hostile {
namespace {

/// More than any answer in these tests; a larger one is as good as a closed connection.
constexpr std::int32_t kLargestFrame = 64 * 1024 * 1024;

[[nodiscard]] sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void withoutDelay(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Wire::~Wire() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Wire Wire::connect(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in to = loopback(port);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(descriptor);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  withoutDelay(descriptor);
  return Wire(descriptor);
}

bool Wire::send(BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Wire::sendByteByByte(BytesView bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!send(bytes.subspan(i, 1))) return false;
  }
  return true;
}

Wire::End Wire::fill(std::byte* to, std::size_t count, std::chrono::steady_clock::time_point deadline) {
  while (count > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) return End::Silence;
    pollfd readable{descriptor_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count()) + 1) == 0) return End::Silence;
    const ssize_t got = ::recv(descriptor_, to, count, 0);
    if (got <= 0) return End::Closed;
    to += got;
    count -= static_cast<std::size_t>(got);
  }
  return End::Frame;
}

Wire::Received Wire::receive(Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::array<std::byte, 4> prefix{};
  if (const End end = fill(prefix.data(), prefix.size(), deadline); end != End::Frame) return {end, {}};
  const auto length = loadBigEndian<std::int32_t>(prefix.data());
  if (length < 0 || length > kLargestFrame) return {End::Closed, {}};
  std::vector<std::byte> frame(static_cast<std::size_t>(length));
  const End end = fill(frame.data(), frame.size(), deadline);
  if (end != End::Frame) return {end, {}};
  return {end, Buffer::adopt(std::move(frame))};
}

void Wire::shutDown() noexcept { ::shutdown(descriptor_, SHUT_RDWR); }

void Wire::reset() noexcept {
  const linger now{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(descriptor_, -1));
}

Port::Port() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(descriptor_, 64) != 0 ||
      ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  number_ = ntohs(at.sin_port);
}

Port::~Port() { ::close(descriptor_); }

std::optional<Wire> Port::accept() {
  const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  if (accepted < 0) return std::nullopt;
  withoutDelay(accepted);
  return Wire(accepted);
}

void Port::shutDown() noexcept { ::shutdown(descriptor_, SHUT_RDWR); }

Buffer withLength(BytesView frame) {
  std::vector<std::byte> bytes(4);
  storeBigEndian<std::int32_t>(bytes.data(), static_cast<std::int32_t>(frame.size()));
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  return Buffer::adopt(std::move(bytes));
}

}  // namespace klamm::hostile
