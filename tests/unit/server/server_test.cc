#include "server/server.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "protocol/12_heartbeat.h"
#include "protocol/18_api_versions.h"
#include "protocol/frame.h"
#include "server/api_versions.h"
#include "support/fake_listener.h"

namespace klamm::broker::server {
namespace {

using protocol::ApiKey;

/// Answers that the test gives when it likes.
std::vector<ResponseSlot> parked;
int served = 0;

Status park(BrokerContext&, const RequestContext&, const Buffer&, ResponseSlot& slot) {
  ++served;
  parked.push_back(std::move(slot));
  return {};
}
Status answerAtOnce(BrokerContext&, const RequestContext& request, const Buffer&, ResponseSlot& slot) {
  ++served;
  slot.answer(protocol::ApiVersionsResponse{}, request.apiVersion);
  return {};
}
Status refuseBody(BrokerContext&, const RequestContext&, const Buffer&, ResponseSlot&) {
  return fail(ErrorCode::InvalidRequest, "LeaveGroupRequest v0: groupId: byte 4: the frame ends");
}

constexpr HandlerEntry kHeartbeat{ApiKey::Heartbeat, &park};
constexpr HandlerEntry kLeave{ApiKey::LeaveGroup, &refuseBody};
constexpr HandlerEntry kApiVersions{ApiKey::ApiVersions, &answerAtOnce};
constexpr const HandlerEntry* kEntries[] = {&kHeartbeat, &kLeave, &kApiVersions};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    parked.clear();
    served = 0;
    options_.listeners.push_back({"PLAINTEXT", SecurityProtocol::Plaintext, {"127.0.0.1"}, 0, std::nullopt});
  }
  ~ServerTest() override { parked.clear(); }
  Server& server() {
    if (!server_) {
      server_ = std::make_unique<Server>(transport_, HandlerTable{kEntries}, context_, options_, log_);
      EXPECT_TRUE(server_->bind());
      server_->start();
    }
    return *server_;
  }
  std::shared_ptr<test::AcceptedConnection> client(const std::string& ip = "10.0.0.1") {
    server();
    return transport_.connectFrom(ip);
  }
  static Buffer frame(ApiKey api, std::int16_t version, std::int32_t correlation, bool cut = false) {
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    writer.write(static_cast<std::int16_t>(api));
    writer.write(version);
    writer.write(correlation);
    writer.write(std::int16_t{-1});
    if (api == ApiKey::ApiVersions && version >= 3) writer.write(std::int8_t{0});  // no tagged fields
    if (cut) bytes.resize(bytes.size() - 3);
    return Buffer::adopt(std::move(bytes));
  }
  static Buffer heartbeat(std::int32_t correlation) { return frame(ApiKey::Heartbeat, 0, correlation); }
  static std::int32_t correlationOf(const Parts& sent) {
    return loadBigEndian<std::int32_t>(std::get<Buffer>(sent.list().front()).data() + 4);
  }
  void answer() {
    ResponseSlot slot = std::move(parked.front());
    parked.erase(parked.begin());
    slot.answer(protocol::HeartbeatResponse{}, 0);
    loop_.runAll();
  }

