// Joining: who gets in, under which id, and when the joining phase ends.

#include "unit/coordinator/group_fixture.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;

class Join : public GroupFixture {};

TEST_F(Join, HandsOutAnIdFirstAndLetsTheMemberInWhenItComesAgain) {
  const auto first = join({});
  ASSERT_TRUE(first.answered());
  EXPECT_EQ(first->errorCode, ErrorCode::MemberIdRequired);
  EXPECT_EQ(first->memberId.rfind("client-", 0), 0U);
  EXPECT_EQ(first->memberId.size(), std::string("client-").size() + 36);
  EXPECT_EQ(state(), GroupState::Empty);

  const auto second = join({.memberId = first->memberId});
  ASSERT_TRUE(second.answered());
  EXPECT_EQ(second->errorCode, ErrorCode::None);
  EXPECT_EQ(second->generationId, 1);
  EXPECT_EQ(second->leader, first->memberId);
  EXPECT_EQ(second->protocolName, "range");
  EXPECT_EQ(second->protocolType, "consumer");
  ASSERT_EQ(second->members.size(), 1U);
  EXPECT_EQ(second->members.front().metadata.text(), "m");
  EXPECT_EQ(state(), GroupState::CompletingRebalance);
}

TEST_F(Join, LetsAnOldClientInAtOnce) {
  const auto joined = join({.version = 3});
  ASSERT_TRUE(joined.answered());
  EXPECT_EQ(joined->errorCode, ErrorCode::None);
  EXPECT_EQ(joined->generationId, 1);
}

TEST_F(Join, RecordsTheNewGroupBeforeItsFirstMember) {
  EXPECT_EQ(join({})->errorCode, ErrorCode::MemberIdRequired);
  EXPECT_EQ(writer_.appends, 1U);
  restart();
  EXPECT_EQ(state(), GroupState::Empty);
}

