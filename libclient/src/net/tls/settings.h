#pragma once
// What the ssl.* keys of Kafka ask for, read and checked; the same for clients and for a broker's listener.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace klamm::net {

/// Who opens the session.
enum class TlsRole { Client, Server };

/// Certificates and keys as PEM text, whatever file they came from. Threading: a value.
struct TlsSettings {
  enum class ClientAuth { None, Requested, Required };

  bool tls12 = true;
  bool tls13 = true;
  std::vector<std::string> cipherSuites = {};         ///< Java's (IANA's) names; empty: OpenSSL's defaults
  std::optional<std::string> trusted = {};            ///< certificates that are trusted; none: the system's
  std::string trustedFrom = {};                       ///< key or file, for errors
  std::optional<std::string> certificateChain = {};   ///< our own, the leaf first
  std::optional<std::string> privateKey = {};
  std::string keyFrom = {};                           ///< key or file, for errors
  std::string keyPassword = {};
  bool checkHost = true;                              ///< client: the server's certificate is for the host connected to
  ClientAuth clientAuth = ClientAuth::None;           ///< server
};

/// The value of a key without its prefix ("ssl.protocol"): what was set, else Kafka's default, else nothing.
using TlsLookUp = std::function<std::optional<std::string>(std::string_view key)>;

/// Reads the ssl.* keys, and the files that they name. Fails with `code` and one sentence that says what to do: stores in
/// Java's forms (JKS, PKCS12) are not read and the sentence tells how to convert them.
[[nodiscard]] Result<TlsSettings> tlsSettings(const TlsLookUp& lookUp, TlsRole role, ErrorCode code);

}  // namespace klamm::net
