#include "net/socket_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace klamm::net {
namespace {

/// One turn of the loop reads and writes about so much for one connection, then the others have theirs.
constexpr int kReadsPerTurn = 4;
constexpr std::uint64_t kWritePerTurn = 1024 * 1024;
/// Within a large frame the socket wakes us for so much, or for what the frame lacks: waking a sleeping thread costs the
/// peer, too, more time than sending 64 KiB does.
constexpr std::size_t kWakeFor = std::size_t{128} * 1024;

std::string systemMessage(int error) { return std::strerror(error); }

}  // namespace

void applyOptions(int socket, const SocketOptions& options, const SocketAddress& peer) noexcept {
  const auto set = [socket](int level, int name, int value) { (void)::setsockopt(socket, level, name, &value, sizeof(value)); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  if (options.sendBuffer >= 0) set(SOL_SOCKET, SO_SNDBUF, options.sendBuffer);
  if (options.receiveBuffer >= 0) set(SOL_SOCKET, SO_RCVBUF, options.receiveBuffer);
  const std::string& congestion = options.loopbackCongestion;
  if (!congestion.empty() && peer.isLoopback()) {
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, congestion.data(), static_cast<socklen_t>(congestion.size()));
  }
}

SocketConnection::SocketConnection(AsioLoop& loop, ConnectionOptions options, std::shared_ptr<ConnectionHandler> handler,
                                   Forget forget)
    : loop_(loop), options_(std::move(options)), forget_(std::move(forget)), handler_(std::move(handler)),
      reader_(options_.maxFrame, loop_.framePool()), lastActive_(loop.now().time_since_epoch()) {}

SocketConnection::~SocketConnection() = default;  // finish() or abandon() has closed the socket

// ---- Coming to life ------------------------------------------------------------------------------------------------

void SocketConnection::startConnecting(std::vector<SocketAddress> addresses, TimePoint deadline) {
  if (isClosed()) return;
  addresses_ = std::move(addresses);
  connectDeadline_ = deadline;
  tryNextAddress();
}

void SocketConnection::tryNextAddress() {
  while (nextAddress_ < addresses_.size()) {
    const std::size_t left = addresses_.size() - nextAddress_;
    const SocketAddress& address = addresses_[nextAddress_++];
    const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      attemptFailed(systemMessage(errno));
      continue;
    }
    applyOptions(socket, options_.socket, address);
    if (::connect(socket, address.get(), address.length) != 0 && errno != EINPROGRESS) {
      attemptFailed(systemMessage(errno));
      ::close(socket);
      continue;
    }
    takeSocket(socket);
    const TimePoint now = loop_.now();
    const TimePoint deadline = now + (connectDeadline_ - now) / static_cast<int>(left);
    timer_ = loop_.schedule(deadline, [this] {
      attemptFailed("no answer in time");
      releaseSocket();
      tryNextAddress();
    });
    watcher_->wantWrite();
    return;
  }
  const bool late = loop_.now() >= connectDeadline_;
  close(Error(late ? ErrorCode::RequestTimedOut : ErrorCode::NetworkException, "connecting to " + attempts_));
}

void SocketConnection::attemptFailed(const std::string& why) {
  attempts_ += fmt::format("{}{}: {}", attempts_.empty() ? "" : ", ", addresses_[nextAddress_ - 1].toEndpoint().toString(), why);
}

/// The socket became writable, or failed.
void SocketConnection::connectEnded() {
  int socket = -1;
  {
    MutexLock lock(mutex_);
    socket = socket_;
  }
  int error = 0;
  socklen_t length = sizeof(error);
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  loop_.cancel(timer_);
  if (error != 0) {
    attemptFailed(systemMessage(error));
    releaseSocket();
    tryNextAddress();
    return;
  }
  open();
}

void SocketConnection::adopt(int socket) {
  takeSocket(socket);
  const SocketAddress peer = SocketAddress::remoteOf(socket);
  applyOptions(socket, options_.socket, peer);
  remote_ = peer.toEndpoint();
  local_ = SocketAddress::localOf(socket).toEndpoint();
}

