#include "net/tls/stream.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "net/tls/openssl.h"
#include "tls_pair.h"

namespace klamm::net {
namespace {

/// A client that does with OpenSSL what ours would never do, on one end of a socket pair. It never reads once the session
/// stands.
class OddClient {
 public:
  explicit OddClient(int version) : context_(SSL_CTX_new(TLS_client_method())) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), 0);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }
  ~OddClient() {
    for (const int socket : sockets_) ::close(socket);
  }
  OddClient(const OddClient&) = delete;
  OddClient& operator=(const OddClient&) = delete;

  [[nodiscard]] int serverSocket() const { return sockets_[1]; }
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
  /// Goes on with the handshake, and sends what that makes.
  void goOn() {
    (void)SSL_do_handshake(ssl_.get());
    char* data = nullptr;
    const long length = BIO_get_mem_data(out_, &data);
    if (length > 0) {
      EXPECT_EQ(::send(sockets_[0], data, static_cast<std::size_t>(length), 0), length);
    }
    (void)BIO_reset(out_);
  }
  void takeAnswer() {
    std::array<std::byte, 32 * 1024> bytes;
    const ssize_t count = ::recv(sockets_[0], bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) BIO_write(in_, bytes.data(), static_cast<int>(count));
  }

 private:
  std::array<int, 2> sockets_{};
  ContextOwner context_;
  SslOwner ssl_;
  BIO* in_ = nullptr;  // both belong to `ssl_`
  BIO* out_ = nullptr;
};

/// A server's stream with that client, the handshake done.
class TlsStreamTest : public testing::Test {
 protected:
  void shakeHands(OddClient& client) {
    auto made = TlsStream::make(contextOf(serverSettings(certificates().server), TlsRole::Server), "", "TLS handshake");
    ASSERT_TRUE(made);
    stream_ = *std::move(made);
    for (int round = 0; round < 10 && !(stream_->engine().established() && SSL_is_init_finished(client.ssl())); ++round) {
      client.goOn();
      ASSERT_TRUE(stream_->read(client.serverSocket(), reader_));
      ASSERT_TRUE(stream_->write(client.serverSocket(), queue_, 1 << 20, true));
      client.takeAnswer();
    }
    ASSERT_TRUE(stream_->engine().established());
  }
  /// One turn as the connection does it.
  Status turn(int socket) {
    const auto taken = stream_->read(socket, reader_);
    if (!taken) return fail(taken.error());
    const auto written = stream_->write(socket, queue_, 1 << 20, true);
    return written ? Status() : fail(written.error());
  }

  FrameReader reader_{1 << 20};
  OutputQueue queue_;
  std::unique_ptr<TlsStream> stream_;
};

TEST_F(TlsStreamTest, EndsASessionThatAsksToRenegotiate) {
  OddClient client(TLS1_2_VERSION);
  shakeHands(client);
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  client.goOn();
  const Status status = turn(client.serverSocket());
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().context().find("renegotiate"), std::string::npos) << status.error().message();
}

/// Every key update is answered by one; a peer that does not read makes them pile up.
TEST_F(TlsStreamTest, BoundsTheAnswersOfTlsThatThePeerDoesNotRead) {
  OddClient client(TLS1_3_VERSION);
  shakeHands(client);
  Status status;
  int updates = 0;
  for (; status && updates < 200'000; ++updates) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client.goOn();
    status = turn(client.serverSocket());
  }
  ASSERT_FALSE(status) << stream_->waitingBytes() << " bytes wait after " << updates << " updates";
  EXPECT_NE(status.error().context().find("the peer makes TLS answer and does not read"), std::string::npos) << status.error().message();
  EXPECT_LT(stream_->waitingBytes(), 512U * 1024);
}

}  // namespace
}  // namespace klamm::net
