#include <gtest/gtest.h>

#include "base/bytes.h"
#include "client/socket_network_client.h"
#include "protocol/00_produce.h"
#include "protocol/03_metadata.h"
#include "protocol/18_api_versions.h"
#include "support/fake_transport.h"

namespace klamm::client {
namespace {

using klamm::testing::FakeConnection;
using klamm::testing::FakeTransport;
using klamm::testing::ManualLoop;
using protocol::ApiVersionsResponse;
using protocol::MetadataRequest;
using protocol::MetadataResponse;

ApiVersionsResponse versionsOf(std::vector<std::array<std::int16_t, 3>> apis) {
  ApiVersionsResponse response;
  for (const auto& [key, min, max] : apis) {
    auto& api = response.apiKeys.emplace_back();
    api.apiKey = key;
    api.minVersion = min;
    api.maxVersion = max;
  }
  return response;
}

class NetworkClientTest : public ::testing::Test {
 protected:
  NetworkClientTest() {
    settings_.bootstrap = {{"boot", 9092}};
    settings_.clientId = "test";
    settings_.maxInFlight = 3;
    client_.emplace(settings_, transport_, *random_, Log());
    client_->learn({{.id = 1, .host = "one", .port = 1}, {.id = 2, .host = "two", .port = 2}});
  }
  ~NetworkClientTest() override {
    client_->shutDown();
    loop_.runPosted();
  }

  /// Notes how each request ended, in order: "name ok" or "name ERROR_CODE".
  void ask(NodeId node, const std::string& name, Duration timeout = std::chrono::seconds(30)) {
    CallOptions options;
    options.timeout = timeout;
    client_->send(node, Channel::General, MetadataRequest(), options, [this, name = std::string(name)](Result<MetadataResponse> answer) {
      ended_.push_back(name + " " + (answer ? "ok" : std::string(errorName(answer.error().code()))));
      last_ = answer ? Error() : answer.error();
    });
    loop_.runPosted();
  }
  /// Opens the newest connection attempt and answers its negotiation.
  FakeConnection& negotiate(const ApiVersionsResponse& versions = versionsOf({{0, 3, 13}, {3, 0, 13}, {18, 0, 4}})) {
    FakeConnection& connection = transport_.last();
    connection.open();
    connection.respond(connection.takeRequest(), versions);
    return connection;
  }