  test::TaskLoop loop_;
  test::AcceptingTransport transport_{loop_};
  Server::Options options_;
  std::vector<std::string> lines_;
  Log log_{[this](LogLevel, std::string_view line) { lines_.emplace_back(line); }};
  // Handlers of this test never look at it.
  alignas(8) std::byte nothing_[8] = {};
  BrokerContext* context_ = reinterpret_cast<BrokerContext*>(nothing_);
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersTheRequestsOfAConnectionOneByOneInOrder) {
  const auto connection = client();
  for (int i = 1; i <= 3; ++i) connection->receive(heartbeat(i));
  EXPECT_EQ(served, 1) << "the second waits until the first is answered";
  EXPECT_TRUE(connection->paused_);
  for (int i = 1; i <= 3; ++i) answer();
  ASSERT_EQ(connection->sent_.size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(correlationOf(connection->sent_[static_cast<std::size_t>(i)]), i + 1);
  EXPECT_FALSE(connection->paused_);
}

TEST_F(ServerTest, DoesNotPauseForAnswersThatComeAtOnce) {
  const auto connection = client();
  for (int i = 1; i <= 3; ++i) connection->receive(frame(ApiKey::ApiVersions, 0, i));
  EXPECT_EQ(connection->sent_.size(), 3U);
  EXPECT_FALSE(connection->paused_);
}

TEST_F(ServerTest, ClosesAConnectionWhoseRequestWasDropped) {
  const auto connection = client();
  connection->receive(heartbeat(1));
  parked.clear();
  EXPECT_TRUE(connection->closed_);
}

TEST_F(ServerTest, SurvivesAnAnswerToAConnectionThatIsGone) {
  const auto connection = client();
  connection->receive(heartbeat(1));
  connection->close(Error(ErrorCode::NetworkException, "the peer closed the connection"));
  loop_.runAll();
  EXPECT_EQ(server().connectionCount(), 0U);
  answer();
  EXPECT_TRUE(connection->sent_.empty());
}

TEST_F(ServerTest, SurvivesAnAnswerAfterItsOwnEnd) {
  const auto connection = client();
  connection->receive(heartbeat(1));
  server_.reset();
  loop_.runAll();
  EXPECT_TRUE(connection->closed_);
  answer();
}

TEST_F(ServerTest, ClosesOnUnknownUnservedAndCutRequestsWithOneLine) {
  for (const Buffer& bad : {frame(static_cast<ApiKey>(999), 0, 1), frame(static_cast<ApiKey>(-1), 0, 1), frame(ApiKey::Produce, 9, 1),
                            frame(ApiKey::Heartbeat, 99, 1), frame(ApiKey::Heartbeat, -1, 1), frame(ApiKey::Heartbeat, 0, 1, true), Buffer(),
                            frame(ApiKey::LeaveGroup, 0, 1)}) {
    lines_.clear();
    const auto connection = client();
    connection->receive(bad);
    loop_.runAll();
    EXPECT_TRUE(connection->closed_);
    EXPECT_TRUE(connection->sent_.empty());
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_NE(lines_[0].find("closed connection from 10.0.0.1 on listener PLAINTEXT: "), std::string::npos) << lines_[0];
    loop_.advance(std::chrono::seconds(2));
  }
  EXPECT_EQ(served, 0);
}

TEST_F(ServerTest, AnswersAnApiVersionsThatIsTooNewInVersion0WithWhatItSpeaks) {
  const auto connection = client();
  connection->receive(frame(ApiKey::ApiVersions, 99, 7));
  ASSERT_EQ(connection->sent_.size(), 1U);
  EXPECT_EQ(correlationOf(connection->sent_[0]), 7);
  const Buffer bytes = std::get<Buffer>(connection->sent_[0].list().front());
  const auto response = protocol::decode<protocol::ApiVersionsResponse>(bytes.slice(8), 0);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->errorCode, ErrorCode::UnsupportedVersion);
  ASSERT_EQ(response->apiKeys.size(), 1U);
  EXPECT_EQ(response->apiKeys[0].apiKey, 18);
  EXPECT_EQ(response->apiKeys[0].maxVersion, 4);
  EXPECT_FALSE(connection->closed_);
  connection->receive(frame(ApiKey::ApiVersions, 0, 8));
  EXPECT_EQ(connection->sent_.size(), 2U) << "and the connection goes on";
}

TEST_F(ServerTest, ClosesIdleConnectionsButNotThoseThatWaitForAnAnswer) {
  options_.limits.idle = std::chrono::seconds(60);
  const auto idle = client();
  const auto waiting = client();
  waiting->receive(heartbeat(1));
  loop_.advance(std::chrono::seconds(30));
  EXPECT_FALSE(idle->closed_);
  loop_.advance(std::chrono::seconds(45));
  EXPECT_TRUE(idle->closed_);
  EXPECT_FALSE(waiting->closed_);
  EXPECT_EQ(server().connectionCount(), 1U);
}

