#include "consumer/reset_policy.h"

#include <gtest/gtest.h>

namespace klamm::consumer {
namespace {

using Kind = ResetPolicy::Kind;

TEST(ResetPolicy, ReadsKafkasWordsInAnyCase) {
  EXPECT_EQ(ResetPolicy::parse("earliest")->kind, Kind::Earliest);
  EXPECT_EQ(ResetPolicy::parse("LATEST")->kind, Kind::Latest);
  EXPECT_EQ(ResetPolicy::parse("none")->kind, Kind::None);
  EXPECT_EQ(*ResetPolicy::parse("by_duration:P1DT2H3M4.5S"), (ResetPolicy{Kind::ByDuration, Millis(((26 * 60 + 3) * 60 + 4) * 1000 + 500)}));
  EXPECT_EQ(ResetPolicy::parse("by_duration:PT1H")->ago, Millis(3'600'000));
}

TEST(ResetPolicy, RefusesWhatIsNoPolicyOrNoDuration) {
  for (const char* text : {"", "sometimes", "by_duration:", "by_duration:1h", "by_duration:P", "by_duration:PT", "by_duration:P1H", "by_duration:PT1D",
                           "by_duration:PT1M2H", "by_duration:PT1.5M", "by_duration:-PT1S", "by_duration:PT-1S", "by_duration:PT99999999999999999999S"}) {
    const auto policy = ResetPolicy::parse(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code(), ErrorCode::InvalidClientConfig) << text;
  }
}

TEST(ResetPolicy, AsksTheLeaderWithTheTimestampOfItsKind) {
  EXPECT_EQ((ResetPolicy{Kind::Earliest, {}}.timestamp(1000)), -2);
  EXPECT_EQ((ResetPolicy{Kind::Latest, {}}.timestamp(1000)), -1);
  EXPECT_EQ((ResetPolicy{Kind::ByDuration, Millis(400)}.timestamp(1000)), 600);
}

}  // namespace
}  // namespace klamm::consumer
