#pragma once
// Connection over a TCP socket.

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "net/address.h"
#include "net/asio_loop.h"
#include "net/frame_reader.h"
#include "net/output_queue.h"
#include "net/tls/stream.h"
#include "net/transport.h"
#include "net/watcher.h"

namespace klamm::net {

/// Applies SocketOptions and what every Kafka socket has (no delay, keep-alive). Failures are left alone: a socket
/// with the system's own settings still works.
void applyOptions(int socket, const SocketOptions& options, const SocketAddress& peer) noexcept;

/// See Connection for the states. Reading happens on the loop's thread alone; the write side belongs to whoever holds
/// `mutex_`, and a thread that finds nothing queued writes to the socket itself.
///
/// Who ends it: anybody sets `phase_` to Closed under the lock and posts finish(), which takes the descriptor apart on
/// the loop's thread and calls onClosed. So the descriptor is never closed under somebody's write.
///
/// With TLS the session is one for both directions and belongs to `mutex_` too: decrypting holds up a writer for the time of
/// some records.
///
/// Threading: see Connection.
class SocketConnection final : public Connection, public WatchTarget, public std::enable_shared_from_this<SocketConnection> {
 public:
  /// Called when the connection has ended and may be forgotten.
  using Forget = std::function<void(SocketConnection&)>;

  SocketConnection(AsioLoop& loop, ConnectionOptions options, std::shared_ptr<ConnectionHandler> handler, Forget forget);
  ~SocketConnection() override;

  // Loop thread: how it comes to life.
  /// Tries the addresses one after another until `deadline`, each with its share of the time.
  void startConnecting(std::vector<SocketAddress> addresses, TimePoint deadline);
  /// Whom connect() names: for the name check and errors of TLS. Before anybody else has the connection.
  void setTarget(Endpoint target) { target_ = std::move(target); }
  /// Takes over an accepted socket. open() lets it live, after the handler has been set.
  void adopt(int socket);
  void setHandler(std::shared_ptr<ConnectionHandler> handler) { handler_ = std::move(handler); }
  void open();
  /// Lets everything go without a call; the loop has stopped or is about to go.
  void abandon();

  Status send(Parts frame) override;
  void close(Error reason) override;
  void closeWhenSent(Error reason, TimePoint deadline) override;
  void pauseReading() override { paused_ = true; }
  void resumeReading() override;
  void setMaxFrame(std::size_t bytes) override { reader_.setMaxFrame(bytes); }
  [[nodiscard]] std::size_t queuedBytes() const override;
  [[nodiscard]] bool isClosed() const override;
  [[nodiscard]] TimePoint lastActive() const override;
  [[nodiscard]] const std::string& peerSubject() const override { return peerSubject_; }
  [[nodiscard]] const Endpoint& remote() const override { return remote_; }
  [[nodiscard]] const Endpoint& local() const override { return local_; }

  void onReadable() override;
  void onWritable() override;

 private:
  enum class Phase { Connecting, Open, Draining, Closed };

  [[nodiscard]] bool isOpen() const;
  /// Reading goes on, though the handler may have paused it: it is open, or in a TLS handshake.
  [[nodiscard]] bool readsLocked() const KLAMM_REQUIRES(mutex_);
  [[nodiscard]] bool mayRead() const;
  /// There is something that the loop should write once the socket can take it.
  [[nodiscard]] bool unsentLocked() const KLAMM_REQUIRES(mutex_);
  /// Whatever was queued has left for the peer.
  [[nodiscard]] bool sentLocked() const KLAMM_REQUIRES(mutex_);
  void tryNextAddress();
  void connectEnded();
  void attemptFailed(const std::string& why);
  void takeSocket(int socket);
  void releaseSocket() noexcept;
  void startHandshake();
  void opened();
  void readSome();
  void waitForMore();
  /// How a read left the socket: there may be more, there is probably not, or the connection does not read any more.
  enum class Read { Filled, Emptied, Ended };
  Read readOnce();
  Read readPlain(int socket);
  Read readTls();
  void deliverFrames();
  void startWriting();
  void closeLocked(Error reason) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] Status flushLocked() KLAMM_REQUIRES(mutex_);
  void finish();
  void touch() noexcept { lastActive_.store(loop_.now().time_since_epoch(), std::memory_order_relaxed); }

  AsioLoop& loop_;
  const ConnectionOptions options_;
  Forget forget_;

  // Loop thread only.
  std::shared_ptr<ConnectionHandler> handler_;
  std::unique_ptr<Watcher> watcher_;
  FrameReader reader_;
  std::vector<SocketAddress> addresses_;
  std::size_t nextAddress_ = 0;
  std::string attempts_;  ///< what went wrong with the addresses so far
  TimePoint connectDeadline_ = {};
  TimerId timer_ = 0;  ///< of the connect attempt, later of the draining
  TimerId handshakeTimer_ = 0;
  bool connected_ = false;    ///< the socket is; a TLS handshake may follow
  bool handshaking_ = false;
  bool paused_ = false;
  bool reading_ = false;  ///< readSome() is on the stack
  int lowWater_ = 1;      ///< bytes that must be there before the socket counts as readable
  Endpoint target_;
  Endpoint remote_;
  Endpoint local_;
  std::string peerSubject_;

  mutable Mutex mutex_;
  Phase phase_ KLAMM_GUARDED_BY(mutex_) = Phase::Connecting;
  int socket_ KLAMM_GUARDED_BY(mutex_) = -1;
  OutputQueue output_ KLAMM_GUARDED_BY(mutex_);
  std::unique_ptr<TlsStream> tls_ KLAMM_GUARDED_BY(mutex_);  ///< from the handshake on, with options_.tls
  bool waitingToWrite_ KLAMM_GUARDED_BY(mutex_) = false;  ///< the loop will write; nobody else may
  Error reason_ KLAMM_GUARDED_BY(mutex_);
  std::atomic<Duration> lastActive_;
};

}  // namespace klamm::net
