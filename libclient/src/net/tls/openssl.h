#pragma once
// Owners of OpenSSL's objects, for the files of this folder.

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace klamm::net {

template <auto Free>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using BioOwner = std::unique_ptr<BIO, OpenSslFree<&BIO_free>>;
using CertificateOwner = std::unique_ptr<X509, OpenSslFree<&X509_free>>;
using KeyOwner = std::unique_ptr<EVP_PKEY, OpenSslFree<&EVP_PKEY_free>>;
using SslOwner = std::unique_ptr<SSL, OpenSslFree<&SSL_free>>;
using ContextOwner = std::unique_ptr<SSL_CTX, OpenSslFree<&SSL_CTX_free>>;

}  // namespace klamm::net
