#pragma once
// What all TLS sessions of one client or one listener share: certificates, key, versions, ciphers.

#include <memory>
#include <string>

#include "net/tls/settings.h"

extern "C" {
typedef struct ssl_ctx_st SSL_CTX;  // OpenSSL's names, so that no other layer sees its headers
typedef struct ssl_st SSL;
}

namespace klamm::net {

/// Settings in OpenSSL's form. Threading: immutable; sessions of any thread may be made from it.
class TlsContext {
 public:
  /// Parses certificates and key. Fails with `code` and one sentence that names the key or file.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(const TlsSettings& settings, TlsRole role, ErrorCode code);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] TlsRole role() const noexcept { return role_; }
  [[nodiscard]] bool checksHost() const noexcept { return checkHost_; }
  /// A certificate of our own can be shown.
  [[nodiscard]] bool hasCertificate() const noexcept { return hasCertificate_; }
  /// "TLSv1.2, TLSv1.3", for errors.
  [[nodiscard]] const std::string& versions() const noexcept { return versions_; }
  [[nodiscard]] SSL_CTX* get() const noexcept { return context_; }

 private:
  TlsContext(SSL_CTX* context, TlsRole role, const TlsSettings& settings);

  SSL_CTX* context_;
  TlsRole role_;
  bool checkHost_;
  bool hasCertificate_;
  std::string versions_;
};

/// Settings and context at once, from the ssl.* keys.
[[nodiscard]] Result<std::shared_ptr<const TlsContext>> makeTlsContext(const TlsLookUp& lookUp, TlsRole role, ErrorCode code);

}  // namespace klamm::net
