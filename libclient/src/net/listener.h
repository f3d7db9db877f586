#pragma once
// Accepting connections.

#include <memory>

#include "net/asio_transport.h"
#include "net/transport.h"
#include "net/watcher.h"

namespace klamm::net {

/// When the process has no descriptor left, accepting rests for 100 ms (and says so once): connections wait in the
/// system's backlog meanwhile. Threading: see Listener.
class SocketListener final : public Listener, public WatchTarget {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(SocketTransport& transport, const Endpoint& at,
                                                              const ListenOptions& options, AcceptHandler accept);
  SocketListener(SocketTransport& transport, int socket, const ListenOptions& options, AcceptHandler accept);
  ~SocketListener() override;

  [[nodiscard]] const Endpoint& local() const override { return local_; }
  void onReadable() override;
  void onWritable() override {}

 private:
  bool acceptOne();
  void rest(int error);

  SocketTransport& transport_;
  const int socket_;
  const ListenOptions options_;
  AcceptHandler accept_;
  Endpoint local_;
  std::unique_ptr<Watcher> watcher_;
  TimerId restTimer_ = 0;
  bool resting_ = false;
};

}  // namespace klamm::net
