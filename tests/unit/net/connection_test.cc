#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "loopback.h"

namespace klamm::net {
namespace {

/// A plain blocking socket: a peer that does what no Connection would.
class RawPeer {
 public:
  explicit RawPeer(const Endpoint& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const auto address = numericAddress(to.host, to.port).front();
    EXPECT_EQ(::connect(socket_, address.get(), address.length), 0);
  }
  ~RawPeer() { ::close(socket_); }
  void write(std::string_view bytes) const {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void halfClose() const { ::shutdown(socket_, SHUT_WR); }
  /// Everything until the other side closes.
  std::string readToEnd() const {
    std::string all;
    char part[65536];
    for (ssize_t count; (count = ::recv(socket_, part, sizeof(part), 0)) > 0;) all.append(part, static_cast<std::size_t>(count));
    return all;
  }

 private:
  int socket_;
};

std::string wire(std::string_view body) { return std::string(framed(body).text()); }

TEST(Connection, ShowsTheFrontOfALargeFrameWhileTheRestIsOnItsWay) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  const Endpoint at = net.listen([&] { return server; });
  const RawPeer peer(at);
  const std::string bytes = wire(std::string(3'000'000, 'x'));
  peer.write(wire("small"));
  peer.write(std::string_view(bytes).substr(0, 500'000));
  while (server->fronts().empty()) std::this_thread::yield();
  EXPECT_EQ(server->frames(), std::vector<std::string>{"small"});
  peer.write(std::string_view(bytes).substr(500'000));
  ASSERT_TRUE(server->waitFrames(2));
  std::size_t before = 0;
  for (const auto& [size, first] : server->fronts()) {
    EXPECT_GE(size, before);
    EXPECT_LT(size, 3'000'000U);
    EXPECT_EQ(first, 'x');
    before = size;
  }
}

TEST(Connection, CarriesFramesBothWays) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  server->echo = true;
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect(net.listen([&] { return server; }), client);
  ASSERT_TRUE(connection->send(Parts(framed("before it is open"))));
  ASSERT_TRUE(client->waitOpen());
  ASSERT_TRUE(connection->send(Parts(framed("after"))));
  ASSERT_TRUE(client->waitFrames(2));
  EXPECT_EQ(client->frames(), (std::vector<std::string>{"before it is open", "after"}));
  EXPECT_EQ(connection->remote().host, "127.0.0.1");
  connection->close(Error(ErrorCode::Closed, "done"));
  EXPECT_EQ(client->waitClosed().message(), "done: the client is closed (CLOSED)");
  EXPECT_EQ(server->waitClosed().context(), "the peer closed the connection");
  EXPECT_FALSE(connection->send(Parts(framed("late"))));
}

TEST(Connection, CarriesFramesOverIpv6) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  server->echo = true;
  auto client = std::make_shared<Recorder>();
  const Endpoint at = net.listen([&] { return server; }, {}, "::1");
  EXPECT_EQ(at.toString().substr(0, 6), "[::1]:");
  const auto connection = net.connect(at, client);
  ASSERT_TRUE(connection->send(Parts(framed("six"))));
  ASSERT_TRUE(client->waitFrames(1));
}

TEST(Connection, SaysWhyItCouldNotBeMade) {
  Loopback net;
  auto client = std::make_shared<Recorder>();
  const Endpoint at = net.listen([] { return std::make_shared<Recorder>(); });
  const auto refused = net.connect({"127.0.0.1", 1}, client);
  const Error reason = client->waitClosed();
  EXPECT_EQ(reason.code(), ErrorCode::NetworkException);
  EXPECT_EQ(reason.context(), "connecting to 127.0.0.1:1: Connection refused");
  EXPECT_FALSE(client->opened());
}

TEST(Connection, TriesEveryAddressOfAName) {
  Endpoint at;
  Loopback net([&at](const std::string& host, std::uint16_t port) -> Result<std::vector<SocketAddress>> {
    EXPECT_EQ(host, "several.example");
    return std::vector{numericAddress("127.0.0.1", 1).front(), numericAddress("::1", 1).front(),
                       numericAddress("127.0.0.1", port).front()};
  });
  at = net.listen([] { return std::make_shared<Recorder>(); });
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect({"several.example", at.port}, client);
  EXPECT_TRUE(client->waitOpen());
}

TEST(Connection, AnUnknownNameIsAnErrorThatNamesIt) {
  Loopback net([](const std::string& host, std::uint16_t) -> Result<std::vector<SocketAddress>> {
    return fail(ErrorCode::ResolveFailed, host + ": not known");
  });
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect({"nowhere.example", 9092}, client);
  EXPECT_EQ(client->waitClosed().context(), "nowhere.example: not known");
}

TEST(Connection, ALookUpWithoutAnswerHoldsUpNeitherTheDeadlineNorTheEnd) {
  std::promise<void> never;
  const std::shared_future<void> answer = never.get_future().share();
  std::promise<void> over;
  {
    Loopback net([answer, &over](const std::string&, std::uint16_t) -> Result<std::vector<SocketAddress>> {
      answer.wait();
      over.set_value();
      return fail(ErrorCode::ResolveFailed, "too late");
    });
    auto client = std::make_shared<Recorder>();
    const auto late = net.connect({"silent.example", 9092}, client, {}, Millis(20));
    EXPECT_EQ(client->waitClosed().code(), ErrorCode::RequestTimedOut);
    auto waiting = std::make_shared<Recorder>();
    const auto other = net.connect({"silent.example", 9092}, waiting);
    net.stop();
  }
  never.set_value();
  EXPECT_EQ(over.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(Connection, EndsWithATextWhenThePeerSendsAHostileLength) {
  Loopback net;
  for (const std::string_view length : {std::string_view("\xff\xff\xff\xff", 4), std::string_view("\0\0\0\0", 4), std::string_view("\x7f\xff\xff\xff", 4)}) {
    auto server = std::make_shared<Recorder>();
    RawPeer peer(net.listen([&] { return server; }));
    peer.write(wire("fine"));
    peer.write(length);
    EXPECT_EQ(server->waitClosed().code(), ErrorCode::MalformedResponse);
    EXPECT_EQ(server->frames(), std::vector<std::string>{"fine"});
  }
}

TEST(Connection, NoticesACloseInTheMiddleOfAFrame) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  {
    RawPeer peer(net.listen([&] { return server; }));
    peer.write(wire("whole") + wire("broken off").substr(0, 7));
    ASSERT_TRUE(server->waitFrames(1));
  }
  EXPECT_EQ(server->waitClosed().context(), "the peer closed the connection within a frame");
}

TEST(Connection, AssemblesAFrameThatComesByteByByte) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  RawPeer peer(net.listen([&] { return server; }));
  for (const char byte : wire("drop by drop")) peer.write({&byte, 1});
  ASSERT_TRUE(server->waitFrames(1));
  EXPECT_EQ(server->frames().front(), "drop by drop");
}

TEST(Connection, BytesThatAreTooFewToWakeItForAreActivity) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  RawPeer peer(net.listen([&] { return server; }));
  peer.write(wire(std::string(1'000'000, 'x')).substr(0, 200'000));
  ASSERT_TRUE(server->waitOpen());
  const auto lastActive = [&] { return net.run([&] { return net.accepted.front()->lastActive(); }); };
  const TimePoint begin = lastActive();
  TimePoint seen = begin;
  constexpr int kBelowTheMark = 50'000;
  for (int sent = 0; sent < kBelowTheMark && seen < begin + std::chrono::milliseconds(20); ++sent) {
    peer.write("x");
    seen = lastActive();
  }
  EXPECT_GE(seen, begin + std::chrono::milliseconds(20));
}

TEST(Connection, AHalfClosedPeerEndsIt) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  RawPeer peer(net.listen([&] { return server; }));
  peer.halfClose();
  EXPECT_EQ(server->waitClosed().code(), ErrorCode::NetworkException);
  EXPECT_EQ(peer.readToEnd(), "");
}

TEST(Connection, PausedItDeliversNothingUntilItIsResumed) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  server->pauseAfterEach = true;
  RawPeer peer(net.listen([&] { return server; }));
  peer.write(wire("1") + wire("2") + wire("3"));
  ASSERT_TRUE(server->waitFrames(1));
  net.run([] { return 0; });  // whatever the loop had to do is done
  EXPECT_EQ(server->frames().size(), 1U);
  for (std::size_t i = 2; i <= 3; ++i) {
    net.run([&] {
      net.accepted.front()->resumeReading();
      return 0;
    });
    ASSERT_TRUE(server->waitFrames(i));
    net.run([] { return 0; });
    EXPECT_EQ(server->frames().size(), i);
  }
}

TEST(Connection, ManySendersKeepTheirOrder) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect(net.listen([&] { return server; }), client);
  constexpr int kSenders = 4;
  constexpr int kEach = 5'000;
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (int i = 0; i < kEach; ++i) {
        Parts parts(framed(std::to_string(sender) + " " + std::to_string(i)));
        ASSERT_TRUE(connection->send(std::move(parts)));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  ASSERT_TRUE(server->waitFrames(kSenders * kEach));
  std::vector<int> next(kSenders, 0);
  for (const std::string& frame : server->frames()) {
    const int sender = frame[0] - '0';
    ASSERT_EQ(std::stoi(frame.substr(2)), next[sender]++);
  }
}

TEST(Connection, APeerThatDoesNotReadIsCutOffAtTheLimit) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  ConnectionOptions options;
  options.maxQueued = 1024 * 1024;
  options.socket.sendBuffer = 16 * 1024;
  RawPeer peer(net.listen([&] { return server; }, options));
  ASSERT_TRUE(server->waitOpen());
  const auto connection = net.run([&] { return net.accepted.front(); });
  const Buffer frame = framed(std::string(100'000, 'z'));
  int sent = 0;
  while (connection->send(Parts(frame)) && sent < 1000) ++sent;
  EXPECT_LT(sent, 1000);
  EXPECT_EQ(server->waitClosed().context(), "the peer does not read what it is sent");
}

TEST(Connection, ASlowReaderGetsEverythingAndTheSenderHearsOfIt) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  ConnectionOptions options;
  options.socket.sendBuffer = 16 * 1024;
  RawPeer peer(net.listen([&] { return server; }, options));
  ASSERT_TRUE(server->waitOpen());
  const auto connection = net.run([&] { return net.accepted.front(); });
  std::string expected;
  for (int i = 0; i < 12; ++i) {
    const std::string body(100'000, static_cast<char>('a' + i % 26));
    expected += wire(body);
    ASSERT_TRUE(connection->send(Parts(framed(body))));
  }
  EXPECT_GT(connection->queuedBytes(), 0U);
  connection->closeWhenSent(Error(ErrorCode::Closed), systemClock().now() + kPatience);
  EXPECT_FALSE(connection->send(Parts(framed("too late"))));
  EXPECT_TRUE(peer.readToEnd() == expected);
  EXPECT_EQ(server->waitClosed().code(), ErrorCode::Closed);
}

TEST(Connection, TellsWhenWhatWaitedHasGone) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect(net.listen([&] { return server; }), client);
  ASSERT_TRUE(client->waitOpen());
  ASSERT_TRUE(connection->send(Parts(framed(std::string(30'000'000, 'q')))));
  EXPECT_TRUE(client->waitDrained());
  ASSERT_TRUE(server->waitFrames(1));
  EXPECT_EQ(connection->queuedBytes(), 0U);
}

TEST(Connection, DrainingEndsAtItsDeadlineWhenThePeerDoesNotRead) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  RawPeer peer(net.listen([&] { return server; }));
  ASSERT_TRUE(server->waitOpen());
  const auto connection = net.run([&] { return net.accepted.front(); });
  ASSERT_TRUE(connection->send(Parts(framed(std::string(50'000'000, 'q')))));
  connection->closeWhenSent(Error(ErrorCode::Closed, "stopping"), systemClock().now() + Millis(20));
  EXPECT_EQ(server->waitClosed().context(), "stopping");
}

/// A file with numbered bytes, removed at once; only its descriptor lives.
std::shared_ptr<const FileHandle> numberedFile(std::size_t size) {
  char name[] = "/tmp/klamm_net_test_XXXXXX";
  const int file = ::mkstemp(name);
  EXPECT_GE(file, 0);
  ::unlink(name);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('0' + i % 10);
  EXPECT_EQ(::write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(size));
  return std::make_shared<const FileHandle>(file);
}

TEST(Connection, SendsFileRangesBetweenSlices) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect(net.listen([&] { return server; }), client);
  const auto file = numberedFile(3'000'000);
  constexpr std::uint64_t kLength = 2'000'000;
  std::vector<std::byte> head(4);
  storeBigEndian<std::int32_t>(head.data(), 4 + kLength + 5);
  Parts parts(Buffer::adopt(head));
  parts.add(Part(Buffer::copyOf("head")));
  parts.add(FileRange{file, 500'003, kLength});
  parts.add(Part(Buffer::copyOf("tail.")));
  ASSERT_TRUE(connection->send(std::move(parts)));
  ASSERT_TRUE(server->waitFrames(1));
  std::string expected = "head";
  for (std::uint64_t i = 0; i < kLength; ++i) expected += static_cast<char>('0' + (500'003 + i) % 10);
  expected += "tail.";
  EXPECT_TRUE(server->frames().front() == expected);
}

TEST(Connection, AFileThatIsShorterThanItsRangeEndsItWithAnError) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  auto client = std::make_shared<Recorder>();
  const auto connection = net.connect(net.listen([&] { return server; }), client);
  Parts parts;
  parts.add(FileRange{numberedFile(100), 50, 100});
  ASSERT_TRUE(connection->send(std::move(parts)));
  EXPECT_EQ(client->waitClosed().code(), ErrorCode::IoFailed);
}

TEST(Listener, AnAddressInUseIsOneClearError) {
  Loopback net;
  const Endpoint at = net.listen([] { return std::make_shared<Recorder>(); });
  const std::string message = net.run([&] {
    const auto second = net.transport->listen(at, {}, [](const auto&) { return nullptr; });
    return second ? "it listens" : second.error().context();
  });
  EXPECT_EQ(message, "cannot listen on " + at.toString() + ": Address already in use");
}

TEST(Listener, RefusesWhomItsHandlerRefuses) {
  Loopback net;
  RawPeer peer(net.listen([] { return nullptr; }));
  EXPECT_EQ(peer.readToEnd(), "");
}

TEST(Listener, GoesOnWhenDescriptorsAreShort) {
  Loopback net;
  auto server = std::make_shared<Recorder>();
  server->echo = true;
  const Endpoint at = net.listen([&] { return server; });
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit before = {};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 200;
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<int> taken;
  for (int fd; (fd = ::dup(peer)) >= 0;) taken.push_back(fd);
  const auto address = numericAddress(at.host, at.port).front();
  ASSERT_EQ(::connect(peer, address.get(), address.length), 0);  // by the backlog
  net.run([] { return 0; });
  for (const int fd : taken) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &before);
  const std::string hello = wire("hello");
  ASSERT_EQ(::send(peer, hello.data(), hello.size(), 0), static_cast<ssize_t>(hello.size()));
  EXPECT_TRUE(server->waitFrames(1));
  ::close(peer);
}

}  // namespace
}  // namespace klamm::net