void SocketConnection::open() {
  {
    MutexLock lock(mutex_);
    if (phase_ != Phase::Connecting && phase_ != Phase::Draining) return;
    connected_ = true;
    if (remote_.host.empty()) {
      remote_ = SocketAddress::remoteOf(socket_).toEndpoint();
      local_ = SocketAddress::localOf(socket_).toEndpoint();
    }
  }
  touch();
  if (options_.tls) startHandshake();
  else opened();
}

/// A client has what is left of its deadline for connecting.
void SocketConnection::startHandshake() {
  const bool client = options_.tls->role() == TlsRole::Client;
  const std::string peer = fmt::format("TLS handshake{}", client ? " with " + target_.toString() : "");
  handshaking_ = true;
  reader_.expectNoTls();
  handshakeTimer_ = loop_.schedule(client ? connectDeadline_ : loop_.now() + options_.tlsHandshakeTimeout, [this, what = peer] {
    close(Error(ErrorCode::RequestTimedOut, what + ": the peer did not go on in time"));
  });
  bool waits = false;
  {
    MutexLock lock(mutex_);
    auto stream = TlsStream::make(options_.tls, target_.host, peer);
    if (!stream) return closeLocked(stream.error());
    tls_ = *std::move(stream);
    if (auto begun = client ? tls_->engine().handshake() : Status(); !begun) return closeLocked(begun.error());
    if (auto written = flushLocked(); !written) return closeLocked(written.error());
    waits = waitingToWrite_ = unsentLocked();
  }
  if (waits) startWriting();
  watcher_->wantRead();
}

/// Frames can be carried.
void SocketConnection::opened() {
  bool queued = false;
  {
    MutexLock lock(mutex_);
    if (phase_ != Phase::Connecting && phase_ != Phase::Draining) return;
    if (phase_ == Phase::Connecting) phase_ = Phase::Open;
    queued = unsentLocked();
    waitingToWrite_ = queued;
    if (tls_) peerSubject_ = tls_->engine().peerSubject();
  }
  if (queued) startWriting();
  watcher_->wantRead();
  handler_->onOpen(*this);
}

void SocketConnection::takeSocket(int socket) {
  {
    MutexLock lock(mutex_);
    socket_ = socket;
  }
  watcher_ = std::make_unique<Watcher>(loop_, socket, *this);
}

void SocketConnection::releaseSocket() noexcept {
  watcher_.reset();
  MutexLock lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

// ---- Reading (loop thread) -----------------------------------------------------------------------------------------

void SocketConnection::onReadable() {
  const auto self = shared_from_this();  // a frame's handler may let go of the last reference
  readSome();
}

void SocketConnection::resumeReading() {
  if (!paused_) return;
  paused_ = false;
  if (reading_) return;
  // Later, so that a handler which answers at once and resumes does not nest.
  loop_.post([self = shared_from_this()] { self->readSome(); });
}

void SocketConnection::readSome() {
  reading_ = true;
  deliverFrames();  // what had been read before a pause
  Read read = Read::Emptied;
  for (int turn = 0; turn < kReadsPerTurn && watcher_ && (handshaking_ || !paused_); ++turn) {
    read = readOnce();
    if (read == Read::Ended) break;
    deliverFrames();
    if (read == Read::Emptied) break;
  }
  reading_ = false;
  if (!watcher_ || (paused_ && !handshaking_) || !mayRead()) return;
  // What TLS has taken from the socket already wakes nobody.
  if (read == Read::Filled && options_.tls) loop_.post([self = shared_from_this()] { self->readSome(); });
  else waitForMore();
}

void SocketConnection::waitForMore() {
  const auto wanted = options_.tls ? 1 : static_cast<int>(std::clamp<std::size_t>(reader_.missing(), 1, kWakeFor));
  if (wanted != lowWater_) {
    lowWater_ = wanted;
    MutexLock lock(mutex_);
    (void)::setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted));  // where that fails, each byte wakes us
  }
  watcher_->wantRead();
}

