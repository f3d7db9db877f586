#pragma once
// Why a TLS session failed, in words: the peer, what happened, what to do.

#include <cstddef>
#include <string>

#include "net/tls/context.h"

namespace klamm::net {

/// What a failure is explained by, with OpenSSL's queue of errors as the failed call left it. Threading: used at once.
struct FailureFacts {
  SSL* ssl = nullptr;
  const TlsContext* context = nullptr;
  const std::string& peer;
};

/// Threading: a value.
struct FailureText {
  std::string text = {};
  bool mayPass = false;  ///< the peer's alert speaks of the peer itself and not of us: trying again may help, as in Java
};

/// Makes sessions of this context remember the certificate that they refuse, for describeFailure(). `mode` is that of
/// SSL_CTX_set_verify().
void verifyPeers(SSL_CTX* context, int mode);
/// "localhost:9093: the certificate of the broker (CN=broker) expired on Jan  1 00:00:00 2025 GMT: it must be renewed".
[[nodiscard]] FailureText describeFailure(const FailureFacts& facts);
/// The first byte that came begins no record of TLS.
[[nodiscard]] std::string notTls(const std::string& peer, TlsRole role);
/// The stream ended in the handshake, or right behind it.
[[nodiscard]] std::string earlyEnd(const std::string& peer, const TlsContext& context, bool established, std::size_t received);

}  // namespace klamm::net
