#pragma once
// A TLS session on a socket: the driver around TlsEngine.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/frame_reader.h"
#include "net/output_queue.h"
#include "net/tls/engine.h"

namespace klamm::net {

/// Carries bytes between a socket, a TlsEngine, a FrameReader and an OutputQueue, never blocking on the socket. What was
/// encrypted and the socket has not taken is at most about 64 KiB, and 256 KiB that TLS itself answers: then it fails.
/// Threading: one thread at a time (the connection's lock); read() on the loop's thread, for the sake of the FrameReader.
class TlsStream {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TlsStream>> make(std::shared_ptr<const TlsContext> context, const std::string& host, std::string peer);

  struct Taken {
    std::size_t bytes = 0;  ///< that the socket gave
    bool more = false;      ///< call again without waiting for the socket
    bool ended = false;     ///< the peer has closed its side; what it sent before came by earlier calls
  };
  /// One read of the socket, decrypted into `reader` until its frame is full; what then is left comes by the next call.
  [[nodiscard]] Result<Taken> read(int socket, FrameReader& reader);
  /// Sends what waits, then encrypts from `queue` and sends, about `budget` bytes. Stops in front of file ranges without
  /// `files`. Returns the bytes that the socket took.
  [[nodiscard]] Result<std::uint64_t> write(int socket, OutputQueue& queue, std::uint64_t budget, bool files);
  /// There is something to write once the socket can take it: encrypted bytes, or what write() would encrypt of `queue`.
  [[nodiscard]] bool unsent(const OutputQueue& queue) const { return waits() || (!dead_ && engine_->established() && !engine_->holdsBack() && !queue.empty()); }
  /// All of what write() was given has been taken by the socket.
  [[nodiscard]] bool isEmpty() const { return !waits() && (dead_ || !engine_->holdsBack()); }
  /// Encrypted bytes wait for the socket.
  [[nodiscard]] bool waits() const { return !dead_ && !engine_->toSend().empty(); }
  [[nodiscard]] std::size_t waitingBytes() const { return engine_->toSend().size(); }
  /// What a peer that closes should see: the alert, or the goodbye of an orderly end; then the end of the stream. Reads what
  /// has come, because closing a socket with unread bytes would throw away what was just sent.
  void leave(int socket);

  [[nodiscard]] TlsEngine& engine() noexcept { return *engine_; }
  [[nodiscard]] const TlsEngine& engine() const noexcept { return *engine_; }
  /// The socket takes nothing any more, but the peer's reason may still be read.
  [[nodiscard]] bool isDead() const noexcept { return dead_; }

 private:
  explicit TlsStream(std::unique_ptr<TlsEngine> engine, TlsRole role) : engine_(std::move(engine)), role_(role) {}
  [[nodiscard]] Status checkWaiting() const;
  [[nodiscard]] Status decrypt(FrameReader& reader);
  [[nodiscard]] Result<std::uint64_t> sendWaiting(int socket);
  [[nodiscard]] Status encryptSome(OutputQueue& queue, bool files);

  std::unique_ptr<TlsEngine> engine_;
  TlsRole role_;
  bool left_ = false;  ///< decrypting stopped because a frame was full
  bool dead_ = false;
};

}  // namespace klamm::net