TEST_F(Join, RefusesAnIdThatNobodyHandedOut) {
  EXPECT_EQ(join({.memberId = "ghost"})->errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(group(), nullptr);
  EXPECT_EQ(join({})->errorCode, ErrorCode::MemberIdRequired);
  const auto ghost = join({.memberId = "ghost"});
  EXPECT_EQ(ghost->errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(ghost->memberId, "ghost");
}

TEST_F(Join, RefusesAMemberWithoutProtocolsOrType) {
  EXPECT_EQ(join({.protocols = {}})->errorCode, ErrorCode::InconsistentGroupProtocol);
  EXPECT_EQ(join({.type = ""})->errorCode, ErrorCode::InconsistentGroupProtocol);
}

TEST_F(Join, RefusesAMemberThatHasNothingInCommonWithTheOthers) {
  stableMember();
  EXPECT_EQ(join({.version = 3, .protocols = {{"sticky", ""}}})->errorCode, ErrorCode::InconsistentGroupProtocol);
  EXPECT_EQ(join({.version = 3, .type = "connect"})->errorCode, ErrorCode::InconsistentGroupProtocol);
  EXPECT_EQ(state(), GroupState::Stable);
}

TEST_F(Join, ChoosesTheProtocolThatMostMembersPrefer) {
  const Joined first = stableMember({.protocols = {{"a", ""}, {"b", ""}}});
  const auto second = joinTwice({.protocols = {{"b", ""}, {"a", ""}}});
  const auto third = joinTwice({.protocols = {{"b", ""}, {"a", ""}, {"c", ""}}});
  const auto again = join({.memberId = first.id, .protocols = {{"a", ""}, {"b", ""}}});
  EXPECT_EQ(again->protocolName, "b");
  EXPECT_EQ(second->protocolName, "b");
  EXPECT_EQ(third->protocolName, "b");
}

TEST_F(Join, WaitsForTheOthersAndTellsTheLeaderAloneWhoTheyAre) {
  const Joined first = stableMember();
  const auto second = joinTwice({});
  EXPECT_FALSE(second.answered());
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
  EXPECT_EQ(heartbeat(first.id, first.generation), ErrorCode::RebalanceInProgress);
  const auto again = join({.memberId = first.id});
  ASSERT_TRUE(second.answered() && again.answered());
  EXPECT_EQ(again->generationId, 2);
  EXPECT_EQ(second->generationId, 2);
  EXPECT_EQ(again->leader, first.id);
  EXPECT_EQ(second->leader, first.id);
  EXPECT_EQ(again->members.size(), 2U);
  EXPECT_TRUE(second->members.empty());
}

TEST_F(Join, GoesOnWithoutAMemberThatDoesNotComeBackWithinTheRebalanceTimeout) {
  const Joined first = stableMember({.session = 100'000, .rebalance = 30'000});
  const auto second = joinTwice({.session = 100'000, .rebalance = 20'000});
  advance(29s);
  EXPECT_FALSE(second.answered());
  advance(1s);
  ASSERT_TRUE(second.answered());
  EXPECT_EQ(second->leader, second->memberId);
  EXPECT_EQ(second->members.size(), 1U);
  EXPECT_EQ(heartbeat(first.id, first.generation), ErrorCode::UnknownMemberId);
}

TEST_F(Join, WaitsForAMemberThatWasHandedAnIdUntilItsSessionIsOver) {
  const Joined first = stableMember({.session = 100'000});
  const auto pending = join({.session = 8'000});
  ASSERT_EQ(pending->errorCode, ErrorCode::MemberIdRequired);
  const auto again = join({.memberId = first.id, .session = 100'000});  // the leader forces a rebalance
  EXPECT_FALSE(again.answered());
  advance(8s);
  ASSERT_TRUE(again.answered());
  EXPECT_EQ(again->generationId, 2);
  EXPECT_EQ(join({.memberId = pending->memberId})->errorCode, ErrorCode::UnknownMemberId);
}

TEST_F(Join, AnswersTheSameGenerationAgainToAMemberWhoseAnswerWasLost) {
  const Joined first = stableMember();
  const auto second = joinTwice({});
  const auto again = join({.memberId = first.id});
  const auto lost = join({.memberId = second->memberId});
  ASSERT_TRUE(lost.answered());
  EXPECT_EQ(lost->generationId, 2);
  EXPECT_TRUE(lost->members.empty());
  const auto lostByLeader = join({.memberId = first.id});
  EXPECT_EQ(lostByLeader->members.size(), 2U);
  EXPECT_EQ(state(), GroupState::CompletingRebalance);
}

TEST_F(Join, AFollowerOfAStableGroupThatChangesNothingStartsNoRebalance) {
  const auto [leader, follower] = stablePair();
  const auto again = join({.memberId = follower.id});
  ASSERT_TRUE(again.answered());
  EXPECT_EQ(again->generationId, follower.generation);
  EXPECT_EQ(state(), GroupState::Stable);
  EXPECT_FALSE(join({.memberId = follower.id, .protocols = {{"range", "other topics"}}}).answered());
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
}

TEST_F(Join, TheLeaderOfAStableGroupStartsARebalanceByJoining) {
  const auto [leader, follower] = stablePair();
  const auto again = join({.memberId = leader.id});
  EXPECT_FALSE(again.answered());
  EXPECT_EQ(heartbeat(follower.id, follower.generation), ErrorCode::RebalanceInProgress);
}

TEST_F(Join, LetsTheOlderRequestGoWhenAMemberJoinsTwice) {
  const Joined first = stableMember();
  const auto waiting = joinTwice({});
  std::string id;
  for (const auto& [memberId, member] : group()->members())
    if (memberId != first.id) id = memberId;
  const auto newer = join({.memberId = id});
  ASSERT_TRUE(waiting.answered());
  EXPECT_EQ(waiting->errorCode, ErrorCode::RebalanceInProgress);
  EXPECT_FALSE(newer.answered());
  const auto leader = join({.memberId = first.id});
  ASSERT_TRUE(newer.answered());
  EXPECT_EQ(newer->errorCode, ErrorCode::None);
}

TEST_F(Join, KeepsAGroupWithinItsMaximumSize) {
  config_.maxSize = 2;
  const auto [leader, follower] = stablePair();
  const auto third = joinTwice({});
  EXPECT_EQ(third->errorCode, ErrorCode::GroupMaxSizeReached);
  EXPECT_EQ(third->memberId, "");
  EXPECT_EQ(state(), GroupState::Stable);
  EXPECT_EQ(heartbeat(leader.id, leader.generation), ErrorCode::None);
}

TEST_F(Join, LetsOnlySoManyJoinARebalanceAndDropsTheRest) {
  config_.maxSize = 2;
  config_.initialRebalanceDelay = 3s;
  const auto first = join({.version = 3});
  const auto second = join({.version = 3});
  const auto third = join({.version = 3});
  ASSERT_TRUE(third.answered());
  EXPECT_EQ(third->errorCode, ErrorCode::GroupMaxSizeReached);
  advance(3s);
  advance(3s);
  EXPECT_EQ(first->errorCode, ErrorCode::None);
  EXPECT_EQ(second->errorCode, ErrorCode::None);
  EXPECT_EQ(group()->members().size(), 2U);
}

TEST_F(Join, BoundsTheBytesOfAGroupsMembers) {
  config_.maxGroupBytes = 1'000;
  const Joined first = stableMember({.protocols = {{"range", std::string(600, 'x')}}});
  const auto second = join({.version = 3, .protocols = {{"range", std::string(600, 'x')}}});
  EXPECT_EQ(second->errorCode, ErrorCode::GroupMaxSizeReached);
  EXPECT_EQ(heartbeat(first.id, first.generation), ErrorCode::None);
}

TEST_F(Join, BoundsTheIdsHandedOut) {
  config_.maxPendingMembers = 2;
  EXPECT_EQ(join({})->errorCode, ErrorCode::MemberIdRequired);
  EXPECT_EQ(join({})->errorCode, ErrorCode::MemberIdRequired);
  EXPECT_EQ(join({})->errorCode, ErrorCode::GroupMaxSizeReached);
  advance(10s);
  EXPECT_EQ(join({})->errorCode, ErrorCode::MemberIdRequired);
}

TEST_F(Join, BoundsTheGroups) {
  config_.maxGroups = 1;
  EXPECT_EQ(join({.group = "a"})->errorCode, ErrorCode::MemberIdRequired);
  EXPECT_EQ(join({.group = "b"})->errorCode, ErrorCode::CoordinatorNotAvailable);
}

TEST_F(Join, GathersTheFirstMembersForTheInitialDelayAndExtendsItWhileTheyCome) {
  config_.initialRebalanceDelay = 3s;
  const auto first = join({.version = 3, .rebalance = 7'000});
  advance(2s);
  const auto second = join({.version = 3, .rebalance = 7'000});
  advance(1s);  // the delay is over, but a member came: 3 s more
  EXPECT_FALSE(first.answered());
  const auto third = join({.version = 3, .rebalance = 7'000});
  advance(3s);  // again, but only 1 s of the rebalance time-out is left
  EXPECT_FALSE(first.answered());
  advance(1s);
  ASSERT_TRUE(first.answered() && second.answered() && third.answered());
  EXPECT_EQ(first->generationId, 1);
  EXPECT_EQ(first->members.size(), 3U);
}

TEST_F(Join, DropsANewMemberWhoseClientMayBeGoneAfterFiveMinutes) {
  const Joined first = stableMember({.session = 1'000'000, .rebalance = 1'000'000});
  const auto second = joinTwice({.session = 1'000'000, .rebalance = 1'000'000});
  advance(299s);
  EXPECT_FALSE(second.answered());
  advance(1s);
  ASSERT_TRUE(second.answered());
  EXPECT_EQ(second->errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(group()->members().size(), 1U);
}

TEST_F(Join, AWaitingMemberStandsForItsHeartbeats) {
  const auto [leader, follower] = stablePair();
  const auto again = join({.memberId = leader.id, .session = 10'000});
  advance(9s);
  EXPECT_EQ(heartbeat(follower.id, follower.generation), ErrorCode::RebalanceInProgress);
  advance(9s);  // the leader has sent nothing for 18 s, but its JoinGroup waits
  EXPECT_FALSE(again.answered());
  EXPECT_EQ(group()->members().size(), 2U);
}

TEST_F(Join, WhatAClientChoseIsFitForALogLine) {
  EXPECT_EQ(printable("plain", 10), "plain");
  EXPECT_EQ(printable("two\nlines\x1B[31m", 100), "two?lines?[31m");
  EXPECT_EQ(printable("long text", 4), "long");
}

}  // namespace
}  // namespace klamm::broker::coordinator
