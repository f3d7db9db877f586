#include "net/tls/engine.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "net/tls/failure.h"
#include "net/tls/openssl.h"
#include "net/tls/subject.h"

namespace klamm::net {
namespace {

/// Both chains of certificates and everything around them; real handshakes take 2 to 20 KiB.
constexpr std::size_t kMaxHandshake = 256 * 1024;

[[nodiscard]] bool isNumeric(const std::string& host) {
  const bool v4 = host.find_first_not_of("0123456789.") == std::string::npos;
  return v4 || host.find(':') != std::string::npos;
}

/// The first byte of every record of TLS: change_cipher_spec, alert, handshake, application_data.
[[nodiscard]] bool beginsRecord(std::byte first) noexcept { return first >= std::byte{20} && first <= std::byte{23}; }

}  // namespace

struct TlsEngine::Session {
  SslOwner ssl;
  BIO* in = nullptr;   // both belong to `ssl`
  BIO* out = nullptr;
  int handshakes = 0;  ///< that have begun

  static void onInfo(const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) != 0) ++static_cast<Session*>(SSL_get_app_data(ssl))->handshakes;
  }
};

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context, std::unique_ptr<Session> session, std::string peer)
    : context_(std::move(context)), session_(std::move(session)), peer_(std::move(peer)) {}

TlsEngine::~TlsEngine() = default;

Result<std::unique_ptr<TlsEngine>> TlsEngine::make(std::shared_ptr<const TlsContext> context, const std::string& host, std::string peer) {
  ERR_clear_error();
  auto session = std::make_unique<Session>();
  session->ssl.reset(SSL_new(context->get()));
  BioOwner in(BIO_new(BIO_s_mem()));
  BioOwner out(BIO_new(BIO_s_mem()));
  if (!session->ssl || !in || !out) return fail(ErrorCode::TlsFailed, peer + ": OpenSSL has no memory for a session");
  BIO_set_mem_eof_return(in.get(), -1);  // empty means "not yet", the end of the stream is the caller's to see
  SSL* ssl = session->ssl.get();
  session->in = in.get();
  session->out = out.get();
  SSL_set_bio(ssl, in.release(), out.release());
  SSL_set_app_data(ssl, session.get());
  SSL_set_info_callback(ssl, &Session::onInfo);
  if (context->role() == TlsRole::Server) {
    SSL_set_accept_state(ssl);
    return std::unique_ptr<TlsEngine>(new TlsEngine(std::move(context), std::move(session), std::move(peer)));
  }
  SSL_set_connect_state(ssl);
  const std::string address = host.substr(0, host.find('%'));  // an IPv6 address without its zone
  if (!isNumeric(host) && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) {
    return fail(ErrorCode::TlsFailed, fmt::format("{}: the host name cannot be sent in a TLS handshake", peer));
  }
  if (context->checksHost()) {
    X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(ssl), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool set = isNumeric(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address.c_str()) == 1 : SSL_set1_host(ssl, host.c_str()) == 1;
    if (!set) return fail(ErrorCode::TlsFailed, fmt::format("{}: the host name cannot be compared with a certificate", peer));
  }
  return std::unique_ptr<TlsEngine>(new TlsEngine(std::move(context), std::move(session), std::move(peer)));
}

Status TlsEngine::received(BytesView bytes) {
  if (bytes.empty()) return {};
  if (!established_) {
    if (handshakeBytes_ == 0 && !beginsRecord(bytes.front())) {
      // A client in plain text sees by this that the port speaks TLS: FrameReader knows the beginning of an alert.
      constexpr unsigned char kUnexpectedMessage[] = {21, 3, 3, 0, 2, 2, 10};
      if (context_->role() == TlsRole::Server) (void)BIO_write(session_->out, kUnexpectedMessage, sizeof(kUnexpectedMessage));
      return fail(ErrorCode::TlsFailed, notTls(peer_, context_->role()));
    }
    handshakeBytes_ += bytes.size();
    if (handshakeBytes_ > kMaxHandshake) return fail(ErrorCode::TlsFailed, fmt::format("{}: the handshake is longer than {} bytes", peer_, kMaxHandshake));
  }
  if (BIO_write(session_->in, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size())) {
    return fail(ErrorCode::NetworkException, peer_ + ": no memory for what came");
  }
  return established_ ? Status() : handshake();
}

