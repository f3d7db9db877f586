#include "net/asio_transport.h"

#include <utility>

#include "net/listener.h"

namespace klamm::net {

const std::string& Connection::peerSubject() const {
  static const std::string kNone;
  return kNone;
}

std::unique_ptr<Transport> makeTransport(Loop& loop, Log log) { return makeTransport(loop, std::move(log), systemLookUp); }

std::unique_ptr<Transport> makeTransport(Loop& loop, Log log, LookUp lookUp) {
  return std::make_unique<SocketTransport>(static_cast<AsioLoop&>(loop), std::move(log), std::move(lookUp));
}

SocketTransport::SocketTransport(AsioLoop& loop, Log log, LookUp lookUp)
    : loop_(loop), log_(std::move(log)), resolver_(loop, std::move(lookUp)) {}

SocketTransport::~SocketTransport() {
  std::map<SocketConnection*, std::shared_ptr<SocketConnection>> left;
  {
    MutexLock lock(mutex_);
    left.swap(connections_);
  }
  for (auto& [raw, connection] : left) connection->abandon();
}

std::shared_ptr<SocketConnection> SocketTransport::make(const ConnectionOptions& options,
                                                        std::shared_ptr<ConnectionHandler> handler) {
  auto connection = std::make_shared<SocketConnection>(loop_, options, std::move(handler), [this](SocketConnection& ended) {
    MutexLock lock(mutex_);
    connections_.erase(&ended);
  });
  MutexLock lock(mutex_);
  connections_.emplace(connection.get(), connection);
  return connection;
}

std::shared_ptr<Connection> SocketTransport::connect(const Endpoint& to, const ConnectionOptions& options, TimePoint deadline,
                                                     std::shared_ptr<ConnectionHandler> handler) {
  auto connection = make(options, std::move(handler));
  connection->setTarget(to);
  loop_.post([this, connection, what = std::make_shared<const Endpoint>(to), deadline] {
    // Weak: a look-up that takes long does not keep a connection that was given up. It ends at the deadline, too.
    const std::weak_ptr<SocketConnection> weak = connection;
    const TimerId timer = loop_.schedule(deadline, [weak, what] {
      if (const auto alive = weak.lock()) {
        alive->close(Error(ErrorCode::RequestTimedOut, "looking up " + what->host));
      }
    });
    resolver_.resolve(what->host, what->port, [this, weak, what, deadline, timer](Result<std::vector<SocketAddress>> found) {
      loop_.cancel(timer);
      const auto alive = weak.lock();
      if (!alive) return;
      if (!found) return alive->close(found.error());
      alive->startConnecting(*std::move(found), deadline);
    });
  });
  return connection;
}

Result<std::unique_ptr<Listener>> SocketTransport::listen(const Endpoint& at, const ListenOptions& options, AcceptHandler accept) {
  return SocketListener::open(*this, at, options, std::move(accept));
}

}  // namespace klamm::net
