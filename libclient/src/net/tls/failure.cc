#include "net/tls/failure.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "net/tls/openssl.h"
#include "net/tls/subject.h"

namespace klamm::net {
namespace {

constexpr std::string_view kTrust = "ssl.truststore.location or ssl.truststore.certificates";
constexpr std::string_view kOwn = "ssl.keystore.location (or ssl.keystore.key and ssl.keystore.certificate.chain), with ssl.keystore.type=PEM";
constexpr int kMaxNames = 6;

void freeCertificate(void*, void* certificate, CRYPTO_EX_DATA*, int, long, void*) { X509_free(static_cast<X509*>(certificate)); }

/// Where a session keeps the certificate that it refused.
[[nodiscard]] int refusedIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &freeCertificate);
  return index;
}

/// OpenSSL forgets a certificate that it refuses: the first one is noted.
int noteRefused(int accepted, X509_STORE_CTX* store) {
  if (accepted == 1) return accepted;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (certificate == nullptr || SSL_get_ex_data(ssl, refusedIndex()) != nullptr) return accepted;
  if (X509_up_ref(certificate) == 1 && SSL_set_ex_data(ssl, refusedIndex(), certificate) != 1) X509_free(certificate);
  return accepted;
}

[[nodiscard]] std::string timeText(const ASN1_TIME* time) {
  const BioOwner bio(BIO_new(BIO_s_mem()));
  if (!bio || ASN1_TIME_print(bio.get(), time) != 1) return "an unreadable date";
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

/// An address of 4 or 16 bytes.
[[nodiscard]] std::string addressText(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int length = ASN1_STRING_length(address);
  std::string text;
  if (length == 4) return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
  for (int i = 0; i + 1 < length && length == 16; i += 2) text += fmt::format("{}{:x}", i == 0 ? "" : ":", bytes[i] * 256 + bytes[i + 1]);
  return text;
}

/// The hosts that a certificate is for: "localhost, 127.0.0.1".
[[nodiscard]] std::string hostsOf(X509* certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string text;
  int shown = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown < kMaxNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    std::string one;
    if (name->type == GEN_DNS) {
      one.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)), static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      one = addressText(name->d.iPAddress);
    }
    for (char& c : one) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
    }
    if (one.empty()) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", one.substr(0, 100));
    ++shown;
  }
  GENERAL_NAMES_free(names);
  return text.empty() ? shownSubject(X509_get_subject_name(certificate)) : text;
}

[[nodiscard]] std::string_view peerKind(TlsRole role) noexcept { return role == TlsRole::Client ? "broker" : "client"; }

