// The parts that decide: addresses, back-off, connection states, requests in flight, versions.

#include <gtest/gtest.h>

#include "base/random.h"
#include "client/client.h"
#include "client/connection_state.h"
#include "client/in_flight.h"
#include "client/node_versions.h"
#include "protocol/03_metadata.h"

namespace klamm::client {
namespace {

using net::Endpoint;

TEST(Bootstrap, TakesWhatKafkaTakes) {
  EXPECT_EQ(*parseBootstrap("a:1,b:2"), (std::vector<Endpoint>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(*parseBootstrap("  a:1 , , b:2 ,"), (std::vector<Endpoint>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(*parseBootstrap("a"), (std::vector<Endpoint>{{"a", 9092}}));
  EXPECT_EQ(*parseBootstrap("[::1]:19092,[fe80::2]"), (std::vector<Endpoint>{{"::1", 19092}, {"fe80::2", 9092}}));
  EXPECT_EQ(*parseBootstrap("fe80::2"), (std::vector<Endpoint>{{"fe80::2", 9092}}));
  EXPECT_EQ(*parseBootstrap("PLAINTEXT://a:1"), (std::vector<Endpoint>{{"a", 1}}));
}

TEST(Bootstrap, SaysWhatIsWrong) {
  for (const char* bad : {"", " , ", "a:b", "a:70000", "a:-1", "[::1", "[::1]x", ":9092", "a b:1", "http://a/b"}) {
    const auto result = parseBootstrap(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().code(), ErrorCode::InvalidClientConfig);
  }
  EXPECT_EQ(parseBootstrap("a:b").error().context(), "bootstrap.servers: 'a:b' has a port that is not a number from 0 to 65535");
}

TEST(Backoff, DoublesUpToItsLimitAndIsSpreadByAFifth) {
  const auto random = seededRandom(1);
  const ExponentialBackoff backoff{Millis(50), Millis(1000)};
  for (const auto& [failures, expected] : {std::pair(0, 50), {1, 50}, {2, 100}, {3, 200}, {5, 800}, {6, 1000}, {60, 1000}}) {
    for (int i = 0; i < 50; ++i) {
      const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(backoff.after(static_cast<std::uint32_t>(failures), *random)).count();
      EXPECT_GE(wait, expected * 800);
      EXPECT_LE(wait, expected * 1200);
    }
  }
}

TEST(ConnectionState, BacksOffLongerWithEveryFailureAndShortAgainAfterReady) {
  const auto random = seededRandom(1);
  ConnectionState state({{Millis(50), Millis(1000)}, {Millis(10'000), Millis(30'000)}});
  TimePoint now = TimePoint(std::chrono::hours(1));
  EXPECT_TRUE(state.mayConnect(now));
  for (const int expected : {50, 100, 200}) {
    (void)state.connecting(*random);
    EXPECT_FALSE(state.mayConnect(now));
    state.disconnected(now, *random);
    EXPECT_GE(state.retryAt() - now, Millis(expected * 8 / 10));
    EXPECT_LE(state.retryAt() - now, Millis(expected * 12 / 10));
    EXPECT_FALSE(state.mayConnect(now));
    now = state.retryAt();
    EXPECT_TRUE(state.mayConnect(now));
  }
  EXPECT_GE(state.connecting(*random), Millis(24'000));  // set-up may take longer after failures, too
  state.opened();
  state.ready();
  EXPECT_EQ(state.failures(), 0U);
  state.disconnected(now, *random);
  EXPECT_LE(state.retryAt() - now, Millis(60));
}

std::unique_ptr<Call> someCall() {
  return makeCall<protocol::MetadataRequest>({}, {}, [](Result<protocol::MetadataResponse>) {});
}

TEST(InFlightRequests, AreAnsweredInTheirOrderOnly) {
  InFlightRequests requests;
  EXPECT_EQ(requests.answered(0).error().code(), ErrorCode::MalformedResponse);
  const TimePoint now = TimePoint(std::chrono::hours(1));
  requests.push({1, 13, now + Millis(10), someCall()});
  requests.push({2, 13, now + Millis(5), someCall()});
  EXPECT_EQ(requests.answered(2).error().context(), "a response has correlation id 2, expected was 1");
  EXPECT_EQ(requests.size(), 2U);
  EXPECT_FALSE(requests.anyExpired(now));
  EXPECT_TRUE(requests.anyExpired(now + Millis(5)));
  EXPECT_EQ(requests.answered(1)->correlationId, 1);
  EXPECT_EQ(requests.answered(2)->correlationId, 2);
  EXPECT_EQ(requests.earliestDeadline(), TimePoint::max());
}

TEST(NodeVersions, ChoosesTheHighestThatBothHave) {
  protocol::ApiVersionsResponse response;
  auto& metadata = response.apiKeys.emplace_back();
  metadata.apiKey = 3;
  metadata.minVersion = 2;
  metadata.maxVersion = 7;
  response.apiKeys.emplace_back().apiKey = 30'000;  // of APIs to come, or hostile
  response.apiKeys.emplace_back().apiKey = -1;
  const NodeVersions versions(response);
  EXPECT_EQ(*versions.choose(protocol::ApiKey::Metadata), 7);
  EXPECT_EQ(*versions.choose(protocol::ApiKey::Metadata, 0, 5), 5);
  EXPECT_EQ(versions.choose(protocol::ApiKey::Metadata, 8, 13).error().context(), "the broker serves Metadata 2 to 7, needed is 8 to 13");
  EXPECT_EQ(versions.choose(protocol::ApiKey::Metadata, 0, 1).error().code(), ErrorCode::UnsupportedVersion);
  EXPECT_EQ(versions.choose(protocol::ApiKey::Fetch).error().context(), "the broker does not serve Fetch");
}

}  // namespace
}  // namespace klamm::client
