#include "support/certificates.h"

#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace klamm::test {
namespace {

template <auto Free>
struct Release {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Release<&BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<&X509_free>>;

/// A test that cannot make its certificates cannot go on.
void need(bool done, const char* what) {
  if (done) return;
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  throw std::runtime_error(std::string("making certificates: ") + what + ": " + (reason == nullptr ? "" : reason));
}

std::string textOf(const Bio& bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

std::string pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  need(PEM_write_bio_X509(bio.get(), certificate) == 1, "writing a certificate");
  return textOf(bio);
}

std::string pem(EVP_PKEY* key, const std::string& password = {}) {
  const Bio bio(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
  need(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, password.data(), static_cast<int>(password.size()), nullptr, nullptr) == 1, "writing a key");
  return textOf(bio);
}

Key keyOf(const std::string& text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  need(key != nullptr, "reading a key");
  return key;
}

Certificate certificateOf(const std::string& text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  need(certificate != nullptr, "reading a certificate");
  return certificate;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  need(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

std::string alternativeNames(const std::vector<std::string>& hosts) {
  std::string text;
  for (const std::string& host : hosts) {
    const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos || host.find(':') != std::string::npos;
    text += (text.empty() ? "" : ",") + std::string(numeric ? "IP:" : "DNS:") + host;
  }
  return text;
}

Certificate unsignedCertificate(const CertificateRequest& request, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::int64_t serial = 0;
  need(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "random bytes");
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), serial & 0x7fffffffffffffff);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), request.validFromDays, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), request.validToDays, 0, nullptr);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto add = [name](const char* field, const std::string& value) {
    need(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()), -1, 0) == 1, field);
  };
  if (!request.organization.empty()) add("O", request.organization);
  add("CN", request.commonName);
  need(X509_set_pubkey(certificate.get(), key) == 1, "the public key");
  return certificate;
}

/// Null `issuer`: signs itself.
Identity make(const CertificateRequest& request, X509* issuer, EVP_PKEY* issuerKey, bool authority) {
  const Key key(EVP_EC_gen("P-256"));
  need(key != nullptr, "a key");
  const Certificate certificate = unsignedCertificate(request, key.get());
  X509* signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  extend(certificate.get(), signer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  extend(certificate.get(), signer, NID_key_usage, authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  if (!authority) extend(certificate.get(), signer, NID_ext_key_usage, request.client ? "clientAuth" : "serverAuth");
  if (!request.hosts.empty()) extend(certificate.get(), signer, NID_subject_alt_name, alternativeNames(request.hosts));
  need(X509_sign(certificate.get(), issuerKey == nullptr ? key.get() : issuerKey, EVP_sha256()) > 0, "signing");
  return {pem(certificate.get()), pem(key.get())};
}

const std::vector<std::string> kHere = {"localhost", "127.0.0.1", "::1"};

}  // namespace

Authority::Authority(const std::string& name) : self_(make({.commonName = name}, nullptr, nullptr, true)) {}

Identity Authority::issue(const CertificateRequest& request) const {
  const Certificate issuer = certificateOf(self_.certificate);
  const Key key = keyOf(self_.key);
  return make(request, issuer.get(), key.get(), false);
}

Identity selfSigned(const CertificateRequest& request) { return make(request, nullptr, nullptr, false); }

std::string encryptedKey(const std::string& key, const std::string& password) { return pem(keyOf(key).get(), password); }

Certificates::Certificates()
    : server(authority.issue({.commonName = "localhost", .hosts = kHere})),
      client(authority.issue({.commonName = "client", .client = true})),
      expired(authority.issue({.commonName = "localhost", .hosts = kHere, .validFromDays = -30, .validToDays = -1})),
      wrongName(authority.issue({.commonName = "elsewhere.example", .hosts = {"elsewhere.example", "192.0.2.7"}})),
      selfSignedServer(selfSigned({.commonName = "localhost", .hosts = kHere})),
      strangeClient(stranger.issue({.commonName = "client", .client = true})) {}

}  // namespace klamm::test