/// Why the peer's certificate is refused.
[[nodiscard]] std::string refusedCertificate(const FailureFacts& facts, X509* certificate, long result) {
  const auto kind = peerKind(facts.context->role());
  const std::string whose = certificate == nullptr ? fmt::format("the certificate of the {}", kind)
                                                   : fmt::format("the certificate of the {} ({})", kind, shownSubject(X509_get_subject_name(certificate)));
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired on {}: it must be renewed", whose, certificate == nullptr ? "some day" : timeText(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is valid from {} only: check the clocks of both machines", whose,
                         certificate == nullptr ? "later" : timeText(X509_get0_notBefore(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format("{} is self-signed and not in the trust store: if it is the right one, add it to {}", whose, kTrust);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("{} was issued by {}, which the trust store does not have: add the certificate of the issuer to {}", whose,
                         certificate == nullptr ? "somebody" : shownSubject(X509_get_issuer_name(certificate)), kTrust);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("{} is for {} and not for this host: connect by one of these names, or get a certificate for this one "
                         "(an empty ssl.endpoint.identification.algorithm switches the check off)",
                         whose, certificate == nullptr ? "other hosts" : hostsOf(certificate));
    default: return fmt::format("{} is refused: {}", whose, X509_verify_cert_error_string(result));
  }
}

/// The peer refused the session and told why.
[[nodiscard]] std::string alerted(const FailureFacts& facts, int alert) {
  const bool client = facts.context->role() == TlsRole::Client;
  const auto kind = peerKind(facts.context->role());
  const std::string name = fmt::format("alert '{}'", SSL_alert_desc_string_long(alert));
  const auto demands = [&] { return fmt::format("the broker demands a certificate of the client ({}): set {}", name, kOwn); };
  switch (alert) {
    case SSL_AD_CERTIFICATE_REQUIRED: return demands();
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_ACCESS_DENIED:
      if (client && !facts.context->hasCertificate()) return demands();
      if (client) return fmt::format("the broker refuses the certificate in our key store ({}): its trust store must have the issuer of that certificate", name);
      return fmt::format("the client refuses the certificate of this broker ({}): its trust store must have the issuer, and the host name must fit", name);
    case SSL_AD_PROTOCOL_VERSION:
      return fmt::format("the {} does not speak {} ({}): see ssl.enabled.protocols on both sides", kind, facts.context->versions(), name);
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
      if (client && !facts.context->hasCertificate() && SSL_get0_peer_CA_list(facts.ssl) != nullptr) return demands();
      return fmt::format("the {} found no version, cipher suite or certificate that both have ({}): see ssl.enabled.protocols, ssl.cipher.suites "
                         "and the key stores of both sides", kind, name);
    case SSL_AD_UNRECOGNIZED_NAME: return fmt::format("the broker does not know this host name ({})", name);
    default: return fmt::format("the {} ended the TLS session: {}", kind, name);
  }
}

[[nodiscard]] std::string localReason(const FailureFacts& facts, int reason, unsigned long error) {
  const auto kind = peerKind(facts.context->role());
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "the client showed no certificate, and ssl.client.auth is required";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return fmt::format("the {} does not speak {}: see ssl.enabled.protocols on both sides", kind, facts.context->versions());
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      return fmt::format("there is no cipher suite that both sides have: see ssl.cipher.suites and ssl.enabled.protocols");
    default: break;
  }
  const char* text = ERR_reason_error_string(error);
  return fmt::format("the bytes of the {} break TLS: {}", kind, text == nullptr ? "unknown reason" : text);
}

/// What TLS says of a failure; other libraries of OpenSSL may have said something before it, which counts only alone.
[[nodiscard]] unsigned long takeError() {
  const unsigned long first = ERR_get_error();
  unsigned long error = first;
  while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL) error = ERR_get_error();
  ERR_clear_error();
  return error != 0 ? error : first;
}

}  // namespace

void verifyPeers(SSL_CTX* context, int mode) { SSL_CTX_set_verify(context, mode, &noteRefused); }

FailureText describeFailure(const FailureFacts& facts) {
  const unsigned long error = takeError();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  const auto told = [&](const std::string& what, bool mayPass = false) { return FailureText{fmt::format("{}: {}", facts.peer, what), mayPass}; };
  auto* const refused = static_cast<X509*>(SSL_get_ex_data(facts.ssl, refusedIndex()));
  if (refused != nullptr || reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return told(refusedCertificate(facts, refused, SSL_get_verify_result(facts.ssl)));
  }
  if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    const int alert = reason - SSL_AD_REASON_OFFSET;
    return told(alerted(facts, alert), alert == SSL_AD_INTERNAL_ERROR || alert == SSL_AD_USER_CANCELLED);
  }
  return told(localReason(facts, reason, error));
}

std::string notTls(const std::string& peer, TlsRole role) {
  if (role == TlsRole::Client) return fmt::format("{}: the broker answers in plain text: this port does not speak TLS (security.protocol=PLAINTEXT?)", peer);
  return fmt::format("{}: the client talks plain text on a TLS listener (its security.protocol must be SSL)", peer);
}

std::string earlyEnd(const std::string& peer, const TlsContext& context, bool established, std::size_t received) {
  if (context.role() == TlsRole::Server) return fmt::format("{}: the client closed the connection in the TLS handshake", peer);
  if (established) {
    return fmt::format("{}: the broker closed the connection right after the TLS handshake{}", peer,
                       context.hasCertificate() ? "" : fmt::format(" (does it demand a certificate? set {})", kOwn));
  }
  if (received == 0) return fmt::format("{}: the broker closed the connection instead of a TLS handshake: does this port speak TLS?", peer);
  return fmt::format("{}: the broker closed the connection in the TLS handshake", peer);
}

}  // namespace klamm::net
