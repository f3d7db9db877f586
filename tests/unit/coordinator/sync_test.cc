// Assignment, heartbeats, leaving and failing.

#include "unit/coordinator/group_fixture.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;

class Sync : public GroupFixture {};

TEST_F(Sync, HandsEverybodyTheirPartOfTheLeadersAssignment) {
  const auto [leader, follower] = stablePair();
  EXPECT_EQ(state(), GroupState::Stable);
  EXPECT_EQ(sync(leader.id, leader.generation)->assignment.text(), "A");
  EXPECT_EQ(sync(follower.id, follower.generation)->assignment.text(), "B");
}

TEST_F(Sync, GivesAMemberThatTheLeaderForgotAnEmptyAssignment) {
  const Joined first = stableMember();
  const auto second = joinTwice({});
  const auto again = join({.memberId = first.id});
  EXPECT_EQ(sync(first.id, 2, {{first.id, "A"}, {"ghost", "G"}})->assignment.text(), "A");
  const auto synced = sync(second->memberId, 2);
  EXPECT_EQ(synced->errorCode, ErrorCode::None);
  EXPECT_TRUE(synced->assignment.empty());
}

TEST_F(Sync, RefusesStrangersWrongGenerationsAndOtherProtocols) {
  const auto joined = joinTwice({});
  EXPECT_EQ(sync("ghost", 1)->errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(sync(joined->memberId, 2)->errorCode, ErrorCode::IllegalGeneration);
  EXPECT_EQ(sync(joined->memberId, 1, {}, "other group")->errorCode, ErrorCode::UnknownMemberId);
  SyncGroupRequest request;
  request.groupId = "g";
  request.memberId = joined->memberId;
  request.generationId = 1;
  request.protocolType = "connect";
  request.protocolName = "range";
  EXPECT_EQ(sync(request)->errorCode, ErrorCode::InconsistentGroupProtocol);
  request.protocolType = "consumer";
  request.protocolName = "sticky";
  EXPECT_EQ(sync(request)->errorCode, ErrorCode::InconsistentGroupProtocol);
  request.protocolName = "range";
  const auto good = sync(request);
  EXPECT_EQ(good->errorCode, ErrorCode::None);
  EXPECT_EQ(good->protocolName, "range");
}

TEST_F(Sync, TellsWaitingFollowersToJoinAgainWhenTheRebalanceBeginsAnew) {
  const Joined first = stableMember();
  const auto second = joinTwice({});
  const auto again = join({.memberId = first.id});
  const auto waiting = sync(second->memberId, 2);
  EXPECT_FALSE(waiting.answered());
  const auto third = joinTwice({});
  ASSERT_TRUE(waiting.answered());
  EXPECT_EQ(waiting->errorCode, ErrorCode::RebalanceInProgress);
  EXPECT_EQ(sync(first.id, 2)->errorCode, ErrorCode::RebalanceInProgress);
}

TEST_F(Sync, LetsTheOlderRequestGoWhenAMemberSyncsTwice) {
  const Joined first = stableMember();
  const auto second = joinTwice({});
  const auto again = join({.memberId = first.id});
  const auto older = sync(second->memberId, 2);
  const auto newer = sync(second->memberId, 2);
  EXPECT_EQ(older->errorCode, ErrorCode::RebalanceInProgress);
  EXPECT_EQ(sync(first.id, 2, {{second->memberId, "B"}})->errorCode, ErrorCode::None);
  EXPECT_EQ(newer->assignment.text(), "B");
}

TEST_F(Sync, DropsMembersThatJoinedButNeverAskForTheirAssignment) {
  const Joined first = stableMember({.session = 100'000, .rebalance = 20'000});
  const auto second = joinTwice({.session = 100'000, .rebalance = 20'000});
  const auto again = join({.memberId = first.id, .session = 100'000, .rebalance = 20'000});
  const auto waiting = sync(second->memberId, 2);  // the leader stays silent
  advance(20s);
  ASSERT_TRUE(waiting.answered());
  EXPECT_EQ(waiting->errorCode, ErrorCode::RebalanceInProgress);
  EXPECT_EQ(heartbeat(first.id, 2), ErrorCode::UnknownMemberId);
  EXPECT_EQ(heartbeat(second->memberId, 2), ErrorCode::RebalanceInProgress);
}

TEST_F(Sync, DropsAFollowerThatNeverAsksInAStableGroupToo) {
  const Joined first = stableMember({.session = 100'000, .rebalance = 20'000});
  const auto second = joinTwice({.session = 100'000, .rebalance = 20'000});
  const auto again = join({.memberId = first.id, .session = 100'000, .rebalance = 20'000});
  EXPECT_EQ(sync(first.id, 2)->errorCode, ErrorCode::None);
  EXPECT_EQ(state(), GroupState::Stable);
  advance(20s);
  EXPECT_EQ(heartbeat(second->memberId, 2), ErrorCode::UnknownMemberId);
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
}

TEST_F(Sync, BeginsAnewWhenTheAssignmentCannotBeStored) {
  const auto joined = joinTwice({});
  writer_.refuseWith = ErrorCode::NotEnoughReplicas;
  EXPECT_EQ(sync(joined->memberId, 1, {{joined->memberId, "A"}})->errorCode, ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
  writer_.refuseWith.reset();
  const auto again = join({.memberId = joined->memberId});
  EXPECT_EQ(again->generationId, 2);
  EXPECT_EQ(sync(joined->memberId, 2, {{joined->memberId, "A"}})->assignment.text(), "A");
}

TEST_F(Sync, RefusesAnAssignmentThatDoesNotFitABatch) {
  const auto joined = joinTwice({});
  writer_.maxBytes = 500;
  const auto synced = sync(joined->memberId, 1, {{joined->memberId, std::string(600, 'x')}});
  EXPECT_EQ(synced->errorCode, ErrorCode::UnknownServerError);
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
}

// --- heartbeats and sessions -------------------------------------------------------------------------------------------

TEST_F(Sync, HeartbeatsKeepAMemberAndTheirEndRemovesIt) {
  const Joined member = stableMember({.session = 10'000});
  for (int i = 0; i < 5; ++i) {
    advance(9s);
    EXPECT_EQ(heartbeat(member.id, member.generation), ErrorCode::None);
  }
  advance(10s);
  EXPECT_EQ(heartbeat(member.id, member.generation), ErrorCode::UnknownMemberId);
  EXPECT_EQ(state(), GroupState::Empty);
  EXPECT_EQ(group()->generation(), 2);
}

TEST_F(Sync, HeartbeatsAreRefusedFromStrangersAndOldGenerations) {
  EXPECT_EQ(heartbeat("x", 1), ErrorCode::UnknownMemberId);
  const auto pending = join({});
  EXPECT_EQ(heartbeat(pending->memberId, -1), ErrorCode::UnknownMemberId);
  const auto joined = join({.memberId = pending->memberId});
  EXPECT_EQ(heartbeat(joined->memberId, 1), ErrorCode::None);  // between JoinGroup and SyncGroup
  EXPECT_EQ(heartbeat(joined->memberId, 0), ErrorCode::IllegalGeneration);
  EXPECT_EQ(heartbeat(joined->memberId, 2), ErrorCode::IllegalGeneration);
}

TEST_F(Sync, AFailedMemberMakesTheOthersJoinAgain) {
  const auto [leader, follower] = stablePair();
  advance(6s);
  EXPECT_EQ(heartbeat(follower.id, follower.generation), ErrorCode::None);
  advance(4s);  // the leader has been silent for its 10 s
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
  EXPECT_EQ(heartbeat(follower.id, follower.generation), ErrorCode::RebalanceInProgress);
  const auto again = join({.memberId = follower.id});
  EXPECT_EQ(again->leader, follower.id);
  EXPECT_EQ(again->members.size(), 1U);
}

TEST_F(Sync, CommitsKeepAMemberToo) {
  const Joined member = stableMember({.session = 10'000});
  for (int i = 0; i < 3; ++i) {
    advance(9s);
    EXPECT_EQ(outcome(commit(member.id, member.generation)), ErrorCode::None);
  }
  EXPECT_EQ(state(), GroupState::Stable);
}

// --- leaving -----------------------------------------------------------------------------------------------------------

TEST_F(Sync, TheLastMemberThatLeavesLeavesAnEmptyGroup) {
  const Joined member = stableMember();
  const auto left = leave(member.id);
  EXPECT_EQ(left->errorCode, ErrorCode::None);
  EXPECT_EQ(left->members.front().errorCode, ErrorCode::None);
  EXPECT_EQ(state(), GroupState::Empty);
  EXPECT_EQ(group()->generation(), 2);
  EXPECT_EQ(leave(member.id)->members.front().errorCode, ErrorCode::UnknownMemberId);
}

TEST_F(Sync, LeavingMakesTheOthersJoinAgain) {
  const auto [leader, follower] = stablePair();
  EXPECT_EQ(leave(leader.id)->members.front().errorCode, ErrorCode::None);
  EXPECT_EQ(heartbeat(follower.id, follower.generation), ErrorCode::RebalanceInProgress);
  EXPECT_EQ(join({.memberId = follower.id})->members.size(), 1U);
}

TEST_F(Sync, LeavingEndsAWaitForTheMemberThatLeft) {
  const auto [leader, follower] = stablePair();
  const auto again = join({.memberId = leader.id});
  EXPECT_FALSE(again.answered());
  EXPECT_EQ(leave(follower.id)->members.front().errorCode, ErrorCode::None);
  ASSERT_TRUE(again.answered());
  EXPECT_EQ(again->members.size(), 1U);
}

TEST_F(Sync, AnIdThatWasHandedOutCanBeGivenBack) {
  const auto pending = join({});
  EXPECT_EQ(leave(pending->memberId)->members.front().errorCode, ErrorCode::None);
  EXPECT_EQ(join({.memberId = pending->memberId})->errorCode, ErrorCode::UnknownMemberId);
}

TEST_F(Sync, AnswersEachOfSeveralLeavingMembers) {
  const auto [leader, follower] = stablePair();
  LeaveGroupRequest request;
  request.groupId = "g";
  request.members.resize(4);
  request.members[0].memberId = follower.id;
  request.members[1].memberId = "ghost";
  request.members[2].groupInstanceId = "nobody";
  request.members[3].memberId = follower.id;
  Call<LeaveGroupResponse> call;
  runtime_->run([&](GroupShard& shard, Moment now) { return shard.leave(request, call.answer(), now); });
  ASSERT_EQ(call->members.size(), 4U);
  EXPECT_EQ(call->members[0].errorCode, ErrorCode::None);
  EXPECT_EQ(call->members[1].errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(call->members[2].errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(call->members[2].groupInstanceId, "nobody");
  EXPECT_EQ(call->members[3].errorCode, ErrorCode::UnknownMemberId);
}

TEST_F(Sync, AnswersTheParkedRequestsOfAMemberThatIsRemoved) {
  const Joined first = stableMember();
  const auto second = joinTwice({});
  const auto again = join({.memberId = first.id});
  const auto parked = sync(second->memberId, 2);
  EXPECT_EQ(leave(second->memberId)->members.front().errorCode, ErrorCode::None);
  ASSERT_TRUE(parked.answered());
  EXPECT_EQ(parked->errorCode, ErrorCode::UnknownMemberId);
}

}  // namespace
}  // namespace klamm::broker::coordinator