  ManualLoop loop_;
  FakeTransport transport_{loop_};
  std::unique_ptr<Random> random_ = seededRandom(3);
  ClientSettings settings_;
  std::optional<SocketNetworkClient> client_;
  std::vector<std::string> ended_;
  Error last_;
};

using Ended = std::vector<std::string>;

TEST_F(NetworkClientTest, ConnectsWhenSomethingIsToBeSentAndNegotiatesFirst) {
  EXPECT_TRUE(transport_.connections.empty());
  ask(1, "a");
  ASSERT_EQ(transport_.connections.size(), 1U);
  FakeConnection& connection = transport_.last();
  EXPECT_EQ(connection.to, (net::Endpoint{"one", 1}));
  EXPECT_EQ(connection.unread(), 0U);
  connection.open();
  const auto negotiation = connection.takeRequest();
  EXPECT_EQ(negotiation.api->key, protocol::ApiKey::ApiVersions);
  EXPECT_EQ(negotiation.version(), 4);
  EXPECT_EQ(negotiation.header.clientId, "test");
  const auto body = protocol::decode<protocol::ApiVersionsRequest>(negotiation.body, 4);
  EXPECT_EQ(body->clientSoftwareName, "klamm");
  EXPECT_EQ(connection.unread(), 0U);
  connection.respond(negotiation, versionsOf({{3, 0, 9}}));
  const auto request = connection.takeRequest();
  EXPECT_EQ(request.version(), 9);
  EXPECT_EQ(connection.maxFrame(), settings_.maxResponse);
  connection.respond(request, MetadataResponse());
  EXPECT_EQ(ended_, Ended{"a ok"});
  EXPECT_EQ(client_->version(1, protocol::ApiKey::Metadata)->value(), 9);
  EXPECT_EQ(client_->version(2, protocol::ApiKey::Metadata), std::nullopt);
}

TEST_F(NetworkClientTest, NegotiatesAgainWithWhatABrokerOffersThatDoesNotKnowOurVersion) {
  ask(1, "a");
  FakeConnection& connection = transport_.last();
  connection.open();
  const auto first = connection.takeRequest();
  auto refusal = versionsOf({{18, 0, 2}});
  refusal.errorCode = ErrorCode::UnsupportedVersion;
  connection.respond(first.header.correlationId, 0, refusal);  // always in the form of v0
  const auto second = connection.takeRequest();
  EXPECT_EQ(second.version(), 2);
  connection.respond(second, versionsOf({{3, 0, 7}}));
  EXPECT_EQ(connection.takeRequest().version(), 7);
}

TEST_F(NetworkClientTest, NegotiatesWithVersion0WhenAnOldBrokerSaysNothingElse) {
  ask(1, "a");
  FakeConnection& connection = transport_.last();
  connection.open();
  ApiVersionsResponse refusal;
  refusal.errorCode = ErrorCode::UnsupportedVersion;
  connection.respond(connection.takeRequest().header.correlationId, 0, refusal);
  const auto second = connection.takeRequest();
  EXPECT_EQ(second.version(), 0);
  connection.respond(second, refusal);  // nothing is left to try
  EXPECT_EQ(ended_, Ended{"a UNSUPPORTED_VERSION"});
}

TEST_F(NetworkClientTest, SendsUpToTheLimitAndTheRestAsAnswersCome) {
  for (const char* name : {"a", "b", "c", "d", "e"}) ask(1, name);
  FakeConnection& connection = negotiate();
  EXPECT_EQ(connection.unread(), 3U);
  EXPECT_EQ(client_->status(1, Channel::General).inFlight, 3U);
  EXPECT_EQ(client_->status(1, Channel::General).waiting, 2U);
  connection.respond(connection.takeRequest(), MetadataResponse());
  EXPECT_EQ(connection.unread(), 3U);
  while (connection.unread() != 0) connection.respond(connection.takeRequest(), MetadataResponse());
  EXPECT_EQ(ended_, (Ended{"a ok", "b ok", "c ok", "d ok", "e ok"}));
}

TEST_F(NetworkClientTest, ChannelsHaveConnectionsOfTheirOwn) {
  for (const Channel channel : {Channel::General, Channel::Fetch, Channel::Coordinator}) {
    client_->send(1, channel, MetadataRequest(), {}, [](Result<MetadataResponse>) {});
    client_->send(1, channel, MetadataRequest(), {}, [](Result<MetadataResponse>) {});
  }
  loop_.runPosted();
  EXPECT_EQ(transport_.connections.size(), 3U);
}

TEST_F(NetworkClientTest, ALostConnectionFailsItsRequestsInOrder) {
  for (const char* name : {"a", "b", "c", "d"}) ask(1, name);
  negotiate().drop(Error(ErrorCode::NetworkException, "the peer closed the connection"));
  EXPECT_EQ(ended_, (Ended{"a NETWORK_EXCEPTION", "b NETWORK_EXCEPTION", "c NETWORK_EXCEPTION", "d NETWORK_EXCEPTION"}));
}

TEST_F(NetworkClientTest, ARequestWithoutAnswerClosesTheConnectionAtItsTimeout) {
  ask(1, "slow", Millis(500));
  ask(1, "other");
  FakeConnection& connection = negotiate();
  loop_.advance(Millis(499));
  EXPECT_TRUE(ended_.empty());
  loop_.advance(Millis(1));
  EXPECT_EQ(ended_, (Ended{"slow REQUEST_TIMED_OUT", "other NETWORK_EXCEPTION"}));
  EXPECT_TRUE(connection.isClosed());
}

TEST_F(NetworkClientTest, AConnectionThatIsNotMadeInTimeFailsWhatWaits) {
  ask(1, "a", std::chrono::seconds(5));
  EXPECT_GT(transport_.last().deadline, loop_.now() + std::chrono::seconds(7));
  loop_.advance(std::chrono::seconds(5));
  EXPECT_EQ(ended_, Ended{"a REQUEST_TIMED_OUT"});
  ask(1, "b");
  transport_.last().drop(Error(ErrorCode::NetworkException, "connecting to one:1: Connection refused"));
  EXPECT_EQ(ended_.back(), "b NETWORK_EXCEPTION");
  EXPECT_NE(last_.message().find("Connection refused"), std::string::npos);
}

TEST_F(NetworkClientTest, WaitsForTheBackoffBeforeItConnectsAgain) {
  ask(1, "a");
  transport_.last().drop(ErrorCode::NetworkException);
  ask(1, "b");
  EXPECT_EQ(transport_.connections.size(), 1U);
  EXPECT_GT(client_->status(1, Channel::General).retryAt, loop_.now());
  loop_.advance(Millis(60));
  EXPECT_EQ(transport_.connections.size(), 2U);
  FakeConnection& connection = negotiate();
  connection.respond(connection.takeRequest(), MetadataResponse());
  EXPECT_EQ(ended_, (Ended{"a NETWORK_EXCEPTION", "b ok"}));
}

TEST_F(NetworkClientTest, AnAnswerToNobodyClosesTheConnection) {
  ask(1, "a");
  FakeConnection& connection = negotiate();
  const auto request = connection.takeRequest();
  connection.respond(request.header.correlationId + 1, request.version(), MetadataResponse());
  EXPECT_TRUE(connection.isClosed());
  EXPECT_EQ(ended_, Ended{"a NETWORK_EXCEPTION"});
  EXPECT_NE(last_.message().find("correlation id"), std::string::npos);
}

TEST_F(NetworkClientTest, AnAnswerThatCannotBeReadIsAnErrorAndClosesTheConnection) {
  ask(1, "a");
  ask(1, "b");
  FakeConnection& connection = negotiate();
  const auto request = connection.takeRequest();
  std::vector<std::byte> bytes(7);
  storeBigEndian(bytes.data(), request.header.correlationId);
  connection.receive(Buffer::adopt(bytes));
  EXPECT_EQ(ended_, (Ended{"a MALFORMED_RESPONSE", "b NETWORK_EXCEPTION"}));
  EXPECT_TRUE(connection.isClosed());
}

TEST_F(NetworkClientTest, RandomBytesInsteadOfAnAnswerDoNoHarm) {
  const auto random = seededRandom(99);
  for (int i = 0; i < 200; ++i) {
    ask(1, "a");
    FakeConnection& connection = random->below(2) == 0 ? negotiate() : transport_.last();
    if (!connection.isClosed() && connection.unread() == 0) connection.open();
    std::vector<std::byte> bytes(random->below(200));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random->next());
    if (bytes.size() >= 4 && connection.unread() != 0) storeBigEndian(bytes.data(), connection.takeRequest().header.correlationId);
    connection.receive(Buffer::adopt(bytes));
    if (!connection.isClosed()) connection.drop(ErrorCode::NetworkException);
    loop_.advance(std::chrono::seconds(2));
  }
  EXPECT_EQ(ended_.size(), 200U);
}

TEST_F(NetworkClientTest, IsQuietForAsLongAsTheBrokerAsks) {
  ask(1, "a");
  FakeConnection& connection = negotiate();
  MetadataResponse throttled;
  throttled.throttleTimeMs = 250;
  connection.respond(connection.takeRequest(), throttled);
  ask(1, "b");
  EXPECT_EQ(connection.unread(), 0U);
  EXPECT_EQ(client_->status(1, Channel::General).throttledUntil, loop_.now() + Millis(250));
  loop_.advance(Millis(249));
  EXPECT_EQ(connection.unread(), 0U);
  loop_.advance(Millis(1));
  EXPECT_EQ(connection.unread(), 1U);
}

TEST_F(NetworkClientTest, ClosesAConnectionThatNobodyUses) {
  ask(1, "a");
  FakeConnection& connection = negotiate();
  connection.respond(connection.takeRequest(), MetadataResponse());
  loop_.advance(settings_.connectionsMaxIdle - std::chrono::seconds(1));
  EXPECT_FALSE(connection.isClosed());
  loop_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(connection.isClosed());
  ask(1, "b");  // no back-off after that
  EXPECT_EQ(transport_.connections.size(), 2U);
}

TEST_F(NetworkClientTest, ARequestThatTheBrokerCannotServeFailsWithoutBeingSent) {
  ask(1, "a");
  FakeConnection& connection = negotiate(versionsOf({{0, 3, 13}}));
  EXPECT_EQ(ended_, Ended{"a UNSUPPORTED_VERSION"});
  EXPECT_EQ(connection.unread(), 0U);
  EXPECT_FALSE(connection.isClosed());
}

TEST_F(NetworkClientTest, ARequestWithoutResponseCompletesWhenItHasLeft) {
  ask(1, "a");
  FakeConnection& connection = negotiate();
  bool completed = false;
  client_->send(1, Channel::General, protocol::ProduceRequest(), {.expectsResponse = false},
                [&](Result<protocol::ProduceResponse> answer) { completed = answer.has_value(); });
  loop_.runPosted();
  EXPECT_TRUE(completed);
  EXPECT_EQ(connection.unread(), 2U);
  EXPECT_EQ(client_->status(1, Channel::General).inFlight, 1U);
}

TEST_F(NetworkClientTest, AnUnknownNodeIsAnErrorAndNoConnection) {
  ask(77, "a");
  EXPECT_EQ(ended_, Ended{"a NETWORK_EXCEPTION"});
  EXPECT_TRUE(transport_.connections.empty());
}

TEST_F(NetworkClientTest, WhatAnyNodeMayAnswerGoesToTheNextWhenOneCannotBeReached) {
  ask(kAnyNode, "a");
  const auto first = transport_.last().to;
  transport_.last().drop(Error(ErrorCode::NetworkException, "refused"));
  EXPECT_TRUE(ended_.empty());
  ASSERT_EQ(transport_.connections.size(), 2U);
  EXPECT_NE(transport_.last().to, first);
  FakeConnection& connection = negotiate();
  connection.respond(connection.takeRequest(), MetadataResponse());
  EXPECT_EQ(ended_, Ended{"a ok"});
}

TEST_F(NetworkClientTest, WhenNobodyCanBeReachedTheTimeoutSaysWhy) {
  ask(kAnyNode, "a", std::chrono::seconds(3));
  std::size_t dropped = 0;
  for (int i = 0; i < 300 && ended_.empty(); ++i) {
    for (; dropped < transport_.connections.size(); ++dropped) {
      transport_.connections[dropped]->drop(Error(ErrorCode::NetworkException, "connecting: refused"));
    }
    loop_.advance(Millis(20));
  }
  EXPECT_EQ(ended_, Ended{"a REQUEST_TIMED_OUT"});
  EXPECT_NE(last_.message().find("connecting: refused"), std::string::npos);
  EXPECT_NE(client_->status(kAnyNode, Channel::General).lastFailure.message().find("refused"), std::string::npos);
  EXPECT_LT(transport_.connections.size(), 60U);  // back-off, no busy loop
}

TEST_F(NetworkClientTest, BootstrapsAgainWhenEveryKnownBrokerFails) {
  client_->retain({{.id = 1, .host = "one", .port = 1}});
  ask(kAnyNode, "a");
  EXPECT_EQ(transport_.last().to.host, "one");
  transport_.last().drop(ErrorCode::NetworkException);
  EXPECT_EQ(transport_.last().to.host, "boot");
  FakeConnection& connection = negotiate();
  connection.respond(connection.takeRequest(), MetadataResponse());
  EXPECT_EQ(ended_, Ended{"a ok"});
}

TEST_F(NetworkClientTest, PrefersTheReadyConnectionWithTheFewestRequests) {
  ask(1, "a");
  negotiate();
  ask(2, "b");
  FakeConnection& two = negotiate();
  two.respond(two.takeRequest(), MetadataResponse());
  ask(kAnyNode, "any");
  EXPECT_EQ(two.unread(), 1U);
}

TEST_F(NetworkClientTest, AChangedAddressIsUsedFromTheNextConnect) {
  ask(1, "a");
  FakeConnection& connection = negotiate();
  client_->learn({{.id = 1, .host = "moved", .port = 11}});
  ask(1, "b");
  EXPECT_EQ(connection.unread(), 2U);
  connection.drop(ErrorCode::NetworkException);
  ask(1, "c");
  loop_.advance(Millis(60));
  EXPECT_EQ(transport_.last().to, (net::Endpoint{"moved", 11}));
}

TEST_F(NetworkClientTest, ABrokerThatLeavesTheClusterMayStillAnswer) {
  ask(1, "a");
  ask(2, "idle");
  FakeConnection& two = negotiate();
  two.respond(two.takeRequest(), MetadataResponse());
  FakeConnection& one = *transport_.connections.front();
  one.open();
  one.respond(one.takeRequest(), versionsOf({{3, 0, 13}}));
  client_->retain({{.id = 3, .host = "three", .port = 3}});
  loop_.runPosted();
  EXPECT_TRUE(two.isClosed());
  EXPECT_FALSE(one.isClosed());
  EXPECT_EQ(client_->node(1), std::nullopt);
  client_->shutDown();
  EXPECT_EQ(ended_, (Ended{"idle ok", "a CLOSED"}));
}

TEST_F(NetworkClientTest, WhatWaitsForABrokerThatLeavesTheClusterEnds) {
  ask(1, "refused");
  transport_.last().drop(Error(ErrorCode::NetworkException, "refused"));
  ask(1, "waiting");  // for the back-off
  client_->retain({{.id = 2, .host = "two", .port = 2}});
  loop_.advance(Millis(1100));
  EXPECT_EQ(ended_, (Ended{"refused NETWORK_EXCEPTION", "waiting NETWORK_EXCEPTION"}));
}

TEST_F(NetworkClientTest, WhatAnyNodeMayAnswerGoesOnWhenItsBrokerLeavesTheCluster) {
  settings_.rebootstrap = false;
  client_->retain({{.id = 1, .host = "one", .port = 1}});
  ask(1, "refused");
  transport_.last().drop(Error(ErrorCode::NetworkException, "refused"));
  client_->learn({{.id = 2, .host = "two", .port = 2}});
  ask(2, "also refused");
  transport_.last().drop(Error(ErrorCode::NetworkException, "refused"));
  const std::size_t attempts = transport_.connections.size();
  ask(kAnyNode, "any");
  client_->learn({{.id = 3, .host = "three", .port = 3}});
  client_->retain({{.id = 3, .host = "three", .port = 3}});
  loop_.advance(Millis(1100));
  ASSERT_GT(transport_.connections.size(), attempts);
  EXPECT_EQ(transport_.last().to.host, "three");
  FakeConnection& connection = negotiate();
  connection.respond(connection.takeRequest(), MetadataResponse());
  EXPECT_EQ(ended_.back(), "any ok");
}

/// Notes how much of its answer it was shown.
class ShownCall final : public TypedCall<MetadataRequest> {
 public:
  explicit ShownCall(std::vector<std::string>& shown)
      : TypedCall(CallOptions(), [](Result<MetadataResponse>) {}), shown_(shown) {}
  [[nodiscard]] Result<const MetadataRequest*> request(std::int16_t) override { return &request_; }
  void begun(BytesView front, std::int16_t version) override { shown_.push_back(std::to_string(front.size()) + " v" + std::to_string(version)); }

