#include "chaos/call_case.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fault_proxy/fault_proxy.h"

namespace klamm::chaos {
namespace {

using std::chrono_literals::operator""ms;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A broker that accepts and never answers.
class SilentWorld final : public CallWorld {
 public:
  SilentWorld() : proxy_({}) { proxy_.setMode(test::FaultProxy::Mode::Silent); }
  std::string bootstrap(Weather) const override { return proxy_.address(); }
  void setWeather(Weather, bool) override {}

 private:
  test::FaultProxy proxy_;
};

std::size_t indexOf(const std::vector<std::string>& calls, const std::string& name) {
  const auto at = std::find(calls.begin(), calls.end(), name);
  EXPECT_NE(at, calls.end()) << name;
  return static_cast<std::size_t>(at - calls.begin());
}

CallCase interrupted(ClientKind client, std::size_t call) {
  return {.seed = 2, .client = client, .call = call, .weather = Weather::Silent, .interrupted = true, .interruptAfter = 20ms};
}

/// The same where a defect need not take long to show.
CallCase planted(CallCase one, Planted what) {
  one.planted = what;
  one.patience = 700ms;
  one.slack = 200ms;
  return one;
}

TEST(CallCases, AWakeupInTimeIsGood) {
  SilentWorld world;
  for (const char* call : {"poll", "listTopics", "nothing"}) {
    EXPECT_THAT(runCase(interrupted(ClientKind::Consumer, indexOf(consumerCalls(), call)), world).failures, IsEmpty()) << call;
  }
}

TEST(CallCases, ALostWakeupIsFound) {
  SilentWorld world;
  for (const char* call : {"poll", "committed", "endOffsets", "listTopics"}) {
    const auto report = runCase(planted(interrupted(ClientKind::Consumer, indexOf(consumerCalls(), call)), Planted::LostWakeup), world);
    EXPECT_THAT(report.failures, Contains(HasSubstr("allowed were 20"))) << call;
    EXPECT_THAT(report.failures, Contains(HasSubstr("neither the call nor the next one saw the wakeup()"))) << call;
  }
}

TEST(CallCases, ALostWakeupIsFoundThoughTheCallDoesNotBlock) {
  SilentWorld world;
  const auto report = runCase(planted(interrupted(ClientKind::Consumer, indexOf(consumerCalls(), "nothing")), Planted::LostWakeup), world);
  EXPECT_THAT(report.failures, Contains(HasSubstr("neither the call nor the next one saw the wakeup()")));
}

TEST(CallCases, ALateCloseIsFoundByTheCallBesideIt) {
  SilentWorld world;
  const std::size_t call = indexOf(adminCalls(), "listTopics");
  EXPECT_THAT(runCase(interrupted(ClientKind::Admin, call), world).failures, IsEmpty());
  const auto report = runCase(planted(interrupted(ClientKind::Admin, call), Planted::LateClose), world);
  EXPECT_THAT(report.failures, Contains(HasSubstr("listTopics took")));
  EXPECT_THAT(report.failures, Contains(HasSubstr("close() by another thread took")));
}

TEST(CallCases, AnInterruptedCallHasNoLimitThatCouldEndItInTime) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const CallCase one = caseOf(seed);
    if (one.interrupted) EXPECT_GT(one.given(), one.allowed() + one.slack) << seed;
    else EXPECT_EQ(one.given(), one.allowed()) << seed;
  }
}

TEST(CallCases, SeedsInARowHaveEveryPairOnce) {
  std::set<std::size_t> pairs;
  for (std::uint64_t seed = 1; seed <= pairCount(); ++seed) pairs.insert(pairOf(caseOf(seed)));
  EXPECT_EQ(pairs.size(), pairCount());
  EXPECT_EQ(*pairs.rbegin(), pairCount() - 1);
}

TEST(CallCases, TheShortFormHasEveryCallAndEveryWeather) {
  std::set<std::size_t> calls;
  std::set<Weather> weathers;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const CallCase one = caseOf(seed);
    calls.insert(pairOf(one) / 8);
    weathers.insert(one.weather);
  }
  EXPECT_EQ(calls.size(), producerCalls().size() + consumerCalls().size() + adminCalls().size());
  EXPECT_EQ(weathers.size(), 8U);
}

}  // namespace
}  // namespace klamm::chaos
