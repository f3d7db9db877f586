#pragma once
// The transport over sockets, for the other files of this folder and their tests.

#include <map>
#include <memory>

#include "base/mutex.h"
#include "net/asio_loop.h"
#include "net/resolver.h"
#include "net/socket_connection.h"
#include "net/transport.h"

namespace klamm::net {

/// Keeps every connection alive until it has ended. Threading: see Transport.
class SocketTransport final : public Transport {
 public:
  SocketTransport(AsioLoop& loop, Log log, LookUp lookUp);
  ~SocketTransport() override;

  [[nodiscard]] Loop& loop() override { return loop_; }
  std::shared_ptr<Connection> connect(const Endpoint& to, const ConnectionOptions& options, TimePoint deadline,
                                      std::shared_ptr<ConnectionHandler> handler) override;
  Result<std::unique_ptr<Listener>> listen(const Endpoint& at, const ListenOptions& options, AcceptHandler accept) override;

  [[nodiscard]] AsioLoop& asioLoop() noexcept { return loop_; }
  [[nodiscard]] const Log& log() const noexcept { return log_; }
  [[nodiscard]] std::shared_ptr<SocketConnection> make(const ConnectionOptions& options, std::shared_ptr<ConnectionHandler> handler);

 private:
  AsioLoop& loop_;
  Log log_;
  Resolver resolver_;
  Mutex mutex_;
  std::map<SocketConnection*, std::shared_ptr<SocketConnection>> connections_ KLAMM_GUARDED_BY(mutex_);
};

/// With a look-up of the test's own.
[[nodiscard]] std::unique_ptr<Transport> makeTransport(Loop& loop, Log log, LookUp lookUp);

}  // namespace klamm::net