 private:
  MetadataRequest request_;
  std::vector<std::string>& shown_;
};

TEST_F(NetworkClientTest, ShowsTheOldestCallTheFrontOfItsAnswerAndNobodyAnotherOne) {
  std::vector<std::string> shown;
  client_->submit(1, Channel::General, std::make_unique<ShownCall>(shown));
  ask(1, "b");
  transport_.last().open();
  const std::vector<std::byte> front(300);
  transport_.last().begin(front);  // of the negotiation
  transport_.last().respond(transport_.last().takeRequest(), versionsOf({{3, 0, 9}}));
  FakeConnection& connection = transport_.last();
  const auto first = connection.takeRequest();
  const auto begin = [&](std::int32_t id, std::size_t size) {
    std::vector<std::byte> bytes(size);
    storeBigEndian(bytes.data(), id);
    connection.begin(bytes);
  };
  begin(first.header.correlationId, 100);
  begin(first.header.correlationId, 200);
  begin(first.header.correlationId + 1, 300);
  begin(-1, 300);
  connection.begin(BytesView(front).first(3));
  EXPECT_EQ(shown, (Ended{"100 v9", "200 v9"}));
  connection.respond(first, MetadataResponse());
  begin(first.header.correlationId, 400);
  EXPECT_EQ(shown.size(), 2U);
  EXPECT_FALSE(connection.isClosed());
}

TEST_F(NetworkClientTest, ClosingCompletesEverythingAndRefusesTheRest) {
  for (const char* name : {"a", "b", "c", "d"}) ask(1, name);
  FakeConnection& connection = negotiate();
  ask(2, "waiting");
  client_->shutDown();
  EXPECT_EQ(ended_, (Ended{"a CLOSED", "b CLOSED", "c CLOSED", "d CLOSED", "waiting CLOSED"}));
  EXPECT_TRUE(connection.isClosed());
  ask(1, "late");
  ask(kAnyNode, "later");
  EXPECT_EQ(ended_.size(), 7U);
  EXPECT_EQ(ended_.back(), "later CLOSED");
}

}  // namespace
}  // namespace klamm::client
