#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "loopback.h"
#include "tls_pair.h"

namespace klamm::net {
namespace {

/// Server, client and what they said, over real sockets.
class TlsConnection : public testing::Test {
 protected:
  static ConnectionOptions options(const TlsSettings& settings, TlsRole role) {
    ConnectionOptions options;
    options.tls = contextOf(settings, role);
    return options;
  }
  Endpoint serve(const TlsSettings& settings, std::size_t maxFrame = 100 * 1024 * 1024) {
    ConnectionOptions how = options(settings, TlsRole::Server);
    how.maxFrame = maxFrame;
    return net_.listen([this] { return server_; }, how);
  }
  Endpoint serve() { return serve(serverSettings(certificates().server)); }
  std::shared_ptr<Connection> connect(const Endpoint& to, const TlsSettings& settings = clientSettings()) {
    return net_.connect(to, client_, options(settings, TlsRole::Client));
  }
  static bool has(const Error& error, std::string_view text) { return error.message().find(text) != std::string::npos; }

  Loopback net_;
  std::shared_ptr<Recorder> server_ = std::make_shared<Recorder>();
  std::shared_ptr<Recorder> client_ = std::make_shared<Recorder>();
};

TEST_F(TlsConnection, CarriesFramesBothWays) {
  server_->echo = true;
  const auto connection = connect(serve());
  ASSERT_TRUE(connection->send(Parts(framed("before it is open"))));
  ASSERT_TRUE(client_->waitOpen());
  ASSERT_TRUE(connection->send(Parts(framed("after"))));
  ASSERT_TRUE(client_->waitFrames(2));
  EXPECT_EQ(client_->frames(), (std::vector<std::string>{"before it is open", "after"}));
  connection->close(Error(ErrorCode::Closed, "done"));
  EXPECT_EQ(server_->waitClosed().context(), "the peer closed the connection");
}

TEST_F(TlsConnection, CarriesLargeFramesBothWays) {
  server_->echo = true;
  const auto connection = connect(serve());
  std::string large(5'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 >> 3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(connection->send(Parts(framed(large.substr(static_cast<std::size_t>(i) * 1000)))));
  ASSERT_TRUE(connection->send(Parts(framed("small"))));
  ASSERT_TRUE(client_->waitFrames(4));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(client_->frames()[i] == large.substr(i * 1000));
  EXPECT_EQ(client_->frames()[3], "small");
}

TEST_F(TlsConnection, ReadsAndEncryptsRangesOfFiles) {
  std::string content(300'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i % 251);
  char name[] = "/tmp/klamm-tls-XXXXXX";
  const int descriptor = ::mkstemp(name);
  ::unlink(name);
  ASSERT_EQ(::write(descriptor, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  const auto file = std::make_shared<const FileHandle>(descriptor);
  Parts frame;
  std::vector<std::byte> length(4);
  storeBigEndian<std::int32_t>(length.data(), 200'002);
  frame.add(Part(Buffer::adopt(length)));
  frame.add(Part(Buffer::copyOf(std::string_view("a"))));
  frame.add(Part(FileRange{file, 50'000, 200'000}));
  frame.add(Part(Buffer::copyOf(std::string_view("z"))));
  const auto connection = connect(serve());
  ASSERT_TRUE(client_->waitOpen());
  ASSERT_TRUE(connection->send(frame)) << "from a thread that must not read files: the loop does";
  ASSERT_TRUE(server_->waitFrames(1));
  EXPECT_TRUE(server_->frames()[0] == "a" + content.substr(50'000, 200'000) + "z");
}

TEST_F(TlsConnection, KeepsFramesBackWhilePaused) {
  server_->pauseAfterEach = true;
  const auto connection = connect(serve());
  const std::string large(200'000, 'l');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(connection->send(Parts(framed(i % 2 == 0 ? large : "s"))));
  for (std::size_t count = 1; count <= 5; ++count) {
    ASSERT_TRUE(server_->waitFrames(count));
    EXPECT_EQ(server_->frames().size(), count);
    net_.run([this] {
      net_.accepted.front()->resumeReading();
      return 0;
    });
  }
}

TEST_F(TlsConnection, SendsWhatIsQueuedBeforeItCloses) {
  const auto connection = connect(serve());
  const std::string large(3'000'000, 'q');
  ASSERT_TRUE(connection->send(Parts(framed(large))));
  connection->closeWhenSent(Error(ErrorCode::Closed, "done"), net_.loop->now() + kPatience);
  ASSERT_TRUE(server_->waitFrames(1));
  EXPECT_TRUE(server_->frames()[0] == large);
  EXPECT_EQ(client_->waitClosed().context(), "done");
}

TEST_F(TlsConnection, NamesThePeerByItsCertificate) {
  TlsSettings demanding = serverSettings(certificates().server);
  demanding.clientAuth = TlsSettings::ClientAuth::Required;
  TlsSettings mine = clientSettings();
  mine.privateKey = certificates().client.key;
  mine.certificateChain = certificates().client.certificate;
  const auto connection = connect(serve(demanding), mine);
  ASSERT_TRUE(client_->waitOpen());
  ASSERT_TRUE(server_->waitOpen());
  EXPECT_EQ(connection->peerSubject(), "CN=localhost,O=Klamm");
  EXPECT_EQ(net_.run([this] { return net_.accepted.front()->peerSubject(); }), "CN=client,O=Klamm");
}

TEST_F(TlsConnection, TellsBothSidesOnceWhyAHandshakeFails) {
  const auto connection = connect(serve(serverSettings(certificates().expired)));
  const Error client = client_->waitClosed();
  EXPECT_EQ(client.code(), ErrorCode::TlsFailed);
  EXPECT_TRUE(has(client, "TLS handshake with 127.0.0.1:")) << client.message();
  EXPECT_TRUE(has(client, "expired on ")) << client.message();
  const Error server = server_->waitClosed();
  EXPECT_EQ(server.code(), ErrorCode::TlsFailed);
  EXPECT_TRUE(has(server, "the client refuses the certificate of this broker")) << server.message();
  EXPECT_FALSE(client_->opened() || server_->opened());
}

/// The request is on its way when the server, whose handshake ends last, refuses the client; its reset must not hide why.
TEST_F(TlsConnection, LearnsWhyItWasRefusedAfterItsOwnHandshake) {
  TlsSettings demanding = serverSettings(certificates().server);
  demanding.clientAuth = TlsSettings::ClientAuth::Required;
  const Endpoint to = serve(demanding);
  for (int round = 0; round < 30; ++round) {
    server_ = std::make_shared<Recorder>();
    client_ = std::make_shared<Recorder>();
    const auto connection = connect(to);
    for (int i = 0; i < 5; ++i) (void)connection->send(Parts(framed(std::string(5000, 'r'))));
    const Error error = client_->waitClosed();
    ASSERT_EQ(error.code(), ErrorCode::TlsFailed) << round << ": " << error.message();
    EXPECT_TRUE(has(error, "demands a certificate of the client")) << error.message();
  }
}

TEST_F(TlsConnection, SaysWhenOneSideTalksPlainText) {
  const Endpoint secure = serve();
  const auto plainClient = net_.connect(secure, client_);
  ASSERT_TRUE(plainClient->send(Parts(framed("plain"))));
  EXPECT_TRUE(has(server_->waitClosed(), "the client talks plain text on a TLS listener"));
  EXPECT_TRUE(has(client_->waitClosed(), "the peer answers with TLS: set security.protocol=SSL"));

  const auto plainServer = std::make_shared<Recorder>();
  const Endpoint plain = net_.listen([&] { return plainServer; });
  client_ = std::make_shared<Recorder>();
  const auto connection = connect(plain);
  const Error error = client_->waitClosed();
  EXPECT_EQ(error.code(), ErrorCode::NetworkException) << "a broker that stops does the same: trying again may help";
  EXPECT_TRUE(has(error, "does this port speak TLS?")) << error.message();
  EXPECT_TRUE(has(plainServer->waitClosed(), "the peer speaks TLS on a port for plain text"));
}

TEST_F(TlsConnection, ChecksTheLengthOfFrames) {
  const auto connection = connect(serve(serverSettings(certificates().server), 1000));
  ASSERT_TRUE(client_->waitOpen());
  ASSERT_TRUE(connection->send(Parts(framed(std::string(1001, 'x')))));
  EXPECT_TRUE(has(server_->waitClosed(), "the limit is 1000"));
}

/// A peer that does what no TLS library would.
class SilentPeer {
 public:
  SilentPeer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const auto any = numericAddress("127.0.0.1", 0).front();
    EXPECT_EQ(::bind(socket_, any.get(), any.length), 0);
    EXPECT_EQ(::listen(socket_, 5), 0);
  }
  ~SilentPeer() { ::close(socket_); }
  [[nodiscard]] Endpoint at() const { return SocketAddress::localOf(socket_).toEndpoint(); }

 private:
  int socket_;
};

/// A client that decides itself which bytes go out together.
class RawClient {
 public:
  explicit RawClient(const Endpoint& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)), engine_(*TlsEngine::make(contextOf(clientSettings(), TlsRole::Client), "localhost", "test")) {
    const auto address = numericAddress(to.host, to.port).front();
    EXPECT_EQ(::connect(socket_, address.get(), address.length), 0);
    EXPECT_TRUE(engine_->handshake());
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Its own last flight is left for the next flush().
  void shakeHands() {
    while (!engine_->established()) {
      flush();
      std::array<std::byte, 32 * 1024> bytes;
      const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
      ASSERT_GT(count, 0);
      ASSERT_TRUE(engine_->received({bytes.data(), static_cast<std::size_t>(count)}));
    }
  }
  void add(std::string_view body) { ASSERT_TRUE(engine_->write(framed(body).view())); }
  void addGoodbye() { engine_->sayGoodbye(); }
  void flush() {
    const BytesView bytes = engine_->toSend();
    ASSERT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    engine_->sent(bytes.size());
  }

 private:
  int socket_;
  std::unique_ptr<TlsEngine> engine_;
};

TEST_F(TlsConnection, DeliversTheFramesThatComeTogetherWithTheGoodbye) {
  RawClient peer(serve());
  peer.shakeHands();
  peer.flush();
  ASSERT_TRUE(server_->waitOpen());
  peer.add("one");
  peer.add("two");
  peer.addGoodbye();
  peer.flush();
  EXPECT_EQ(server_->waitClosed().context(), "the peer closed the connection");
  EXPECT_EQ(server_->frames(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(TlsConnection, DeliversTheFramesThatComeTogetherWithTheEndOfTheHandshakeAndTheGoodbye) {
  RawClient peer(serve());
  peer.shakeHands();
  peer.add("one");
  peer.add("two");
  peer.addGoodbye();
  peer.flush();
  EXPECT_EQ(server_->waitClosed().context(), "the peer closed the connection");
  EXPECT_EQ(server_->frames(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(TlsConnection, KeepsTheFramesInFrontOfTheGoodbyeWhilePaused) {
  server_->pauseAfterEach = true;
  RawClient peer(serve());
  peer.shakeHands();
  for (const char* body : {"one", "two", "three"}) peer.add(body);
  peer.addGoodbye();
  peer.flush();
  for (std::size_t count = 1; count <= 3; ++count) {
    ASSERT_TRUE(server_->waitFrames(count)) << count;
    EXPECT_EQ(server_->frames().size(), count);
    net_.run([this] {
      net_.accepted.front()->resumeReading();
      return 0;
    });
  }
  EXPECT_EQ(server_->waitClosed().context(), "the peer closed the connection");
}

/// The bytes have left the queue of the connection and wait in the session, because the socket takes no more.
TEST_F(TlsConnection, SendsWhatIsEncryptedBeforeItCloses) {
  server_->pauseAfterEach = true;
  ConnectionOptions narrow = options(serverSettings(certificates().server), TlsRole::Server);
  narrow.socket.receiveBuffer = 2048;
  const Endpoint to = net_.listen([this] { return server_; }, narrow);
  ConnectionOptions mine = options(clientSettings(), TlsRole::Client);
  mine.socket.sendBuffer = 2048;
  const auto connection = net_.connect(to, client_, mine);
  ASSERT_TRUE(connection->send(Parts(framed("pause"))));
  ASSERT_TRUE(server_->waitFrames(1));
  const std::string large(40'000, 'e');
  ASSERT_TRUE(connection->send(Parts(framed(large))));
  ASSERT_GT(connection->queuedBytes(), 0U);
  connection->closeWhenSent(Error(ErrorCode::Closed, "done"), net_.loop->now() + kPatience);
  net_.run([this] {
    net_.accepted.front()->resumeReading();
    return 0;
  });
  ASSERT_TRUE(server_->waitFrames(2));
  EXPECT_TRUE(server_->frames()[1] == large);
  EXPECT_EQ(client_->waitClosed().context(), "done");
}

TEST_F(TlsConnection, GivesUpAHandshakeAtItsDeadline) {
  const SilentPeer peer;
  const auto connection = net_.connect(peer.at(), client_, options(clientSettings(), TlsRole::Client), std::chrono::milliseconds(50));
  const Error client = client_->waitClosed();
  EXPECT_EQ(client.code(), ErrorCode::RequestTimedOut);
  EXPECT_TRUE(has(client, "the peer did not go on in time")) << client.message();

  ConnectionOptions impatient = options(serverSettings(certificates().server), TlsRole::Server);
  impatient.tlsHandshakeTimeout = std::chrono::milliseconds(50);
  const Endpoint to = net_.listen([this] { return server_; }, impatient);
  const auto mute = std::make_shared<Recorder>();
  const auto plain = net_.connect(to, mute);
  EXPECT_EQ(server_->waitClosed().code(), ErrorCode::RequestTimedOut);
}

TEST_F(TlsConnection, ManyThreadsMaySendAtOnce) {
  const auto connection = connect(serve());
  ASSERT_TRUE(client_->waitOpen());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&connection, t] {
      for (int i = 0; i < 200; ++i) ASSERT_TRUE(connection->send(Parts(framed(std::string(static_cast<std::size_t>(t * 1000 + i + 1), static_cast<char>('a' + t))))));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(server_->waitFrames(800));
}

}  // namespace
}  // namespace klamm::net
