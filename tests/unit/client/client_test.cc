// The client whole, on real sockets: threads, and an end in time whatever the other side does.

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <thread>

#include "client/client.h"
#include "net/transport.h"
#include "protocol/03_metadata.h"
#include "protocol/18_api_versions.h"
#include "protocol/frame.h"

namespace klamm::client {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

/// Answers ApiVersions and Metadata for itself as the only broker, on a thread of its own.
class TinyBroker {
 public:
  TinyBroker() : thread_([this] { loop_->run(); }) {
    std::promise<void> listening;
    loop_->post([&] {
      listener_ = *transport_->listen({"127.0.0.1", 0}, {}, [this](const auto&) { return std::make_shared<Handler>(*this); });
      listening.set_value();
    });
    listening.get_future().wait();
  }
  ~TinyBroker() {
    loop_->post([this] {
      listener_.reset();
      loop_->stop();
    });
    thread_.join();
  }
  [[nodiscard]] net::Endpoint address() const { return listener_->local(); }

 private:
  struct Handler final : net::ConnectionHandler {
    explicit Handler(TinyBroker& broker) : broker(broker) {}
    void onFrame(net::Connection& connection, Buffer frame) override {
      const auto request = protocol::parseRequest(frame);
      const std::int32_t id = request->header.correlationId;
      if (request->api->key == protocol::ApiKey::ApiVersions) {
        protocol::ApiVersionsResponse response;
        for (const std::int16_t key : {3, 18}) {
          auto& api = response.apiKeys.emplace_back();
          api.apiKey = key;
          api.maxVersion = key == 3 ? 13 : 4;
        }
        (void)connection.send(*protocol::encodeResponse(response, request->version(), id));
        return;
      }
      protocol::MetadataResponse response;
      auto& self = response.brokers.emplace_back();
      self.nodeId = 7;
      self.host = broker.address().host;
      self.port = broker.address().port;
      (void)connection.send(*protocol::encodeResponse(response, request->version(), id));
    }
    void onClosed(net::Connection&, const Error&) override {}
    TinyBroker& broker;
  };

  std::unique_ptr<net::Loop> loop_ = net::makeLoop();
  std::unique_ptr<net::Transport> transport_ = net::makeTransport(*loop_);
  std::unique_ptr<net::Listener> listener_;
  std::thread thread_;
};

/// Takes connections (the system does) and never says a word.
class SilentBroker {
 public:
  SilentBroker() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(socket_, 10), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    address_ = {"127.0.0.1", ntohs(address.sin_port)};
  }
  ~SilentBroker() { ::close(socket_); }
  [[nodiscard]] const net::Endpoint& address() const { return address_; }

 private:
  int socket_;
  net::Endpoint address_;
};

std::unique_ptr<Client> clientOf(const net::Endpoint& bootstrap) {
  ClientSettings settings;
  settings.bootstrap = {bootstrap};
  settings.threadName = "klamm-test";
  settings.maxInFlight = 5;
  return *Client::start(std::move(settings));
}

protocol::MetadataRequest brokersOnly() {
  protocol::MetadataRequest request;
  request.topics.emplace();
  return request;
}

TEST(Client, ThreadsShareItAndEachKeepsItsOrder) {
  TinyBroker broker;
  const auto client = clientOf(broker.address());
  const auto snapshot = awaitUpdate(client->metadata(), 0, systemClock().now() + kPatience);
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::array<std::vector<int>, kThreads> order;  // written by the I/O thread alone
  std::atomic<int> left = kThreads * kEach;
  std::promise<void> done;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        client->network().send(7, Channel::General, brokersOnly(), {}, [&, thread, i](Result<protocol::MetadataResponse> answer) {
          EXPECT_TRUE(answer) << answer.error().message();
          order[static_cast<std::size_t>(thread)].push_back(i);
          if (--left == 0) done.set_value();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  for (const auto& seen : order) {
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  }
}

TEST(Client, ClosingWhileOthersSendCompletesEveryRequestOnce) {
  TinyBroker broker;
  const auto client = clientOf(broker.address());
  std::atomic<int> submitted = 0;
  std::atomic<int> completed = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      while (!stop) {
        ++submitted;
        client->network().send(kAnyNode, Channel::General, brokersOnly(), {}, [&](Result<protocol::MetadataResponse>) { ++completed; });
        while (submitted - completed > 200 && !stop) std::this_thread::yield();
      }
    });
  }
  while (completed < 500) std::this_thread::yield();
  client->close();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(submitted, completed);
}

TEST(Client, ClosesInTimeWhileABrokerKeepsSilent) {
  SilentBroker broker;
  const auto client = clientOf(broker.address());
  std::promise<Error> ended;
  client->network().send(kAnyNode, Channel::General, brokersOnly(), {}, [&](Result<protocol::MetadataResponse> answer) { ended.set_value(answer.error()); });
  std::promise<Error> waited;
  client->metadata().await(0, TimePoint::max(), [&](Result<Snapshot> result) { waited.set_value(result.error()); });
  std::promise<Error> found;
  client->coordinators().find(CoordinatorType::Group, "g", TimePoint::max(), [&](Result<NodeId> node) { found.set_value(node.error()); });
  const TimePoint before = systemClock().now();
  client->close();
  EXPECT_LT(systemClock().now() - before, std::chrono::seconds(5));
  EXPECT_EQ(ended.get_future().get().code(), ErrorCode::Closed);
  EXPECT_EQ(waited.get_future().get().code(), ErrorCode::Closed);
  EXPECT_EQ(found.get_future().get().code(), ErrorCode::Closed);
}

TEST(Client, SaysWithinTheDeadlineThatNobodyListens) {
  net::Endpoint nobody;
  {
    const SilentBroker gone;
    nobody = gone.address();
  }
  const auto client = clientOf(nobody);
  const auto result = awaitUpdate(client->metadata(), 0, systemClock().now() + Millis(200));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::RequestTimedOut);
  EXPECT_NE(result.error().message().find(nobody.toString() + ": Connection refused"), std::string::npos) << result.error().message();
}

}  // namespace
}  // namespace klamm::client
