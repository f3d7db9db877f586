#include "support/fault_proxy/fault_proxy.h"

#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace klamm::test {
namespace {

using namespace std::chrono_literals;

/// A client's and a server's end, the proxy between them.
class FaultProxyTest : public testing::Test {
 protected:
  static void waitFor(const Descriptor& socket, short events) {
    pollfd poll{socket.get(), events, 0};
    ASSERT_EQ(::poll(&poll, 1, 20'000), 1);
  }
  Descriptor connect() {
    Descriptor client = startConnecting("127.0.0.1", proxy_.port());
    waitFor(client, POLLOUT);
    return client;
  }
  Descriptor accept() {
    waitFor(server_, POLLIN);
    return Descriptor(::accept4(server_.get(), nullptr, nullptr, SOCK_NONBLOCK));
  }
  static void send(const Descriptor& socket, std::string_view bytes) {
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  /// The next bytes; "" for an orderly end, "reset".
  static std::string receive(const Descriptor& socket) {
    waitFor(socket, POLLIN);
    char room[1024];
    const ssize_t got = ::recv(socket.get(), room, sizeof room, 0);
    return got < 0 ? "reset" : std::string(room, static_cast<std::size_t>(got));
  }
  static bool isQuiet(const Descriptor& socket) {
    pollfd poll{socket.get(), POLLIN, 0};
    return ::poll(&poll, 1, 50) == 0;
  }

  Descriptor server_ = [] {
    Descriptor server = bindLocal(0);
    EXPECT_EQ(::listen(server.get(), 16), 0);
    return server;
  }();
  FaultProxy proxy_{{.upstreamPort = portOf(server_)}};
};

TEST_F(FaultProxyTest, PassesBytesAndEndsBothWays) {
  const Descriptor client = connect();
  Descriptor server = accept();
  send(client, "hello");
  EXPECT_EQ(receive(server), "hello");
  send(server, "and back");
  EXPECT_EQ(receive(client), "and back");
  server.close();
  EXPECT_EQ(receive(client), "");
  EXPECT_EQ(proxy_.counts().bytes, 13U);
}

TEST_F(FaultProxyTest, SaysNothingWhileSilentAndResetsAfterwards) {
  const Descriptor before = connect();
  const Descriptor server = accept();
  proxy_.setMode(FaultProxy::Mode::Silent);
  const Descriptor during = connect();
  send(before, "anybody");
  send(during, "there?");
  EXPECT_TRUE(isQuiet(before));
  EXPECT_TRUE(isQuiet(during));
  proxy_.setMode(FaultProxy::Mode::Passing);
  EXPECT_EQ(receive(before), "reset");
  EXPECT_EQ(receive(during), "reset");
  const Descriptor after = connect();
  send(after, "hello");
}

TEST_F(FaultProxyTest, RefusesAndComesBackOnTheSamePort) {
  const Descriptor before = connect();
  const Descriptor server = accept();
  proxy_.setMode(FaultProxy::Mode::Refusing);
  EXPECT_EQ(receive(before), "reset");
  const Descriptor refused = startConnecting("127.0.0.1", proxy_.port());
  if (refused.get() >= 0) {
    waitFor(refused, POLLOUT);
    EXPECT_EQ(connectError(refused), ECONNREFUSED);
  }
  proxy_.setMode(FaultProxy::Mode::Passing);
  const Descriptor again = connect();
  const Descriptor accepted = accept();
  send(again, "hello");
  EXPECT_EQ(receive(accepted), "hello");
}

TEST_F(FaultProxyTest, ResetsAClientWhoseUpstreamIsNotThere) {
  server_.close();
  const Descriptor client = connect();
  EXPECT_EQ(receive(client), "reset");
  EXPECT_EQ(proxy_.counts().refusals, 1U);
}

TEST_F(FaultProxyTest, CutsInsideAFrameAndCountsIt) {
  proxy_.setProfile({.cut = 1});
  const Descriptor client = connect();
  const Descriptor server = accept();
  std::string frame(104, 'x');
  storeBigEndian<std::int32_t>(reinterpret_cast<std::byte*>(frame.data()), 100);
  send(client, frame);
  std::string got;
  for (std::string part; !(part = receive(server)).empty();) got += part;
  EXPECT_LT(got.size(), frame.size());
  EXPECT_EQ(got, frame.substr(0, got.size()));
  EXPECT_EQ(proxy_.counts().cuts, 1U);
}

TEST_F(FaultProxyTest, ResetsAllConnectionsOnDemand) {
  const Descriptor client = connect();
  const Descriptor server = accept();
  proxy_.resetAll();
  EXPECT_EQ(receive(client), "reset");
  EXPECT_EQ(receive(server), "reset");
}

}  // namespace
}  // namespace klamm::test