Status TlsEngine::handshake() {
  if (established_) return {};
  ERR_clear_error();
  const int done = SSL_do_handshake(session_->ssl.get());
  if (done == 1) {
    established_ = true;
    return {};
  }
  const int error = SSL_get_error(session_->ssl.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {};
  if (error == SSL_ERROR_ZERO_RETURN) {
    peerClosed_ = true;
    return fail(endOfStream());
  }
  return fail(failure());
}

Result<std::size_t> TlsEngine::read(std::span<std::byte> room) {
  ERR_clear_error();
  std::size_t count = 0;
  const int done = SSL_read_ex(session_->ssl.get(), room.data(), room.size(), &count);
  // OpenSSL refuses it by an alert and goes on; each request would be answered so.
  if (session_->handshakes > 1 && SSL_version(session_->ssl.get()) < TLS1_3_VERSION) {
    return fail(ErrorCode::NetworkException, peer_ + ": the peer wants to renegotiate the TLS session, which is not supported");
  }
  if (done == 1) {
    flowing_ = true;
    return count;
  }
  const int error = SSL_get_error(session_->ssl.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    KLAMM_TRY(writeHeldBack());
    return std::size_t{0};
  }
  if (error == SSL_ERROR_ZERO_RETURN) {
    peerClosed_ = true;
    return std::size_t{0};
  }
  return fail(failure());
}

Status TlsEngine::write(BytesView plain) {
  while (!plain.empty() && heldBack_.empty()) {
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_write_ex(session_->ssl.get(), plain.data(), plain.size(), &count);
    if (done == 1) {
      plain = plain.subspan(count);
      continue;
    }
    // Memory takes everything, but in the middle of an update of keys OpenSSL wants the rest of it first.
    if (SSL_get_error(session_->ssl.get(), done) != SSL_ERROR_WANT_READ) return fail(failure());
    break;
  }
  heldBack_.insert(heldBack_.end(), plain.begin(), plain.end());
  return {};
}

Status TlsEngine::writeHeldBack() {
  if (heldBack_.empty()) return {};
  const std::vector<std::byte> plain = std::exchange(heldBack_, {});
  return write(plain);
}

BytesView TlsEngine::toSend() const {
  char* data = nullptr;
  const long length = BIO_get_mem_data(session_->out, &data);
  return BytesView(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(length)).subspan(sent_);
}

void TlsEngine::sent(std::size_t count) {
  sent_ += count;
  if (!toSend().empty()) return;
  (void)BIO_reset(session_->out);
  sent_ = 0;
}

void TlsEngine::sayGoodbye() {
  ERR_clear_error();
  if (established_) (void)SSL_shutdown(session_->ssl.get());
}

Error TlsEngine::failure() const {
  FailureText told = describeFailure({session_->ssl.get(), context_.get(), peer_});
  return Error(flowing_ || told.mayPass ? ErrorCode::NetworkException : ErrorCode::TlsFailed, std::move(told.text));
}

Error TlsEngine::endOfStream() const {
  if (flowing_) return Error(ErrorCode::NetworkException, "the peer closed the connection");
  return Error(ErrorCode::NetworkException, earlyEnd(peer_, *context_, established_, handshakeBytes_));
}

std::string TlsEngine::peerSubject() const {
  const CertificateOwner certificate(SSL_get1_peer_certificate(session_->ssl.get()));
  return certificate ? subjectOf(X509_get_subject_name(certificate.get())) : std::string();
}

}  // namespace klamm::net
