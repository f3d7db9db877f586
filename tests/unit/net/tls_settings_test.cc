#include "net/tls/settings.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>

#include <openssl/x509.h>

#include "net/tls/subject.h"
#include "tls_pair.h"

namespace klamm::net {
namespace {

using Keys = std::map<std::string, std::string, std::less<>>;

/// Kafka's defaults for what is not given.
Result<std::shared_ptr<const TlsContext>> made(Keys keys, TlsRole role = TlsRole::Client) {
  keys.insert({{"ssl.protocol", "TLSv1.3"}, {"ssl.enabled.protocols", "TLSv1.2,TLSv1.3"}, {"ssl.truststore.type", "JKS"},
               {"ssl.keystore.type", "JKS"}, {"ssl.endpoint.identification.algorithm", "https"}, {"ssl.client.auth", "none"}});
  return makeTlsContext(
      [&keys](std::string_view key) -> std::optional<std::string> {
        const auto found = keys.find(key);
        return found == keys.end() ? std::nullopt : std::optional(found->second);
      },
      role, ErrorCode::InvalidConfig);
}

std::string refusal(const Keys& keys, TlsRole role = TlsRole::Client) {
  const auto context = made(keys, role);
  if (context) return "accepted";
  EXPECT_EQ(context.error().code(), ErrorCode::InvalidConfig);
  return context.error().context();
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

Keys ownKey() {
  return {{"ssl.keystore.type", "PEM"}, {"ssl.keystore.key", certificates().client.key}, {"ssl.keystore.certificate.chain", certificates().client.certificate}};
}

Keys with(Keys keys, const Keys& more) {
  for (const auto& [key, value] : more) keys.insert_or_assign(key, value);
  return keys;
}

/// A file that goes with the test.
class PemFile {
 public:
  explicit PemFile(const std::string& text) : path_(::testing::TempDir() + "klamm_tls_settings_" + std::to_string(++last_) + ".pem") {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~PemFile() { std::remove(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  static inline int last_ = 0;
  std::string path_;
};

TEST(TlsSettings, NeedNothingForAClient) {
  const auto context = made({});
  ASSERT_TRUE(context) << context.error().message();
  EXPECT_TRUE((*context)->checksHost());
  EXPECT_FALSE((*context)->hasCertificate());
  EXPECT_EQ((*context)->versions(), "TLSv1.2, TLSv1.3");
  EXPECT_FALSE((*made({{"ssl.endpoint.identification.algorithm", ""}}))->checksHost());
}

TEST(TlsSettings, TakePemFromFilesAndFromText) {
  const PemFile trust(certificates().authority.certificate());
  const PemFile store(certificates().client.keystore());
  EXPECT_EQ(refusal({{"ssl.truststore.type", "PEM"}, {"ssl.truststore.location", trust.path()}, {"ssl.keystore.type", "pem"}, {"ssl.keystore.location", store.path()}}),
            "accepted");
  EXPECT_EQ(refusal(with(ownKey(), {{"ssl.truststore.type", "PEM"}, {"ssl.truststore.certificates", certificates().authority.certificate()}})), "accepted");
  EXPECT_TRUE((*made(ownKey()))->hasCertificate());
}

TEST(TlsSettings, TakeAKeyWithAPassword) {
  const Keys encrypted = with(ownKey(), {{"ssl.keystore.key", test::encryptedKey(certificates().client.key, "secret")}});
  EXPECT_EQ(refusal(with(encrypted, {{"ssl.key.password", "secret"}})), "accepted");
  EXPECT_HAS(refusal(with(encrypted, {{"ssl.key.password", "guess"}})), "is ssl.key.password right?");
  EXPECT_HAS(refusal(encrypted), "set ssl.key.password");
}

TEST(TlsSettings, TellHowJavasStoresBecomePem) {
  for (const char* type : {"JKS", "PKCS12"}) {
    const std::string trust = refusal({{"ssl.truststore.location", "/x/trust.jks"}, {"ssl.truststore.type", type}, {"ssl.truststore.password", "p"}});
    EXPECT_HAS(trust, std::string("ssl.truststore.type is ") + type + ": only PEM is read here");
    EXPECT_HAS(trust, "keytool -importkeystore -srckeystore /x/trust.jks");
    EXPECT_HAS(trust, "-nokeys -out store.pem");
    const std::string key = refusal({{"ssl.keystore.location", "/x/key.p12"}, {"ssl.keystore.type", type}, {"ssl.keystore.password", "p"}});
    EXPECT_HAS(key, std::string("ssl.keystore.type is ") + type);
    EXPECT_HAS(key, "-nodes -out store.pem");
  }
  EXPECT_HAS(refusal({{"ssl.truststore.certificates", certificates().authority.certificate()}}), "ssl.truststore.type is JKS");
}

TEST(TlsSettings, RefuseWhatDoesNotFitTogether) {
  const PemFile store(certificates().client.keystore());
  const Keys file{{"ssl.keystore.type", "PEM"}, {"ssl.keystore.location", store.path()}};
  EXPECT_HAS(refusal(with(file, {{"ssl.keystore.password", "p"}})), "ssl.keystore.password is set, but a key store in PEM form has none");
  EXPECT_HAS(refusal(with(file, ownKey())), "leave one out");
  EXPECT_HAS(refusal({{"ssl.keystore.type", "PEM"}, {"ssl.keystore.key", certificates().client.key}}), "ssl.keystore.certificate.chain is not");
  EXPECT_HAS(refusal({{"ssl.keystore.password", "p"}}), "but no key store");
  EXPECT_HAS(refusal({{"ssl.truststore.password", "p"}}), "but no trust store");
  const PemFile trust(certificates().authority.certificate());
  const Keys trusting{{"ssl.truststore.type", "PEM"}, {"ssl.truststore.location", trust.path()}};
  EXPECT_HAS(refusal(with(trusting, {{"ssl.truststore.password", "p"}})), "has no password");
  EXPECT_HAS(refusal(with(trusting, {{"ssl.truststore.certificates", "x"}})), "leave one out");
  EXPECT_HAS(refusal(with(ownKey(), {{"ssl.keystore.certificate.chain", certificates().server.certificate}})), "does not belong to the first certificate");
}

TEST(TlsSettings, RefuseFilesThatAreNoPem) {
  const Keys pem{{"ssl.truststore.type", "PEM"}};
  EXPECT_HAS(refusal(with(pem, {{"ssl.truststore.location", "/no/such.pem"}})), "ssl.truststore.location: cannot read /no/such.pem: No such file");
  EXPECT_HAS(refusal(with(pem, {{"ssl.truststore.location", "/tmp"}})), "/tmp");
  const PemFile binary(std::string("\xfe\xed\xfe\xed\0\0\0\2", 8));
  EXPECT_HAS(refusal(with(pem, {{"ssl.truststore.location", binary.path()}})), "is no PEM file");
  const PemFile keyAlone(certificates().client.key);
  EXPECT_HAS(refusal(with(pem, {{"ssl.truststore.location", keyAlone.path()}})), "has no certificate");
  const std::string cut = certificates().authority.certificate().substr(0, 200) + "\n-----END CERTIFICATE-----\n";
  EXPECT_HAS(refusal(with(pem, {{"ssl.truststore.certificates", cut}})), "certificate 1 cannot be read");
  EXPECT_HAS(refusal(with(ownKey(), {{"ssl.keystore.key", certificates().client.certificate}})), "no readable private key");
  EXPECT_HAS(refusal(with(ownKey(), {{"ssl.keystore.certificate.chain", certificates().client.key}})), "no readable certificate");
  const std::string damagedChain = certificates().client.certificate + cut;
  EXPECT_HAS(refusal(with(ownKey(), {{"ssl.keystore.certificate.chain", damagedChain}})), "ssl.keystore.key: certificate 2 cannot be read");
  const PemFile damagedStore(certificates().client.keystore() + cut);
  EXPECT_HAS(refusal({{"ssl.keystore.type", "PEM"}, {"ssl.keystore.location", damagedStore.path()}}), "certificate 2 cannot be read");
}

/// What is left of a PEM text whose line breaks became spaces, or vanished.
TEST(TlsSettings, TakePemOnOneLine) {
  for (const std::string_view blank : {" ", "", "\t\r\n ", "\n\n"}) {
    const auto joined = [&](const std::string& pem) {
      std::string line;
      for (const char c : pem) {
        if (c == '\n') line += blank;
        else line += c;
      }
      return line;
    };
    EXPECT_EQ(refusal(with(ownKey(), {{"ssl.keystore.key", joined(certificates().client.key)},
                                      {"ssl.keystore.certificate.chain", joined(certificates().client.certificate + certificates().authority.certificate())},
                                      {"ssl.truststore.type", "PEM"},
                                      {"ssl.truststore.certificates", joined(certificates().authority.certificate() + certificates().stranger.certificate())}})),
              "accepted");
    const PemFile store(joined(certificates().client.keystore()));
    EXPECT_EQ(refusal({{"ssl.keystore.type", "PEM"}, {"ssl.keystore.location", store.path()}}), "accepted");
  }
  EXPECT_EQ(refusal(with(ownKey(), {{"ssl.keystore.key", "Bag Attributes: none\n" + certificates().client.key + "tail"}})), "accepted");
  EXPECT_HAS(refusal(with(ownKey(), {{"ssl.keystore.key", "-----BEGIN PRIVATE KEY----- cut"}})), "no readable private key");
}

TEST(TlsSettings, CheckTheHostUnlessToldNotTo) {
  const auto nothing = [](std::string_view) -> std::optional<std::string> { return std::nullopt; };
  const auto context = makeTlsContext(nothing, TlsRole::Client, ErrorCode::InvalidConfig);
  ASSERT_TRUE(context);
  EXPECT_TRUE((*context)->checksHost());
}

TEST(TlsSettings, ChooseVersionsAsKafkaDoes) {
  EXPECT_EQ((*made({{"ssl.enabled.protocols", "TLSv1.2"}}))->versions(), "TLSv1.2");
  EXPECT_EQ((*made({{"ssl.enabled.protocols", " TLSv1.3 "}, {"ssl.protocol", "TLSv1.2"}}))->versions(), "TLSv1.3") << "ssl.protocol counts for nothing here";
  EXPECT_EQ((*made({{"ssl.enabled.protocols", ""}, {"ssl.protocol", "TLSv1.2"}}))->versions(), "TLSv1.2");
  EXPECT_HAS(refusal({{"ssl.enabled.protocols", "TLSv1.1"}}), "Invalid value TLSv1.1 for configuration ssl.enabled.protocols");
  EXPECT_HAS(refusal({{"ssl.protocol", "TLSv1"}}), "Invalid value TLSv1 for configuration ssl.protocol");
  EXPECT_HAS(refusal({{"ssl.endpoint.identification.algorithm", "ldaps"}}), "ssl.endpoint.identification.algorithm");
}

TEST(TlsSettings, ChooseCipherSuitesByJavasNames) {
  for (const char* suites : {"TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}) {
    TlsSettings settings = clientSettings();
    for (std::string_view rest = suites; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(", "), rest.size());
      settings.cipherSuites.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 2, rest.size()));
    }
    TlsPair pair(settings, serverSettings(certificates().server));
    pair.exchange();
    EXPECT_TRUE(pair.client->established()) << suites << pair.clientError.message();
  }
  EXPECT_HAS(refusal({{"ssl.cipher.suites", "TLS_AES_128_GCM_SHA256,TLS_OF_NOBODY"}}), "Invalid value TLS_OF_NOBODY for configuration ssl.cipher.suites");
  EXPECT_HAS(refusal({{"ssl.cipher.suites", "TLS_AES_128_GCM_SHA256"}, {"ssl.enabled.protocols", "TLSv1.2"}}), "no suite of a version");
}

TEST(TlsSettings, NeedACertificateForABroker) {
  EXPECT_HAS(refusal({}, TlsRole::Server), "a TLS listener needs a certificate");
  EXPECT_EQ(refusal(with(ownKey(), {{"ssl.client.auth", "requested"}}), TlsRole::Server), "accepted");
  EXPECT_HAS(refusal(with(ownKey(), {{"ssl.client.auth", "perhaps"}}), TlsRole::Server), "ssl.client.auth");
}

/// The expected texts are those of Java's X500Principal.getName() for the same names.
TEST(TlsSubject, IsWrittenAsJavaDoes) {
  using Fields = std::vector<std::pair<const char*, const char*>>;
  const auto written = [](const Fields& fields) {
    X509_NAME* name = X509_NAME_new();
    for (const auto& [field, value] : fields) {
      const bool joined = field[0] == '+';
      EXPECT_EQ(X509_NAME_add_entry_by_txt(name, field + (joined ? 1 : 0), MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value), -1, -1, joined ? -1 : 0), 1);
    }
    const std::string text = subjectOf(name);
    X509_NAME_free(name);
    return text;
  };
  EXPECT_EQ(written({{"C", "DE"}, {"ST", "Bayern"}, {"L", "München"}, {"O", "Ex, Inc."}}), "O=Ex\\, Inc.,L=München,ST=Bayern,C=DE");
  EXPECT_EQ(written({{"DC", "org"}, {"DC", "example"}, {"UID", "u1"}, {"CN", "x"}, {"emailAddress", "a@b.de"}}),
            "1.2.840.113549.1.9.1=#16066140622e6465,CN=x,UID=u1,DC=example,DC=org");
  EXPECT_EQ(written({{"O", "O"}, {"serialNumber", "123"}, {"title", "Dr"}, {"CN", " lead and trail "}}),
            "CN=\\ lead and trail\\ ,2.5.4.12=#0c024472,2.5.4.5=#1303313233,O=O");
  EXPECT_EQ(written({{"CN", "#hash"}, {"street", "Way 1"}, {"GN", "g"}, {"SN", "s"}}), "2.5.4.4=#0c0173,2.5.4.42=#0c0167,STREET=Way 1,CN=\\#hash");
  EXPECT_EQ(written({{"O", "Org"}, {"CN", "multi"}, {"+OU", "unit"}, {"+UID", "7"}}), "CN=multi+OU=unit+UID=7,O=Org");
  EXPECT_EQ(written({{"O", "Ex, Inc."}, {"CN", "na=me \"x\" <y>; #z"}}), "CN=na\\=me \\\"x\\\" \\<y\\>\\; \\#z,O=Ex\\, Inc.");
}

}  // namespace
}  // namespace klamm::net