SocketConnection::Read SocketConnection::readOnce() {
  if (options_.tls) return readTls();
  int socket = -1;
  {
    MutexLock lock(mutex_);
    if (!readsLocked()) return Read::Ended;
    socket = socket_;
  }
  return readPlain(socket);
}

/// Reading may end the handshake, and may make bytes to be sent: handshake messages, alerts, updates of keys.
SocketConnection::Read SocketConnection::readTls() {
  bool open = false;
  bool handOver = false;
  bool more = false;
  {
    MutexLock lock(mutex_);
    if (!readsLocked() || !tls_) return Read::Ended;
    const bool before = tls_->engine().established();
    const auto taken = tls_->read(socket_, reader_);
    if (!taken) {
      closeLocked(taken.error());
      return Read::Ended;
    }
    if (taken->ended) {
      closeLocked(reader_.pending() != 0 ? Error(ErrorCode::NetworkException, "the peer closed the connection within a frame")
                                         : tls_->engine().endOfStream());
      return Read::Ended;
    }
    if (taken->bytes != 0) touch();
    more = taken->more;
    open = !before && tls_->engine().established();
    if (!waitingToWrite_ && unsentLocked()) {
      if (auto written = flushLocked(); !written) {
        closeLocked(written.error());
        return Read::Ended;
      }
      handOver = waitingToWrite_ = unsentLocked();
    }
  }
  if (handOver) startWriting();
  if (open) {
    handshaking_ = false;
    loop_.cancel(handshakeTimer_);
    opened();
  }
  return more ? Read::Filled : Read::Emptied;
}

