#include "net/tls/subject.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/objects.h>

namespace klamm::net {
namespace {

constexpr std::size_t kShown = 200;

/// The keywords that Java writes in this form; all other attributes go by number.
[[nodiscard]] std::string_view keyword(int nid) noexcept {
  switch (nid) {
    case NID_commonName: return "CN";
    case NID_countryName: return "C";
    case NID_localityName: return "L";
    case NID_stateOrProvinceName: return "ST";
    case NID_organizationName: return "O";
    case NID_organizationalUnitName: return "OU";
    case NID_streetAddress: return "STREET";
    case NID_domainComponent: return "DC";
    case NID_userId: return "UID";
    default: return {};
  }
}

[[nodiscard]] std::string numberOf(const ASN1_OBJECT* object) {
  char text[128] = {};
  OBJ_obj2txt(text, sizeof(text), object, 1);
  return text;
}

/// '#' and the value's tag, length and bytes.
[[nodiscard]] std::string hexOf(const ASN1_STRING* value) {
  const int length = ASN1_STRING_length(value);
  std::vector<unsigned char> der(static_cast<std::size_t>(ASN1_object_size(0, length, ASN1_STRING_type(value))));
  unsigned char* at = der.data();
  ASN1_put_object(&at, 0, length, ASN1_STRING_type(value), V_ASN1_UNIVERSAL);
  const unsigned char* data = ASN1_STRING_get0_data(value);
  std::copy(data, data + length, at);
  std::string text = "#";
  for (const unsigned char byte : der) text += fmt::format("{:02x}", byte);
  return text;
}

[[nodiscard]] std::string escaped(std::string_view value) {
  const std::size_t first = value.find_first_not_of(' ');
  const std::size_t last = value.find_last_not_of(' ');
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool outerBlank = c == ' ' && (first == std::string_view::npos || i < first || i > last);
    if (c == '\0') {
      text += "\\00";
      continue;
    }
    if (outerBlank || std::string_view(",=+<>#;\"\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

[[nodiscard]] std::string entryText(const X509_NAME_ENTRY* entry) {
  const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
  const std::string_view known = keyword(OBJ_obj2nid(object));
  if (known.empty()) return fmt::format("{}={}", numberOf(object), hexOf(value));
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) return fmt::format("{}={}", known, hexOf(value));
  std::string text = fmt::format("{}={}", known, escaped({reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length)}));
  OPENSSL_free(utf8);
  return text;
}

}  // namespace

/// Sets of attributes go from the last to the first; inside a set the order stays.
std::string subjectOf(const X509_NAME* name) {
  std::string text;
  int end = X509_NAME_entry_count(name);
  while (end > 0) {
    int begin = end - 1;
    const int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, begin));
    while (begin > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, begin - 1)) == set) --begin;
    if (!text.empty()) text += ',';
    for (int i = begin; i < end; ++i) {
      if (i != begin) text += '+';
      text += entryText(X509_NAME_get_entry(name, i));
    }
    end = begin;
  }
  return text;
}

std::string shownSubject(const X509_NAME* name) {
  std::string text = subjectOf(name);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.empty() ? "a certificate without a name" : text;
}

}  // namespace klamm::net
