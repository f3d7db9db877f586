#pragma once
// Two TLS engines that talk through memory, for the tests of this folder.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/tls/engine.h"
#include "support/certificates.h"

namespace klamm::net {

inline const test::Certificates& certificates() {
  static const test::Certificates all;
  return all;
}

inline TlsSettings serverSettings(const test::Identity& identity) {
  TlsSettings settings;
  settings.privateKey = identity.key;
  settings.certificateChain = identity.certificate;
  settings.trusted = certificates().authority.certificate();
  return settings;
}

inline TlsSettings clientSettings() {
  TlsSettings settings;
  settings.trusted = certificates().authority.certificate();
  return settings;
}

inline std::shared_ptr<const TlsContext> contextOf(const TlsSettings& settings, TlsRole role) {
  auto made = TlsContext::make(settings, role, ErrorCode::InvalidConfig);
  EXPECT_TRUE(made) << made.error().message();
  return made ? *made : nullptr;
}

/// A client and a server, and everything that was refused.
struct TlsPair {
  TlsPair(const TlsSettings& clientSide, const TlsSettings& serverSide, const std::string& host = "localhost")
      : client(*TlsEngine::make(contextOf(clientSide, TlsRole::Client), host, "TLS handshake with " + host)),
        server(*TlsEngine::make(contextOf(serverSide, TlsRole::Server), "", "TLS handshake")) {}

  /// Carries bytes, at most `step` at a time, until nobody has any left.
  void exchange(std::size_t step = 1 << 20) {
    if (!client->established()) note(client->handshake(), clientError);
    while (carry(*client, *server, serverError, step) || carry(*server, *client, clientError, step)) {
    }
  }
  static std::string readAll(TlsEngine& engine, Error* error = nullptr) {
    std::string text;
    std::vector<std::byte> room(64 * 1024);
    for (;;) {
      const auto count = engine.read(room);
      if (!count && error != nullptr) *error = count.error();
      if (!count || *count == 0) return text;
      text.append(reinterpret_cast<const char*>(room.data()), *count);
    }
  }

  std::unique_ptr<TlsEngine> client;
  std::unique_ptr<TlsEngine> server;
  Error clientError;
  Error serverError;

 private:
  static void note(const Status& status, Error& error) {
    if (!status && !error) error = status.error();
  }
  static bool carry(TlsEngine& from, TlsEngine& to, Error& error, std::size_t step) {
    const BytesView bytes = from.toSend();
    if (bytes.empty()) return false;
    const std::size_t count = std::min(step, bytes.size());
    if (!error) note(to.received(bytes.first(count)), error);
    from.sent(count);
    return true;
  }
};

}  // namespace klamm::net
