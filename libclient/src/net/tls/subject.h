#pragma once
// Names in certificates as text.

#include <string>

#include <openssl/x509.h>

namespace klamm::net {

/// RFC 2253 as Java's X500Principal.getName() writes it, which is the name of a Kafka principal ("CN=app,O=Example,C=DE").
/// Attributes beyond those of the RFC are written by number, their values in hexadecimal DER.
[[nodiscard]] std::string subjectOf(const X509_NAME* name);
/// The same for people: shortened, without control characters.
[[nodiscard]] std::string shownSubject(const X509_NAME* name);

}  // namespace klamm::net
