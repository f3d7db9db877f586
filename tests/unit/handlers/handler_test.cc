#include "handlers/handler.h"

#include <gtest/gtest.h>

#include "image/features.h"
#include "protocol/12_heartbeat.h"
#include "server/api_versions.h"

namespace klamm::broker::handlers {
namespace {

/// Notes what became of one request.
class NotedTarget final : public server::ResponseTarget {
 public:
  void answer(protocol::ConstMessage, std::int16_t version) override {
    ++answers_;
    version_ = version;
  }
  void answerNothing() override { ++nothings_; }
  void close(Error reason) override {
    ++closes_;
    reason_ = std::move(reason);
  }
  int answers_ = 0, nothings_ = 0, closes_ = 0;
  std::int16_t version_ = -1;
  Error reason_;
};

struct AtOnce {
  using Request = protocol::HeartbeatRequest;
  static Request::Response handle(Context& context, const Request& request) {
    Request::Response response;
    response.errorCode = context.version() == 3 && request.groupId == "g" ? ErrorCode::None : ErrorCode::UnknownServerError;
    last = response.errorCode;
    return response;
  }
  static inline ErrorCode last = ErrorCode::UnknownServerError;
};

struct Later {
  using Request = protocol::HeartbeatRequest;
  static void handle(Context&, Request, Reply<Request::Response> reply) { parked.push_back(std::move(reply)); }
  static inline std::vector<Reply<Request::Response>> parked;
};

static_assert(ImmediateHandler<AtOnce> && !ParkingHandler<AtOnce>);
static_assert(ParkingHandler<Later> && !ImmediateHandler<Later>);
static_assert(!std::is_copy_constructible_v<Reply<protocol::HeartbeatResponse>>);

class HandlerTest : public testing::Test {
 protected:
  ~HandlerTest() override { Later::parked.clear(); }
  template <class H>
  Status run(const Buffer& body) {
    request_.apiVersion = 3;
    server::ResponseSlot slot(target_);
    // The handlers of this test do not look at the broker.
    return serve<H>(*reinterpret_cast<BrokerContext*>(nothing_), request_, body, slot);
  }
  static Buffer body() {
    protocol::HeartbeatRequest request;
    request.groupId = "g";
    return protocol::encodeToBuffer(request, 3).value();
  }
  std::shared_ptr<NotedTarget> target_ = std::make_shared<NotedTarget>();
  server::RequestContext request_;
  alignas(std::max_align_t) std::byte nothing_[8] = {};
};

TEST_F(HandlerTest, DecodesCallsAndAnswersInTheVersionOfTheRequest) {
  ASSERT_TRUE(run<AtOnce>(body()));
  EXPECT_EQ(AtOnce::last, ErrorCode::None);
  EXPECT_EQ(target_->answers_, 1);
  EXPECT_EQ(target_->version_, 3);
  EXPECT_EQ(target_->closes_, 0);
}

TEST_F(HandlerTest, ReportsEveryCutBodyInsteadOfCalling) {
  const Buffer whole = body();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    target_ = std::make_shared<NotedTarget>();
    const Status status = run<AtOnce>(whole.slice(0, length));
    ASSERT_FALSE(status) << length;
    EXPECT_NE(status.error().context().find("Heartbeat"), std::string::npos) << status.error().context();
    EXPECT_EQ(target_->answers_, 0);
  }
}

TEST_F(HandlerTest, KeepsAParkedReplyUntilItIsUsed) {
  ASSERT_TRUE(run<Later>(body()));
  EXPECT_EQ(target_->answers_ + target_->closes_, 0);
  Later::parked.front()({});
  EXPECT_FALSE(Later::parked.front().pending());
  Later::parked.clear();
  EXPECT_EQ(target_->answers_, 1);
  EXPECT_EQ(target_->closes_, 0);
}

TEST_F(HandlerTest, ClosesTheConnectionOfAReplyThatIsDropped) {
  ASSERT_TRUE(run<Later>(body()));
  Later::parked.clear();
  EXPECT_EQ(target_->closes_, 1);
  EXPECT_EQ(target_->reason_.code(), ErrorCode::BrokerNotAvailable);
}

TEST_F(HandlerTest, ClosesTheConnectionOfAReplyThatIsOverwritten) {
  ASSERT_TRUE(run<Later>(body()));
  const auto first = target_;
  target_ = std::make_shared<NotedTarget>();
  ASSERT_TRUE(run<Later>(body()));
  Later::parked.front() = std::move(Later::parked.back());
  EXPECT_EQ(first->closes_, 1);
  Later::parked.pop_back();
  EXPECT_EQ(target_->closes_, 0);
}

TEST(HandlerTable, StandsByRisingKeyWithEachApiOnce) {
  const auto entries = handlerTable().entries;
  ASSERT_GE(entries.size(), 24U);
  for (std::size_t i = 1; i < entries.size(); ++i) EXPECT_LT(entries[i - 1]->api, entries[i]->api);
  EXPECT_EQ(handlerTable().find(protocol::ApiKey::AddPartitionsToTxn), nullptr);
}

TEST(HandlerTable, IsWhatApiVersionsAnnounces) {
  const auto response = server::apiVersions(handlerTable(), image::ClusterImage(), 4);
  ASSERT_EQ(response.apiKeys.size(), handlerTable().entries.size());
  for (const auto& key : response.apiKeys) {
    const protocol::Versions versions = protocol::apiInfo(static_cast<protocol::ApiKey>(key.apiKey)).announcedVersions();
    EXPECT_EQ(key.minVersion, versions.first);
    EXPECT_EQ(key.maxVersion, versions.last);
  }
}

TEST(HandlerTable, TellsFeaturesWithAMinimumOfZeroToNewClientsOnly) {
  const image::ClusterImage image;
  EXPECT_EQ(server::apiVersions(handlerTable(), image, 3).supportedFeatures.size(), 1U);
  EXPECT_EQ(server::apiVersions(handlerTable(), image, 4).supportedFeatures.size(), image::kSupportedFeatures.size());
}

}  // namespace
}  // namespace klamm::broker::handlers
