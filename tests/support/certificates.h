#pragma once
// Certificates for tests, made when they are needed: nothing that expires lies in the tree.

#include <string>
#include <vector>

namespace klamm::test {

/// A certificate (with the chain to its root behind it, the root left out) and its key, both as PEM text.
/// Threading: a value.
struct Identity {
  std::string certificate = {};
  std::string key = {};
  /// What a PEM key store of Kafka has in one file.
  [[nodiscard]] std::string keystore() const { return key + certificate; }
};

/// What to write into a certificate.
struct CertificateRequest {
  std::string commonName = {};
  std::string organization = "Klamm";
  std::vector<std::string> hosts = {};  ///< names and numeric addresses for the subject's alternative names
  int validFromDays = -1;
  int validToDays = 30;
  bool client = false;  ///< for clients, else for servers
};

/// Somebody who signs. Threading: one thread at a time.
class Authority {
 public:
  explicit Authority(const std::string& name);
  /// Signed by this authority.
  [[nodiscard]] Identity issue(const CertificateRequest& request) const;
  /// For a trust store.
  [[nodiscard]] const std::string& certificate() const noexcept { return self_.certificate; }

 private:
  Identity self_;
};

/// Signed by itself.
[[nodiscard]] Identity selfSigned(const CertificateRequest& request);
/// The same key, encrypted with a password (PKCS#8, AES-256).
[[nodiscard]] std::string encryptedKey(const std::string& key, const std::string& password);

/// What the tests of TLS need, all from one authority unless said otherwise.
struct Certificates {
  Certificates();
  Authority authority{"Klamm test CA"};
  Authority stranger{"Another CA"};
  Identity server;           ///< for localhost, 127.0.0.1 and ::1
  Identity client;           ///< CN=client,O=Klamm
  Identity expired;          ///< a server's, until yesterday
  Identity wrongName;        ///< for elsewhere.example
  Identity selfSignedServer; ///< for localhost, nobody's
  Identity strangeClient;    ///< signed by the stranger
};

}  // namespace klamm::test
