#include "net/tls/stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace klamm::net {
namespace {

constexpr std::size_t kReadAtOnce = 32 * 1024;
constexpr std::size_t kRecord = 16 * 1024;           ///< the largest record of TLS
constexpr std::size_t kEncryptAhead = 3 * kRecord;   ///< one more record is encrypted when less waits than this
/// What we encrypted ahead, and 256 KiB that TLS may owe the peer (alerts, updates of keys): who asks for more does not read.
constexpr std::size_t kMaxWaiting = kEncryptAhead + 2 * kRecord + 256 * 1024;
constexpr int kFarewellReads = 8;

[[nodiscard]] bool wouldBlock(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Result<std::unique_ptr<TlsStream>> TlsStream::make(std::shared_ptr<const TlsContext> context, const std::string& host, std::string peer) {
  const TlsRole role = context->role();
  KLAMM_TRY_ASSIGN(auto engine, TlsEngine::make(std::move(context), host, std::move(peer)));
  return std::unique_ptr<TlsStream>(new TlsStream(std::move(engine), role));
}

Result<TlsStream::Taken> TlsStream::read(int socket, FrameReader& reader) {
  Taken taken;
  if (engine_->peerClosed()) {
    taken.ended = true;
    return taken;
  }
  KLAMM_TRY(checkWaiting());
  if (!left_) {
    std::array<std::byte, kReadAtOnce> cipher;
    const ssize_t count = ::recv(socket, cipher.data(), cipher.size(), MSG_DONTWAIT);
    if (count < 0) {
      if (wouldBlock(errno)) return taken;
      if (errno == ECONNRESET && !engine_->flowing()) return fail(engine_->endOfStream());
      return fail(ErrorCode::NetworkException, std::strerror(errno));
    }
    if (count == 0) {
      taken.ended = true;
      return taken;
    }
    taken.bytes = static_cast<std::size_t>(count);
    taken.more = taken.bytes == cipher.size();
    KLAMM_TRY(engine_->received({cipher.data(), taken.bytes}));
  }
  if (engine_->established()) KLAMM_TRY(decrypt(reader));
  taken.more = taken.more || left_ || engine_->peerClosed();  // the end is told when what came before it has been delivered
  return taken;
}

Status TlsStream::checkWaiting() const {
  if (waitingBytes() <= kMaxWaiting) return {};
  return fail(ErrorCode::NetworkException, "the peer makes TLS answer and does not read");
}

Status TlsStream::decrypt(FrameReader& reader) {
  left_ = false;
  while (!engine_->peerClosed()) {
    if (reader.full()) {
      left_ = true;
      return {};
    }
    KLAMM_TRY_ASSIGN(const std::size_t count, engine_->read(reader.room()));
    KLAMM_TRY(checkWaiting());
    if (count == 0) return {};
    reader.received(count);
  }
  return {};
}

Result<std::uint64_t> TlsStream::write(int socket, OutputQueue& queue, std::uint64_t budget, bool files) {
  std::uint64_t total = 0;
  while (!dead_) {
    KLAMM_TRY_ASSIGN(const std::uint64_t sent, sendWaiting(socket));
    total += sent;
    if (waits() || !engine_->established() || queue.empty() || total >= budget) break;
    const std::uint64_t before = queue.bytes();
    KLAMM_TRY(encryptSome(queue, files));
    if (queue.bytes() == before) break;  // a file range that another thread must read
  }
  return total;
}

/// A client whose certificate a TLS 1.3 server refuses learns it by an alert that it must still read: a failing write is
/// not the end before the peer has said anything.
Result<std::uint64_t> TlsStream::sendWaiting(int socket) {
  std::uint64_t total = 0;
  for (BytesView bytes = engine_->toSend(); !bytes.empty(); bytes = engine_->toSend()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && wouldBlock(errno)) break;
    if (count < 0) {
      if (role_ == TlsRole::Server || engine_->flowing()) return fail(ErrorCode::NetworkException, std::strerror(errno));
      dead_ = true;
      break;
    }
    engine_->sent(static_cast<std::size_t>(count));
    total += static_cast<std::uint64_t>(count);
  }
  return total;
}

/// Small parts are gathered into one record.
Status TlsStream::encryptSome(OutputQueue& queue, bool files) {
  std::array<std::byte, kRecord> plain;
  while (!queue.empty() && waitingBytes() < kEncryptAhead && !engine_->holdsBack()) {
    KLAMM_TRY_ASSIGN(const std::size_t count, queue.copyTo(plain, files));
    if (count == 0) break;
    KLAMM_TRY(engine_->write({plain.data(), count}));
  }
  return {};
}

void TlsStream::leave(int socket) {
  const bool orderly = engine_->established() && engine_->toSend().empty();
  if (orderly) engine_->sayGoodbye();
  (void)sendWaiting(socket);
  (void)::shutdown(socket, SHUT_WR);
  std::array<std::byte, kReadAtOnce> dropped;
  for (int i = 0; i < kFarewellReads && ::recv(socket, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0; ++i) {
  }
}

}  // namespace klamm::net
