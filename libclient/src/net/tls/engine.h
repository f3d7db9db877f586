#pragma once
// One TLS session without a socket: bytes in, plain bytes and bytes to send out.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <klamm/bytes.h>

#include "base/result.h"
#include "net/tls/context.h"

namespace klamm::net {

/// A session over memory alone. Whoever owns it carries the bytes:
///
///     socket --received()--> | engine | --read()-->   frames
///     socket <--toSend()---- |        | <--write()--  frames
///
///     Handshaking --handshake()--> Established --read() gave something--> Flowing
///
/// A failure in the handshake, or before the first byte of the peer's (where a TLS 1.3 server refuses a client's
/// certificate), is TlsFailed: trying again does not help. Later ones are NetworkException, and so is a peer that only says
/// that it ends the session, or that it has a fault of its own. After a failure toSend() still
/// has the alert that tells the peer why.
///
/// Bounds: a handshake takes 256 KiB at most; what was received and not read is at most what the caller gave at once and
/// one record of 16 KiB; what is to be sent is what the caller wrote, and what TLS answers to what was read: about ten times
/// that at worst, so the caller looks at toSend() after each read(). A session that asks to renegotiate fails, as in Kafka.
///
/// Threading: one thread at a time (the connection's lock).
class TlsEngine {
 public:
  /// `host` is what a client connected to, a name or a numeric address: it is sent as SNI (names only) and compared with
  /// the certificate. `peer` names the other side in errors.
  [[nodiscard]] static Result<std::unique_ptr<TlsEngine>> make(std::shared_ptr<const TlsContext> context, const std::string& host, std::string peer);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  /// Bytes from the peer. In the handshake this goes on with it.
  [[nodiscard]] Status received(BytesView bytes);
  /// Begins the handshake (a client's first bytes), or goes on with it.
  [[nodiscard]] Status handshake();
  [[nodiscard]] bool established() const noexcept { return established_; }
  /// Bytes of the peer have come through the session: it has accepted us.
  [[nodiscard]] bool flowing() const noexcept { return flowing_; }

  /// Plain bytes into `room`; 0 when nothing is there at the moment, or peerClosed().
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> room);
  /// The peer has said that nothing follows.
  [[nodiscard]] bool peerClosed() const noexcept { return peerClosed_; }
  /// Encrypts all of it; while the peer is in the middle of a message of TLS itself, when read() has seen its end. Only when
  /// established().
  [[nodiscard]] Status write(BytesView plain);
  /// Something written waits for that end: the caller should read first.
  [[nodiscard]] bool holdsBack() const noexcept { return !heldBack_.empty(); }

  /// Encrypted bytes in order; valid until the next call.
  [[nodiscard]] BytesView toSend() const;
  void sent(std::size_t count);
  /// Says to the peer that nothing follows.
  void sayGoodbye();

  /// What the end of the stream means at this point.
  [[nodiscard]] Error endOfStream() const;
  /// Subject of the certificate that the peer showed, in the form of RFC 2253 as Java prints it; empty without one.
  [[nodiscard]] std::string peerSubject() const;

 private:
  struct Session;
  TlsEngine(std::shared_ptr<const TlsContext> context, std::unique_ptr<Session> session, std::string peer);
  [[nodiscard]] Status writeHeldBack();
  [[nodiscard]] Error failure() const;

  const std::shared_ptr<const TlsContext> context_;
  const std::unique_ptr<Session> session_;
  const std::string peer_;
  std::vector<std::byte> heldBack_;  ///< plain bytes of write()
  std::size_t handshakeBytes_ = 0;
  std::size_t sent_ = 0;  ///< of what toSend() began with
  bool established_ = false;
  bool flowing_ = false;
  bool peerClosed_ = false;
};

}  // namespace klamm::net
