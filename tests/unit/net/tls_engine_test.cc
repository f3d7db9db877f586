#include "net/tls/engine.h"

#include <gtest/gtest.h>

#include "net/tls/openssl.h"
#include "tls_pair.h"

namespace klamm::net {
namespace {

using ClientAuth = TlsSettings::ClientAuth;

TlsSettings withClientCertificate(const test::Identity& identity) {
  TlsSettings settings = clientSettings();
  settings.privateKey = identity.key;
  settings.certificateChain = identity.certificate;
  return settings;
}

TlsSettings demanding(ClientAuth auth) {
  TlsSettings settings = serverSettings(certificates().server);
  settings.clientAuth = auth;
  return settings;
}

TlsSettings only12(TlsSettings settings) {
  settings.tls13 = false;
  return settings;
}

TlsSettings only13(TlsSettings settings) {
  settings.tls12 = false;
  return settings;
}

bool has(const Error& error, std::string_view text) { return error.context().find(text) != std::string::npos; }

TEST(TlsEngine, ShakesHandsInEachVersionAndCarriesBytesBothWays) {
  for (const bool modern : {false, true}) {
    const auto one = [modern](const TlsSettings& settings) { return modern ? only13(settings) : only12(settings); };
    TlsPair pair(one(clientSettings()), one(serverSettings(certificates().server)));
    pair.exchange();
    ASSERT_TRUE(pair.client->established() && pair.server->established()) << pair.clientError.message() << pair.serverError.message();
    ASSERT_TRUE(pair.client->write(asBytes(std::string_view("from the client"))));
    ASSERT_TRUE(pair.server->write(asBytes(std::string_view("from the server"))));
    pair.exchange();
    EXPECT_EQ(TlsPair::readAll(*pair.server), "from the client");
    EXPECT_EQ(TlsPair::readAll(*pair.client), "from the server");
    EXPECT_TRUE(pair.client->flowing());
    EXPECT_EQ(pair.server->peerSubject(), "") << "no certificate was asked for";
  }
}

TEST(TlsEngine, TakesOneByteAtATime) {
  TlsPair pair(clientSettings(), serverSettings(certificates().server));
  pair.exchange(1);
  ASSERT_TRUE(pair.client->established() && pair.server->established());
  ASSERT_TRUE(pair.client->write(asBytes(std::string_view("slowly"))));
  pair.exchange(1);
  EXPECT_EQ(TlsPair::readAll(*pair.server), "slowly");
}

TEST(TlsEngine, CarriesMoreThanARecord) {
  TlsPair pair(clientSettings(), serverSettings(certificates().server));
  pair.exchange();
  std::string large(1'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 4);
  ASSERT_TRUE(pair.client->write(asBytes(std::string_view(large))));
  EXPECT_GT(pair.client->toSend().size(), large.size());
  std::string came;
  while (!pair.client->toSend().empty()) {
    const BytesView bytes = pair.client->toSend().first(std::min<std::size_t>(10'007, pair.client->toSend().size()));
    ASSERT_TRUE(pair.server->received(bytes));
    pair.client->sent(bytes.size());
    came += TlsPair::readAll(*pair.server);
  }
  EXPECT_TRUE(came == large);
}

TEST(TlsEngine, TellsTheClientWhyTheServersCertificateIsRefused) {
  const auto refusal = [](const test::Identity& identity, const std::string& host) {
    TlsPair pair(clientSettings(), serverSettings(identity), host);
    pair.exchange();
    EXPECT_EQ(pair.clientError.code(), ErrorCode::TlsFailed);
    EXPECT_FALSE(pair.clientError.retriable());
    EXPECT_TRUE(has(pair.clientError, "TLS handshake with " + host + ": the certificate of the broker (CN=")) << pair.clientError.message();
    EXPECT_EQ(pair.serverError.code(), ErrorCode::TlsFailed) << "the alert tells the server";
    EXPECT_TRUE(has(pair.serverError, "the client refuses the certificate of this broker")) << pair.serverError.message();
    return pair.clientError;
  };
  const auto& all = certificates();
  EXPECT_TRUE(has(refusal(all.expired, "localhost"), "expired on "));
  EXPECT_TRUE(has(refusal(all.selfSignedServer, "localhost"), "self-signed and not in the trust store"));
  EXPECT_TRUE(has(refusal(all.strangeClient, "localhost"), "was issued by CN=Another CA,O=Klamm, which the trust store does not have"));
  EXPECT_TRUE(has(refusal(all.wrongName, "localhost"), "is for elsewhere.example, 192.0.2.7 and not for this host"));
  EXPECT_TRUE(has(refusal(all.wrongName, "127.0.0.1"), "is for elsewhere.example, 192.0.2.7 and not for this host"));
  const auto early = all.authority.issue({.commonName = "localhost", .hosts = {"localhost"}, .validFromDays = 2});
  EXPECT_TRUE(has(refusal(early, "localhost"), "is valid from "));
  EXPECT_TRUE(has(refusal(all.client, "localhost"), "is refused: ")) << "it may not be a server's";
}

TEST(TlsEngine, ComparesNamesAndAddresses) {
  const auto accepted = [](const std::string& host) {
    TlsPair pair(clientSettings(), serverSettings(certificates().server), host);
    pair.exchange();
    return pair.client->established();
  };
  EXPECT_TRUE(accepted("localhost"));
  EXPECT_TRUE(accepted("LOCALHOST"));
  EXPECT_TRUE(accepted("127.0.0.1"));
  EXPECT_TRUE(accepted("::1"));
  EXPECT_FALSE(accepted("127.0.0.2"));
  EXPECT_FALSE(accepted("localhost.example"));
  TlsSettings lenient = clientSettings();
  lenient.checkHost = false;
  TlsPair pair(lenient, serverSettings(certificates().wrongName));
  pair.exchange();
  EXPECT_TRUE(pair.client->established());
}

TEST(TlsEngine, TrustsWhatTheStoreHasEvenIfItIsNoRoot) {
  TlsSettings trusting = clientSettings();
  trusting.trusted = certificates().selfSignedServer.certificate;
  TlsPair own(trusting, serverSettings(certificates().selfSignedServer));
  own.exchange();
  EXPECT_TRUE(own.client->established()) << own.clientError.message();
  trusting.trusted = certificates().server.certificate;
  TlsPair leaf(trusting, serverSettings(certificates().server));
  leaf.exchange();
  EXPECT_TRUE(leaf.client->established()) << leaf.clientError.message();
}

TEST(TlsEngine, KnowsTheClientByItsCertificate) {
  for (const ClientAuth auth : {ClientAuth::Requested, ClientAuth::Required}) {
    TlsPair pair(withClientCertificate(certificates().client), demanding(auth));
    pair.exchange();
    ASSERT_TRUE(pair.server->established()) << pair.serverError.message();
    EXPECT_EQ(pair.server->peerSubject(), "CN=client,O=Klamm");
  }
  TlsPair anonymous(clientSettings(), demanding(ClientAuth::Requested));
  anonymous.exchange();
  EXPECT_TRUE(anonymous.server->established());
  EXPECT_EQ(anonymous.server->peerSubject(), "");
}

/// In TLS 1.3 the client has finished when the server refuses it: the alert comes as the first thing to read.
TEST(TlsEngine, TellsBothSidesWhyAClientIsRefused) {
  for (const bool modern : {false, true}) {
    const auto one = [modern](const TlsSettings& settings) { return modern ? only13(settings) : only12(settings); };
    const auto refused = [](TlsPair& pair) {
      pair.exchange();
      EXPECT_FALSE(pair.server->established());
      EXPECT_EQ(pair.serverError.code(), ErrorCode::TlsFailed);
      Error error = pair.clientError;
      if (!error) (void)TlsPair::readAll(*pair.client, &error);
      EXPECT_EQ(error.code(), ErrorCode::TlsFailed) << error.message();
      return error;
    };
    TlsPair none(one(clientSettings()), one(demanding(ClientAuth::Required)));
    EXPECT_TRUE(has(refused(none), "demands a certificate of the client")) << modern;
    EXPECT_TRUE(has(none.serverError, "the client showed no certificate, and ssl.client.auth is required")) << none.serverError.message();
    TlsPair strange(one(withClientCertificate(certificates().strangeClient)), one(demanding(ClientAuth::Requested)));
    EXPECT_TRUE(has(refused(strange), "the broker refuses the certificate in our key store")) << modern;
    EXPECT_TRUE(has(strange.serverError, "the certificate of the client (CN=client,O=Klamm) was issued by CN=Another CA,O=Klamm")) << strange.serverError.message();
  }
}

TEST(TlsEngine, TellsBothSidesThatTheirVersionsDiffer) {
  for (const bool clientIsModern : {false, true}) {
    TlsPair pair(clientIsModern ? only13(clientSettings()) : only12(clientSettings()),
                 clientIsModern ? only12(serverSettings(certificates().server)) : only13(serverSettings(certificates().server)));
    pair.exchange();
    EXPECT_EQ(pair.clientError.code(), ErrorCode::TlsFailed);
    EXPECT_TRUE(has(pair.clientError, "ssl.enabled.protocols")) << pair.clientError.message();
    EXPECT_EQ(pair.serverError.code(), ErrorCode::TlsFailed);
    EXPECT_TRUE(has(pair.serverError, "ssl.enabled.protocols")) << pair.serverError.message();
  }
}

TEST(TlsEngine, SaysThatThePeerTalksPlainText) {
  TlsPair pair(clientSettings(), serverSettings(certificates().server));
  const auto server = pair.server->received(asBytes(std::string_view("\0\0\0\x18\0\x12\0\4", 8)));
  ASSERT_FALSE(server);
  EXPECT_TRUE(has(server.error(), "the client talks plain text on a TLS listener")) << server.error().message();
  const auto client = pair.client->received(asBytes(std::string_view("HTTP/1.1 400 Bad Request\r\n")));
  ASSERT_FALSE(client);
  EXPECT_TRUE(has(client.error(), "does not speak TLS")) << client.error().message();
}

TEST(TlsEngine, BoundsTheHandshake) {
  TlsPair pair(clientSettings(), serverSettings(certificates().server));
  // Records of handshake messages that never come to an end: | 22 | 3 3 | length | client hello of 2^24-1 bytes ...
  std::string record("\x16\x03\x03\x40\x00", 5);
  record.append(16384, '\0');
  Status status;
  std::size_t bytes = 0;
  while (status && bytes < 10'000'000) {
    status = pair.server->received(asBytes(std::string_view(record)));
    bytes += record.size();
  }
  EXPECT_FALSE(status);
  EXPECT_LT(bytes, 600'000U);
}

TEST(TlsEngine, SeesTheDifferenceBetweenAGoodbyeAndATruncation) {
  TlsPair pair(clientSettings(), serverSettings(certificates().server));
  pair.exchange();
  EXPECT_TRUE(has(pair.client->endOfStream(), "right after the TLS handshake"));
  ASSERT_TRUE(pair.server->write(asBytes(std::string_view("last words"))));
  pair.server->sayGoodbye();
  pair.exchange();
  EXPECT_EQ(TlsPair::readAll(*pair.client), "last words");
  EXPECT_TRUE(pair.client->peerClosed());
  EXPECT_EQ(pair.client->endOfStream().context(), "the peer closed the connection");
}

/// Java takes both as a broken connection and tries again, where a TlsFailed would end a producer for good.
TEST(TlsEngine, TakesAnOrderlyEndWithinTheHandshakeAsTheEndOfTheStream) {
  const auto answeredBy = [](std::string_view bytes) {
    TlsPair pair(clientSettings(), serverSettings(certificates().server));
    EXPECT_TRUE(pair.client->handshake());
    const Status status = pair.client->received(asBytes(bytes));
    EXPECT_FALSE(status);
    return status ? Error() : status.error();
  };
  // | alert | 3 3 | length 2 | level, description |
  const Error goodbye = answeredBy(std::string_view("\x15\x03\x03\x00\x02\x01\x00", 7));
  EXPECT_EQ(goodbye.code(), ErrorCode::NetworkException) << goodbye.message();
  EXPECT_TRUE(has(goodbye, "the broker closed the connection in the TLS handshake")) << goodbye.message();
  const Error internal = answeredBy(std::string_view("\x15\x03\x03\x00\x02\x02\x50", 7));
  EXPECT_EQ(internal.code(), ErrorCode::NetworkException) << internal.message();
  EXPECT_TRUE(has(internal, "internal error")) << internal.message();
  const Error refused = answeredBy(std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7));
  EXPECT_EQ(refused.code(), ErrorCode::TlsFailed) << refused.message();
}

TEST(TlsEngine, RefusesBytesThatWereChangedOnTheWay) {
  TlsPair pair(clientSettings(), serverSettings(certificates().server));
  pair.exchange();
  ASSERT_TRUE(pair.client->write(asBytes(std::string_view("first"))));
  pair.exchange();
  EXPECT_EQ(TlsPair::readAll(*pair.server), "first");
  ASSERT_TRUE(pair.client->write(asBytes(std::string_view("second"))));
  std::vector<std::byte> bytes(pair.client->toSend().begin(), pair.client->toSend().end());
  bytes.back() ^= std::byte{1};
  ASSERT_TRUE(pair.server->received(bytes));
  Error error;
  EXPECT_EQ(TlsPair::readAll(*pair.server, &error), "");
  EXPECT_EQ(error.code(), ErrorCode::NetworkException) << "the session was a good one: a new one may be";
}

/// A ticket of a server that cuts its messages small: until its last piece has come OpenSSL writes nothing.
TEST(TlsEngine, HoldsBackWhatIsWrittenInTheMiddleOfAMessageOfTls) {
  const auto context = contextOf(demanding(ClientAuth::Required), TlsRole::Server);
  const SslOwner server(SSL_new(context->get()));
  SSL_clear_options(server.get(), SSL_OP_NO_TICKET);
  SSL_set_num_tickets(server.get(), 1);
  SSL_set_max_send_fragment(server.get(), 512);
  SSL_set_session_id_context(server.get(), reinterpret_cast<const unsigned char*>("t"), 1);
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(server.get(), in, out);
  SSL_set_accept_state(server.get());
  const auto client = *TlsEngine::make(contextOf(withClientCertificate(certificates().client), TlsRole::Client), "localhost", "test");
  ASSERT_TRUE(client->handshake());
  std::vector<std::byte> pieces;
  for (int round = 0; round < 5 && pieces.empty(); ++round) {
    BIO_write(in, client->toSend().data(), static_cast<int>(client->toSend().size()));
    client->sent(client->toSend().size());
    (void)SSL_do_handshake(server.get());
    char* data = nullptr;
    const long length = BIO_get_mem_data(out, &data);
    const BytesView bytes(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(length));
    if (client->established()) pieces.assign(bytes.begin(), bytes.end());
    else ASSERT_TRUE(client->received(bytes));
    (void)BIO_reset(out);
  }
  ASSERT_GT(pieces.size(), 600U) << "the ticket comes in several records";
  ASSERT_TRUE(client->received(BytesView(pieces).first(pieces.size() - 1)));
  EXPECT_EQ(TlsPair::readAll(*client), "");
  ASSERT_TRUE(client->write(asBytes(std::string_view("hel"))));
  EXPECT_TRUE(client->holdsBack());
  ASSERT_TRUE(client->write(asBytes(std::string_view("lo"))));
  EXPECT_TRUE(client->toSend().empty());
  ASSERT_TRUE(client->received(BytesView(pieces).last(1)));
  EXPECT_EQ(TlsPair::readAll(*client), "");
  EXPECT_FALSE(client->holdsBack());
  BIO_write(in, client->toSend().data(), static_cast<int>(client->toSend().size()));
  char text[16] = {};
  EXPECT_EQ(SSL_read(server.get(), text, sizeof(text)), 5);
  EXPECT_STREQ(text, "hello");
}

TEST(TlsEngine, NeverCrashesOnRandomBytes) {
  std::uint32_t state = 12345;
  for (int round = 0; round < 200; ++round) {
    TlsPair pair(clientSettings(), serverSettings(certificates().server));
    ASSERT_TRUE(pair.client->handshake());
    std::vector<std::byte> hello(pair.client->toSend().begin(), pair.client->toSend().end());
    for (int i = 0; i < 3; ++i) {
      state = state * 1664525 + 1013904223;
      hello[(state >> 8) % hello.size()] = static_cast<std::byte>(state >> 24);
    }
    const Status first = pair.server->received(hello);
    if (first) EXPECT_FALSE(pair.server->established());
    else EXPECT_EQ(first.error().code(), ErrorCode::TlsFailed);
  }
}

}  // namespace
}  // namespace klamm::net
