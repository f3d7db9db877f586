#include "net/tls/settings.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace klamm::net {
namespace {

/// PEM files are small; whatever is larger is none.
constexpr std::size_t kMaxFile = 16 * 1024 * 1024;

[[nodiscard]] std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

/// A PEM text with its line breaks where OpenSSL wants them. Kafka reads blocks with any white space in them; one long line
/// is what is left of a key that came by an environment variable or a form:
///
///     -----BEGIN CERTIFICATE----- MIIB...64 and more... -----END CERTIFICATE----- -----BEGIN ...
///
/// Blocks with headers ("Proc-Type: 4,ENCRYPTED") stay as they are, and so does what is no PEM.
[[nodiscard]] std::string withLines(const std::string& text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  constexpr std::size_t kLine = 64;
  std::string result;
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = text.find(kBegin, at);
    const std::size_t named = begin == std::string::npos ? begin : text.find(kDashes, begin + kBegin.size());
    if (named == std::string::npos) return result += text.substr(at);
    const std::string label = text.substr(begin + kBegin.size(), named - begin - kBegin.size());
    const std::string ending = fmt::format("-----END {}-----", label);
    const std::size_t body = named + kDashes.size();
    const std::size_t end = text.find(ending, body);
    if (end == std::string::npos) return result += text.substr(at);
    std::string base64 = text.substr(body, end - body);
    const bool headers = base64.find(':') != std::string::npos;
    result += text.substr(at, begin - at);
    if (!result.empty() && result.back() != '\n') result += '\n';
    if (headers) {
      result += text.substr(begin, body - begin) + base64;
    } else {
      std::erase_if(base64, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
      result += fmt::format("-----BEGIN {}-----\n", label);
      for (std::size_t i = 0; i < base64.size(); i += kLine) result += base64.substr(i, kLine) + '\n';
    }
    result += ending + '\n';
    at = end + ending.size();
  }
}

/// Reads one side's keys; every refusal carries the code of who asked.
class Reader {
 public:
  Reader(const TlsLookUp& lookUp, TlsRole role, ErrorCode code) : lookUp_(lookUp), role_(role), code_(code) {}

  [[nodiscard]] Result<TlsSettings> read() {
    TlsSettings settings;
    KLAMM_TRY(readVersions(settings));
    KLAMM_TRY(readTrustStore(settings));
    KLAMM_TRY(readKeyStore(settings));
    settings.cipherSuites = list("ssl.cipher.suites");
    settings.keyPassword = text("ssl.key.password");
    return role_ == TlsRole::Server ? readServer(std::move(settings)) : readClient(std::move(settings));
  }

 private:
  template <class... Args>
  [[nodiscard]] auto refuse(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(code_, fmt::format(format, std::forward<Args>(args)...));
  }
  [[nodiscard]] std::string text(std::string_view key) const { return lookUp_(key).value_or(""); }
  [[nodiscard]] bool has(std::string_view key) const { return !text(key).empty(); }
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const {
    std::vector<std::string> items;
    const std::string all = text(key);
    for (std::size_t at = 0; at <= all.size();) {
      const std::size_t comma = std::min(all.find(',', at), all.size());
      std::string item = all.substr(at, comma - at);
      item.erase(0, item.find_first_not_of(" \t"));
      item.erase(item.find_last_not_of(" \t") + 1);
      if (!item.empty()) items.push_back(std::move(item));
      at = comma + 1;
    }
    return items;
  }

  /// ssl.protocol only counts where ssl.enabled.protocols is empty, as in Kafka.
  [[nodiscard]] Status readVersions(TlsSettings& settings) const {
    const std::string protocol = text("ssl.protocol");
    if (protocol != "TLSv1.3" && protocol != "TLSv1.2" && protocol != "TLS" && protocol != "SSL" && !protocol.empty()) {
      return refuse("Invalid value {} for configuration ssl.protocol: TLSv1.3 and TLSv1.2 are supported", protocol);
    }
    const auto enabled = list("ssl.enabled.protocols");
    if (enabled.empty()) {
      settings.tls13 = protocol != "TLSv1.2";
      return {};
    }
    settings.tls12 = settings.tls13 = false;
    for (const std::string& name : enabled) {
      if (name == "TLSv1.2") settings.tls12 = true;
      else if (name == "TLSv1.3") settings.tls13 = true;
      else return refuse("Invalid value {} for configuration ssl.enabled.protocols: TLSv1.3 and TLSv1.2 are supported", name);
    }
    return {};
  }

  /// Java's default is JKS, so a store in PEM form always says so.
  [[nodiscard]] Status needPem(std::string_view store, std::string_view used) const {
    const std::string key = fmt::format("ssl.{}.type", store);
    const std::string type = upper(text(key));
    if (type == "PEM") return {};
    const std::string from = has(fmt::format("ssl.{}.location", store)) ? text(fmt::format("ssl.{}.location", store)) : "STORE";
    return refuse("{} is set and {} is {}: only PEM is read here. Convert a Java store by 'keytool -importkeystore -srckeystore {} "
                  "-destkeystore store.p12 -deststoretype PKCS12' (not needed for PKCS12) and 'openssl pkcs12 -in store.p12 {} -out store.pem', "
                  "then set {}=PEM and ssl.{}.location to that file",
                  used, key, type, from, store == "truststore" ? "-nokeys" : "-nodes", key, store);
  }