SocketConnection::Read SocketConnection::readPlain(int socket) {
  const auto room = reader_.room();
  const ssize_t count = ::recv(socket, room.data(), room.size(), MSG_DONTWAIT);
  if (count > 0) {
    reader_.received(static_cast<std::size_t>(count));
    touch();
    return static_cast<std::size_t>(count) == room.size() ? Read::Filled : Read::Emptied;
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Read::Emptied;
  std::string why = "the peer closed the connection";
  if (count < 0) why = systemMessage(errno);
  else if (reader_.pending() != 0) why += " within a frame";
  close(Error(ErrorCode::NetworkException, std::move(why)));
  return Read::Ended;
}

void SocketConnection::deliverFrames() {
  while (!paused_ && isOpen()) {
    auto frame = reader_.next();
    if (!frame) return close(frame.error());
    if (!*frame) break;
    handler_->onFrame(*this, **std::move(frame));
  }
  if (const BytesView front = reader_.begun(); !front.empty() && !paused_ && isOpen()) handler_->onFrameBegun(*this, front);
}

// ---- Writing (any thread) ------------------------------------------------------------------------------------------

Status SocketConnection::send(Parts frame) {
  bool handOver = false;
  {
    MutexLock lock(mutex_);
    if (phase_ == Phase::Draining || phase_ == Phase::Closed) return fail(ErrorCode::NetworkException, "the connection is closed");
    if (output_.bytes() > options_.maxQueued) {
      closeLocked(Error(ErrorCode::NetworkException, "the peer does not read what it is sent"));
      return fail(reason_);
    }
    output_.push(std::move(frame));
    if (phase_ != Phase::Open || waitingToWrite_) return {};
    if (auto written = flushLocked(); !written) {
      closeLocked(written.error());
      return fail(written.error());
    }
    handOver = waitingToWrite_ = unsentLocked();
  }
  if (!handOver) return {};
  if (loop_.runsHere()) startWriting();
  else loop_.post([self = shared_from_this()] { self->startWriting(); });
  return {};
}

Status SocketConnection::flushLocked() {
  auto written = tls_ ? tls_->write(socket_, output_, kWritePerTurn, loop_.runsHere()) : output_.writeTo(socket_, kWritePerTurn, loop_.runsHere());
  if (!written) return fail(written.error());
  if (*written != 0) touch();
  return {};
}

void SocketConnection::startWriting() {
  if (watcher_) watcher_->wantWrite();
}

void SocketConnection::onWritable() {
  const auto self = shared_from_this();
  bool drained = false;
  {
    MutexLock lock(mutex_);
    if (phase_ == Phase::Closed) return;
    if (connected_) {
      if (auto written = flushLocked(); !written) return closeLocked(written.error());
      drained = !unsentLocked();
      waitingToWrite_ = !drained;
      if (sentLocked() && phase_ == Phase::Draining) return closeLocked(reason_);
    }
  }
  if (!connected_) return connectEnded();
  if (handshaking_ && drained) return;
  if (drained) handler_->onDrained(*this);
  else startWriting();
}

// ---- The end -------------------------------------------------------------------------------------------------------

void SocketConnection::close(Error reason) {
  MutexLock lock(mutex_);
  if (phase_ == Phase::Draining) reason = reason_;
  closeLocked(std::move(reason));
}

void SocketConnection::closeLocked(Error reason) {
  if (phase_ == Phase::Closed) return;
  phase_ = Phase::Closed;
  reason_ = std::move(reason);
  loop_.post([self = shared_from_this()] { self->finish(); });
}

void SocketConnection::closeWhenSent(Error reason, TimePoint deadline) {
  {
    MutexLock lock(mutex_);
    if (phase_ == Phase::Draining || phase_ == Phase::Closed) return;
    if (sentLocked()) return closeLocked(std::move(reason));
    phase_ = Phase::Draining;
    reason_ = std::move(reason);
  }
  loop_.post([self = shared_from_this(), deadline] {
    if (self->isClosed()) return;
    self->loop_.cancel(self->timer_);
    self->timer_ = self->loop_.schedule(deadline, [raw = self.get()] { raw->close(Error()); });
  });
}

/// Loop thread, once.
void SocketConnection::finish() {
  loop_.cancel(timer_);
  loop_.cancel(handshakeTimer_);
  {
    MutexLock lock(mutex_);
    if (tls_ && socket_ >= 0) tls_->leave(socket_);
  }
  releaseSocket();
  Error reason;
  OutputQueue unsent;  // let go of outside the lock
  {
    MutexLock lock(mutex_);
    reason = reason_;
    std::swap(unsent, output_);
  }
  const auto handler = std::move(handler_);
  if (handler) handler->onClosed(*this, reason);
  if (forget_) forget_(*this);
}

void SocketConnection::abandon() {
  OutputQueue unsent;
  {
    MutexLock lock(mutex_);
    phase_ = Phase::Closed;
    std::swap(unsent, output_);
  }
  loop_.cancel(timer_);
  loop_.cancel(handshakeTimer_);
  releaseSocket();
  handler_.reset();
}

std::size_t SocketConnection::queuedBytes() const {
  MutexLock lock(mutex_);
  return static_cast<std::size_t>(output_.bytes()) + (tls_ ? tls_->waitingBytes() : 0);
}

bool SocketConnection::unsentLocked() const {
  return tls_ ? tls_->unsent(output_) : !output_.empty();
}

bool SocketConnection::sentLocked() const { return output_.empty() && (!tls_ || tls_->isEmpty()); }

bool SocketConnection::readsLocked() const { return phase_ == Phase::Open || (handshaking_ && phase_ != Phase::Closed); }

bool SocketConnection::mayRead() const {
  MutexLock lock(mutex_);
  return readsLocked();
}

bool SocketConnection::isOpen() const {
  MutexLock lock(mutex_);
  return phase_ == Phase::Open;
}

bool SocketConnection::isClosed() const {
  MutexLock lock(mutex_);
  return phase_ == Phase::Closed;
}

TimePoint SocketConnection::lastActive() const {
  const TimePoint seen(lastActive_.load(std::memory_order_relaxed));
#ifdef __linux__
  // Bytes of a large frame that are too few to wake us are activity too: the kernel knows when they came.
  tcp_info info = {};
  socklen_t size = sizeof(info);
  const MutexLock lock(mutex_);
  if (socket_ >= 0 && phase_ == Phase::Open && ::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    return std::max(seen, loop_.now() - std::chrono::milliseconds(info.tcpi_last_data_recv));
  }
#endif
  return seen;
}

}  // namespace klamm::net
