#include "net/tls/context.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <openssl/pem.h>

#include "net/tls/failure.h"
#include "net/tls/openssl.h"

namespace klamm::net {
namespace {

[[nodiscard]] std::string opensslMessage() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "unknown reason" : reason;
}

[[nodiscard]] BioOwner memory(const std::string& text) { return BioOwner(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// OpenSSL asks for a password by this; without one it would ask the terminal.
int givePassword(char* buffer, int size, int, void* data) {
  const auto& password = *static_cast<const std::string*>(data);
  const auto length = std::min<std::size_t>(password.size(), static_cast<std::size_t>(size));
  std::memcpy(buffer, password.data(), length);
  return static_cast<int>(length);
}

/// The next certificate of a PEM text; null at its end.
[[nodiscard]] CertificateOwner nextCertificate(BIO* bio) {
  std::string none;
  return CertificateOwner(PEM_read_bio_X509(bio, nullptr, &givePassword, &none));
}

/// Builds one SSL_CTX. Each step fails with a sentence that names the key of the configuration.
class Builder {
 public:
  Builder(SSL_CTX* context, const TlsSettings& settings, TlsRole role, ErrorCode code)
      : context_(context), settings_(settings), role_(role), code_(code) {}

  [[nodiscard]] Status build() {
    setOptions();
    KLAMM_TRY(setCipherSuites());
    KLAMM_TRY(setTrusted());
    if (settings_.privateKey) KLAMM_TRY(setOwnCertificate());
    setVerification();
    return {};
  }

 private:
  template <class... Args>
  [[nodiscard]] auto refuse(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(code_, fmt::format(format, std::forward<Args>(args)...));
  }

  void setOptions() {
    SSL_CTX_set_min_proto_version(context_, settings_.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context_, settings_.tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    // Connections live for hours: resuming sessions would save little and keep secrets in memory.
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    if (role_ == TlsRole::Server) SSL_CTX_set_num_tickets(context_, 0);
    if (role_ == TlsRole::Server) SSL_CTX_set_dh_auto(context_, 1);  // else suites with DHE are offered and never chosen
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  }

  /// Names of TLS 1.3 and of 1.2 go different ways in OpenSSL; a version without any suite left is switched off.
  [[nodiscard]] Status setCipherSuites() {
    if (settings_.cipherSuites.empty()) return {};
    if (SSL_CTX_set_cipher_list(context_, "ALL:!aNULL:!eNULL") != 1) return refuse("no cipher suite is available: {}", opensslMessage());
    std::string modern;
    std::string older;
    for (const std::string& name : settings_.cipherSuites) {
      const SSL_CIPHER* cipher = find(name);
      if (cipher == nullptr) return refuse("Invalid value {} for configuration ssl.cipher.suites: no such cipher suite is available", name);
      const bool is13 = std::strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") == 0;
      std::string& list = is13 ? modern : older;
      list += fmt::format("{}{}", list.empty() ? "" : ":", SSL_CIPHER_get_name(cipher));
    }
    const bool use13 = !modern.empty() && settings_.tls13;
    const bool use12 = !older.empty() && settings_.tls12;
    if (!use13 && !use12) return refuse("ssl.cipher.suites has no suite of a version in ssl.enabled.protocols");
    SSL_CTX_set_min_proto_version(context_, use12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context_, use13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    if (!modern.empty() && SSL_CTX_set_ciphersuites(context_, modern.c_str()) != 1) return refuse("ssl.cipher.suites: {}", opensslMessage());
    if (!older.empty() && SSL_CTX_set_cipher_list(context_, older.c_str()) != 1) return refuse("ssl.cipher.suites: {}", opensslMessage());
    return {};
  }

  [[nodiscard]] const SSL_CIPHER* find(const std::string& name) const {
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context_);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
      const char* standard = SSL_CIPHER_standard_name(cipher);
      if (name == SSL_CIPHER_get_name(cipher) || (standard != nullptr && name == standard)) return cipher;
    }
    return nullptr;
  }

  [[nodiscard]] Status setTrusted() {
    if (!settings_.trusted) {
      if (SSL_CTX_set_default_verify_paths(context_) != 1) return refuse("cannot read the system's trusted certificates: {}", opensslMessage());
      return {};
    }
    X509_STORE* store = SSL_CTX_get_cert_store(context_);
    const BioOwner bio = memory(*settings_.trusted);
    int count = 0;
    while (const CertificateOwner certificate = nextCertificate(bio.get())) {
      if (X509_STORE_add_cert(store, certificate.get()) != 1) return refuse("{}: {}", settings_.trustedFrom, opensslMessage());
      // What a server tells its clients: show a certificate of one of these.
      if (role_ == TlsRole::Server) SSL_CTX_add_client_CA(context_, certificate.get());
      ++count;
    }
    KLAMM_TRY(checkEnd(settings_.trustedFrom, count));
    if (count == 0) return refuse("{}: it has no certificate (-----BEGIN CERTIFICATE-----)", settings_.trustedFrom);
    // Whatever the store has is trusted, as in Java: also an intermediate or a server's own certificate.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_), X509_V_FLAG_PARTIAL_CHAIN);
    return {};
  }

  /// Reading certificates stopped behind `count`: at the end of the text, or at a damaged one.
  [[nodiscard]] Status checkEnd(const std::string& from, int count) const {
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!ended) return refuse("{}: certificate {} cannot be read: {}", from, count + 1, opensslMessage());
    ERR_clear_error();
    return {};
  }

  [[nodiscard]] Status setOwnCertificate() {
    const BioOwner keyBio = memory(*settings_.privateKey);
    std::string password = settings_.keyPassword;
    const KeyOwner key(PEM_read_bio_PrivateKey(keyBio.get(), nullptr, &givePassword, &password));
    if (!key) {
      const bool encrypted = settings_.privateKey->find("ENCRYPTED") != std::string::npos;
      if (encrypted) return refuse("{}: the private key cannot be decrypted: {}", settings_.keyFrom,
                                   password.empty() ? "set ssl.key.password" : "is ssl.key.password right?");
      return refuse("{}: it has no readable private key (-----BEGIN PRIVATE KEY-----): {}", settings_.keyFrom, opensslMessage());
    }
    const BioOwner chain = memory(*settings_.certificateChain);
    CertificateOwner leaf = nextCertificate(chain.get());
    if (!leaf) return refuse("{}: it has no readable certificate (-----BEGIN CERTIFICATE-----): {}", settings_.keyFrom, opensslMessage());
    if (SSL_CTX_use_certificate(context_, leaf.get()) != 1) return refuse("{}: the certificate cannot be used: {}", settings_.keyFrom, opensslMessage());
    if (SSL_CTX_use_PrivateKey(context_, key.get()) != 1 || SSL_CTX_check_private_key(context_) != 1) {
      return refuse("{}: the private key does not belong to the first certificate: {}", settings_.keyFrom, opensslMessage());
    }
    int count = 1;
    while (CertificateOwner next = nextCertificate(chain.get())) {
      if (SSL_CTX_add0_chain_cert(context_, next.get()) != 1) return refuse("{}: {}", settings_.keyFrom, opensslMessage());
      (void)next.release();
      ++count;
    }
    return checkEnd(settings_.keyFrom, count);
  }

  void setVerification() {
    int mode = SSL_VERIFY_PEER;
    if (role_ == TlsRole::Server) {
      if (settings_.clientAuth == TlsSettings::ClientAuth::None) mode = SSL_VERIFY_NONE;
      if (settings_.clientAuth == TlsSettings::ClientAuth::Required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    verifyPeers(context_, mode);
  }

  SSL_CTX* context_;
  const TlsSettings& settings_;
  const TlsRole role_;
  const ErrorCode code_;
};

}  // namespace

TlsContext::TlsContext(SSL_CTX* context, TlsRole role, const TlsSettings& settings)
    : context_(context), role_(role), checkHost_(settings.checkHost), hasCertificate_(settings.privateKey.has_value()),
      versions_(settings.tls12 && settings.tls13 ? "TLSv1.2, TLSv1.3" : settings.tls12 ? "TLSv1.2" : "TLSv1.3") {}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsSettings& settings, TlsRole role, ErrorCode code) {
  ERR_clear_error();
  ContextOwner context(SSL_CTX_new(role == TlsRole::Server ? TLS_server_method() : TLS_client_method()));
  if (!context) return fail(code, "OpenSSL cannot be used: " + opensslMessage());
  KLAMM_TRY(Builder(context.get(), settings, role, code).build());
  return std::shared_ptr<const TlsContext>(new TlsContext(context.release(), role, settings));
}

Result<std::shared_ptr<const TlsContext>> makeTlsContext(const TlsLookUp& lookUp, TlsRole role, ErrorCode code) {
  KLAMM_TRY_ASSIGN(const TlsSettings settings, tlsSettings(lookUp, role, code));
  return TlsContext::make(settings, role, code);
}

}  // namespace klamm::net
