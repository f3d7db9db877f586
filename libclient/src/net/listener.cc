#include "net/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace klamm::net {
namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr auto kRest = std::chrono::milliseconds(100);

Result<int> listenOn(const SocketAddress& address, int backlog) {
  const auto why = [&address](const char* what) {
    return fail(ErrorCode::IoFailed, fmt::format("cannot {} {}: {}", what, address.toEndpoint().toString(), std::strerror(errno)));
  };
  const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return why("make a socket for");
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.family() == AF_INET6) (void)::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (::bind(socket, address.get(), address.length) != 0 || ::listen(socket, backlog) != 0) {
    const auto error = why("listen on");
    ::close(socket);
    return error;
  }
  return socket;
}

bool isShortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Result<std::unique_ptr<Listener>> SocketListener::open(SocketTransport& transport, const Endpoint& at,
                                                       const ListenOptions& options, AcceptHandler accept) {
  const std::string host = at.host.empty() ? "0.0.0.0" : at.host;
  auto addresses = numericAddress(host, at.port);
  if (addresses.empty()) {  // once, at start: a name in `listeners`
    KLAMM_TRY_ASSIGN(addresses, systemLookUp(host, at.port));
  }
  KLAMM_TRY_ASSIGN(const int socket, listenOn(addresses.front(), options.backlog));
  return std::make_unique<SocketListener>(transport, socket, options, std::move(accept));
}

SocketListener::SocketListener(SocketTransport& transport, int socket, const ListenOptions& options, AcceptHandler accept)
    : transport_(transport), socket_(socket), options_(options), accept_(std::move(accept)),
      local_(SocketAddress::localOf(socket).toEndpoint()),
      watcher_(std::make_unique<Watcher>(transport.asioLoop(), socket, *this)) {
  watcher_->wantRead();
}

SocketListener::~SocketListener() {
  transport_.loop().cancel(restTimer_);
  watcher_.reset();
  ::close(socket_);
}

void SocketListener::onReadable() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!acceptOne()) break;
  }
  if (!resting_) watcher_->wantRead();
}

/// False when nobody waits, or no descriptor is left.
bool SocketListener::acceptOne() {
  const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    const int error = errno;
    if (isShortage(error)) rest(error);
    return error == ECONNABORTED || error == EINTR || error == EPROTO;
  }
  const auto connection = transport_.make(options_.connection, nullptr);
  connection->adopt(socket);
  auto handler = accept_(connection);
  if (!handler) {
    connection->close(Error(ErrorCode::Cancelled, "refused"));
    return true;
  }
  connection->setHandler(std::move(handler));
  connection->open();
  return true;
}

void SocketListener::rest(int error) {
  resting_ = true;
  transport_.log().warn("listener {}: cannot accept for the moment: {}", local_.toString(), std::strerror(error));
  restTimer_ = transport_.loop().schedule(transport_.loop().now() + kRest, [this] {
    resting_ = false;
    watcher_->wantRead();
  });
}

}  // namespace klamm::net
