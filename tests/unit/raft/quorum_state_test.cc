#include "raft/quorum_state.h"

#include <gtest/gtest.h>

namespace klamm::broker::raft {
namespace {

using Role = QuorumState::Role;

TEST(ElectionState, WritesTheFileThatKafkaWrites) {
  const ElectionState state{1, 4, -1, {1}};
  EXPECT_EQ(state.toJson(),
            R"({"clusterId":"","leaderId":1,"leaderEpoch":4,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0})");
  EXPECT_EQ(ElectionState::fromJson(state.toJson()).value(), state);
}

TEST(ElectionState, ReadsVersion1WhichHasNoVoters) {
  const auto state = ElectionState::fromJson(R"({"leaderId":-1,"leaderEpoch":7,"votedId":3,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1})");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->leaderEpoch, 7);
  EXPECT_EQ(state->votedId, 3);
  EXPECT_TRUE(state->voters.empty());
}

TEST(ElectionState, RefusesWhatIsDamagedAndSaysWhy) {
  for (const char* text : {"", "{", "[]", "null", R"({"leaderId":1,"leaderEpoch":"4","votedId":-1,"data_version":0})", R"({"data_version":0})",
                           R"({"leaderId":1,"leaderEpoch":4,"votedId":-1,"data_version":9})",
                           R"({"leaderId":1,"leaderEpoch":4,"votedId":-1,"data_version":0,"currentVoters":[{"x":1}]})"}) {
    const auto state = ElectionState::fromJson(text);
    ASSERT_FALSE(state) << text;
    EXPECT_NE(state.error().context().find("quorum-state"), std::string::npos);
  }
}

TEST(QuorumState, BeginsBehindNeitherTheFileNorTheLog) {
  EXPECT_EQ(QuorumState(1, {1}, {1, 4, -1, {1}}, 9).epoch(), 9);
  EXPECT_EQ(QuorumState(1, {1}, {1, 9, -1, {1}}, 4).epoch(), 9);
}

TEST(QuorumState, LeadsAQuorumOfOneInTheNextEpoch) {
  QuorumState quorum(1, {1}, {1, 4, -1, {1}}, 4);
  ASSERT_TRUE(quorum.becomeCandidate());
  EXPECT_EQ(quorum.toPersist(), (ElectionState{-1, 5, 1, {1}}));
  ASSERT_TRUE(quorum.becomeLeader(1));
  EXPECT_EQ(quorum.toPersist(), (ElectionState{1, 5, -1, {1}}));
}

TEST(QuorumState, RefusesEveryChangeThatTheChartDoesNotHave) {
  QuorumState quorum(1, {1}, {}, 0);
  EXPECT_FALSE(quorum.becomeLeader(1));
  EXPECT_FALSE(quorum.resign());
  EXPECT_EQ(quorum.role(), Role::Unattached);
  ASSERT_TRUE(quorum.becomeCandidate());
  ASSERT_TRUE(quorum.becomeLeader(1));
  EXPECT_FALSE(quorum.becomeCandidate());
  ASSERT_TRUE(quorum.resign());
  EXPECT_FALSE(quorum.becomeLeader(1));
}

TEST(QuorumState, NeedsAMajority) {
  QuorumState quorum(1, {1, 2, 3}, {}, 0);
  ASSERT_TRUE(quorum.becomeCandidate());
  EXPECT_FALSE(quorum.becomeLeader(1));
  EXPECT_TRUE(quorum.becomeLeader(2));
}

TEST(QuorumState, LeavesTheElectionToVoters) {
  QuorumState observer(4, {1, 2, 3}, {}, 0);
  EXPECT_FALSE(observer.becomeCandidate());
  EXPECT_EQ(observer.epoch(), 0);
}

}  // namespace
}  // namespace klamm::broker::raft