TEST_F(ServerTest, KeepsNoTimerWhileNobodyIsConnected) {
  server();
  EXPECT_EQ(loop_.timerCount(), 0U);
}

TEST_F(ServerTest, BoundsConnectionsInAllAndPerAddress) {
  options_.counts = {4, 2, {{"10.0.0.9", 3}}};
  EXPECT_NE(client("10.0.0.1"), nullptr);
  const auto second = client("10.0.0.1");
  EXPECT_EQ(client("10.0.0.1"), nullptr);
  second->close(Error(ErrorCode::NetworkException, "gone"));
  loop_.runAll();
  EXPECT_NE(client("10.0.0.1"), nullptr) << "its place is free again";
  EXPECT_NE(client("10.0.0.9"), nullptr);
  EXPECT_NE(client("10.0.0.9"), nullptr);
  EXPECT_EQ(client("10.0.0.9"), nullptr) << "four in all";
  EXPECT_NE(lines_.back().find("max.connections=4"), std::string::npos);
}

TEST_F(ServerTest, SaysHowManyLinesItLeftOut) {
  for (int i = 0; i < 100; ++i) {
    client()->receive(Buffer());
    loop_.runAll();
  }
  EXPECT_EQ(lines_.size(), 20U);
  loop_.advance(std::chrono::seconds(2));
  client()->receive(Buffer());
  loop_.runAll();
  EXPECT_NE(lines_.back().find("(80 such lines were left out)"), std::string::npos) << lines_.back();
}

TEST_F(ServerTest, HoldsRequestsBackUntilItStarts) {
  server_ = std::make_unique<Server>(transport_, HandlerTable{kEntries}, context_, options_, log_);
  ASSERT_TRUE(server_->bind());
  const auto connection = transport_.connectFrom("10.0.0.1");
  connection->receive(frame(ApiKey::ApiVersions, 0, 1));
  EXPECT_EQ(served, 0);
  server_->start();
  loop_.runAll();
  EXPECT_EQ(connection->sent_.size(), 1U);
}

TEST_F(ServerTest, ChoosesOnePortForAllAddressesOfAListener) {
  options_.listeners[0].hosts = {"127.0.0.1", "::1"};
  transport_.taken_["::1:40000"] = true;
  ASSERT_EQ(server().boundAddress("PLAINTEXT")->port, 40001);
  EXPECT_EQ(transport_.bound_.back(), (net::Endpoint{"::1", 40001}));
}

TEST_F(ServerTest, SaysWhichPortIsInUse) {
  options_.listeners[0].port = 9092;
  transport_.taken_["127.0.0.1:9092"] = true;
  Server server(transport_, HandlerTable{kEntries}, context_, options_, log_);
  const Status bound = server.bind();
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().context(), "cannot listen on 127.0.0.1:9092: Address already in use");
}

TEST_F(ServerTest, LogsEachRequestWhenAsked) {
  options_.logRequests = true;
  const auto connection = client();
  connection->receive(heartbeat(1));
  answer();
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_NE(lines_[0].find("request Heartbeat(12) v0 client=- from=10.0.0.1:50000 took="), std::string::npos) << lines_[0];
}

TEST_F(ServerTest, ClosesEverythingWhenItStops) {
  const auto connection = client();
  server().close(loop_.now());
  loop_.runAll();
  EXPECT_TRUE(connection->closed_);
  EXPECT_TRUE(server().isDrained());
  EXPECT_TRUE(lines_.empty()) << "a stop is no complaint";
}

TEST(SoftwareName, IsLettersDigitsDotsAndDashesInside) {
  for (const char* good : {"a", "apache-kafka-java", "4.3.1", "librdkafka-2.0"}) EXPECT_TRUE(isSoftwareName(good)) << good;
  for (const char* bad : {"", "-a", "a-", "a b", "a_b", "\xc3\xa4", "."}) EXPECT_FALSE(isSoftwareName(bad)) << bad;
}

}  // namespace
}  // namespace klamm::broker::server
