#include "chaos/run_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace klamm::chaos {
namespace {

TEST(RunPlans, EveryOneKillsTheBroker) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const RunPlan plan = planOf(seed);
    EXPECT_TRUE(std::any_of(plan.episodes.begin(), plan.episodes.end(), [](const Episode& one) { return one.kind == Episode::Kind::Kill; })) << seed;
  }
}

TEST(RunPlans, EightInARowCutResetAndSwallow) {
  for (std::uint64_t first = 1; first <= 50; ++first) {
    int cuts = 0;
    int resets = 0;
    int blackHoles = 0;
    for (std::uint64_t seed = first; seed < first + 8; ++seed) {
      const RunPlan plan = planOf(seed);
      cuts += plan.profile.cut > 0 ? 1 : 0;
      resets += plan.profile.reset > 0 ? 1 : 0;
      blackHoles += plan.profile.blackHole > 0 ? 1 : 0;
    }
    EXPECT_TRUE(cuts > 0 && resets > 0 && blackHoles > 0) << first;
  }
}

}  // namespace
}  // namespace klamm::chaos