  [[nodiscard]] Result<std::string> contents(std::string_view key) const {
    const std::string path = text(key);
    std::ifstream file(path, std::ios::binary);
    if (!file) return refuse("{}: cannot read {}: {}", key, path, std::strerror(errno));
    std::string all;
    char part[16 * 1024];
    while (file.read(part, sizeof(part)) || file.gcount() > 0) {
      all.append(part, static_cast<std::size_t>(file.gcount()));
      if (all.size() > kMaxFile) return refuse("{}: {} is too large for a PEM file", key, path);
    }
    if (file.bad()) return refuse("{}: cannot read {}", key, path);  // a folder opens and does not read
    if (all.find("-----BEGIN ") == std::string::npos) return refuse("{}: {} is no PEM file (it has no -----BEGIN line)", key, path);
    return withLines(all);
  }

  [[nodiscard]] Status readTrustStore(TlsSettings& settings) const {
    const bool inlined = has("ssl.truststore.certificates");
    const bool file = has("ssl.truststore.location");
    if (!inlined && !file) {
      if (has("ssl.truststore.password")) return refuse("ssl.truststore.password is set, but no trust store: set ssl.truststore.location");
      return {};
    }
    KLAMM_TRY(needPem("truststore", inlined ? "ssl.truststore.certificates" : "ssl.truststore.location"));
    if (inlined && file) return refuse("ssl.truststore.location and ssl.truststore.certificates are both set: leave one out");
    if (has("ssl.truststore.password")) return refuse("ssl.truststore.password is set, but a trust store in PEM form has no password: leave it out");
    if (inlined) {
      settings.trusted = withLines(text("ssl.truststore.certificates"));
      settings.trustedFrom = "ssl.truststore.certificates";
      return {};
    }
    KLAMM_TRY_ASSIGN(settings.trusted, contents("ssl.truststore.location"));
    settings.trustedFrom = fmt::format("ssl.truststore.location={}", text("ssl.truststore.location"));
    return {};
  }

  [[nodiscard]] Status readKeyStore(TlsSettings& settings) const {
    const bool key = has("ssl.keystore.key");
    const bool chain = has("ssl.keystore.certificate.chain");
    const bool file = has("ssl.keystore.location");
    if (!key && !chain && !file) {
      if (has("ssl.keystore.password")) return refuse("ssl.keystore.password is set, but no key store: set ssl.keystore.location");
      return {};
    }
    KLAMM_TRY(needPem("keystore", file ? "ssl.keystore.location" : key ? "ssl.keystore.key" : "ssl.keystore.certificate.chain"));
    if (file && (key || chain)) return refuse("ssl.keystore.location is set beside ssl.keystore.key or ssl.keystore.certificate.chain: leave one out");
    if (key != chain) return refuse("ssl.keystore.{} is set and ssl.keystore.{} is not: they belong together",
                                    key ? "key" : "certificate.chain", key ? "certificate.chain" : "key");
    if (has("ssl.keystore.password")) {
      return refuse("ssl.keystore.password is set, but a key store in PEM form has none: the password of its key is ssl.key.password");
    }
    if (key) {
      settings.privateKey = withLines(text("ssl.keystore.key"));
      settings.certificateChain = withLines(text("ssl.keystore.certificate.chain"));
      settings.keyFrom = "ssl.keystore.key";
      return {};
    }
    KLAMM_TRY_ASSIGN(settings.privateKey, contents("ssl.keystore.location"));
    settings.certificateChain = settings.privateKey;
    settings.keyFrom = fmt::format("ssl.keystore.location={}", text("ssl.keystore.location"));
    return {};
  }

  [[nodiscard]] Result<TlsSettings> readClient(TlsSettings settings) const {
    // Only what somebody has set to empty switches the check off.
    const std::string algorithm = upper(lookUp_("ssl.endpoint.identification.algorithm").value_or("https"));
    if (!algorithm.empty() && algorithm != "HTTPS") {
      return refuse("Invalid value {} for configuration ssl.endpoint.identification.algorithm: https, or empty for no check", algorithm);
    }
    settings.checkHost = !algorithm.empty();
    return settings;
  }

  [[nodiscard]] Result<TlsSettings> readServer(TlsSettings settings) const {
    settings.checkHost = false;
    if (!settings.privateKey) return refuse("a TLS listener needs a certificate: set ssl.keystore.type=PEM and ssl.keystore.location");
    const std::string auth = text("ssl.client.auth");
    if (auth == "required") settings.clientAuth = TlsSettings::ClientAuth::Required;
    else if (auth == "requested") settings.clientAuth = TlsSettings::ClientAuth::Requested;
    else if (!auth.empty() && auth != "none") return refuse("Invalid value {} for configuration ssl.client.auth: required, requested or none", auth);
    return settings;
  }

  const TlsLookUp& lookUp_;
  const TlsRole role_;
  const ErrorCode code_;
};

}  // namespace

Result<TlsSettings> tlsSettings(const TlsLookUp& lookUp, TlsRole role, ErrorCode code) { return Reader(lookUp, role, code).read(); }

}  // namespace klamm::net
