// Static members: KIP-345 and KIP-814.

#include "record/batch_builder.h"
#include "unit/coordinator/group_fixture.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;

class StaticMember : public GroupFixture {
 protected:
  /// A Stable group of one static member, instance "i".
  Joined stableStatic(std::int32_t session = 10'000) { return stableMember({.instance = "i", .session = session}); }
};

TEST_F(StaticMember, IsLetInAtOnceUnderAnIdMadeOfItsInstance) {
  const auto joined = join({.instance = "i"});
  ASSERT_TRUE(joined.answered());
  EXPECT_EQ(joined->errorCode, ErrorCode::None);
  EXPECT_EQ(joined->memberId.rfind("i-", 0), 0U);
  EXPECT_EQ(joined->members.front().groupInstanceId, "i");
}

TEST_F(StaticMember, TakesItsPlaceAgainWithoutARebalanceAndSkipsTheAssignment) {
  const Joined before = stableStatic();
  const auto again = join({.instance = "i"});
  ASSERT_TRUE(again.answered());
  EXPECT_EQ(again->errorCode, ErrorCode::None);
  EXPECT_NE(again->memberId, before.id);
  EXPECT_EQ(again->generationId, before.generation);
  EXPECT_EQ(again->leader, again->memberId);
  EXPECT_TRUE(again->skipAssignment);
  EXPECT_EQ(again->members.size(), 1U);
  EXPECT_EQ(state(), GroupState::Stable);
  EXPECT_EQ(sync(again->memberId, again->generationId)->assignment.text(), "A");
}

TEST_F(StaticMember, AnOldClientThatCannotSkipIsToldThatItsFormerSelfLeads) {
  const Joined before = stableStatic();
  const auto again = join({.instance = "i", .version = 8});
  EXPECT_EQ(again->leader, before.id);
  EXPECT_FALSE(again->skipAssignment);
  EXPECT_TRUE(again->members.empty());
  EXPECT_EQ(group()->leaderId(), again->memberId);
  EXPECT_EQ(sync(again->memberId, again->generationId)->assignment.text(), "A");
}

TEST_F(StaticMember, AFollowerThatComesBackLearnsNothingOfTheOthers) {
  const Joined leader = stableMember();
  const auto waiting = join({.instance = "i"});
  const auto leaderAgain = join({.memberId = leader.id});
  EXPECT_EQ(sync(leader.id, 2, {{leader.id, "A"}, {waiting->memberId, "S"}})->errorCode, ErrorCode::None);
  EXPECT_EQ(sync(waiting->memberId, 2)->assignment.text(), "S");
  const auto back = join({.instance = "i"});
  EXPECT_FALSE(back->skipAssignment);
  EXPECT_TRUE(back->members.empty());
  EXPECT_EQ(back->leader, leader.id);
  EXPECT_EQ(sync(back->memberId, 2)->assignment.text(), "S");
  EXPECT_EQ(heartbeat(leader.id, 2), ErrorCode::None);
}

TEST_F(StaticMember, FencesItsFormerSelf) {
  const Joined before = stableStatic();
  const auto again = join({.instance = "i"});
  EXPECT_EQ(heartbeat(before.id, before.generation, "i"), ErrorCode::FencedInstanceId);
  EXPECT_EQ(heartbeat(before.id, before.generation), ErrorCode::UnknownMemberId);
  EXPECT_EQ(join({.memberId = before.id, .instance = "i"})->errorCode, ErrorCode::FencedInstanceId);
  EXPECT_EQ(join({.memberId = before.id, .instance = "other"})->errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(leave(before.id, "i")->members.front().errorCode, ErrorCode::FencedInstanceId);
  OffsetCommitRequest request;
  request.groupId = "g";
  request.memberId = before.id;
  request.groupInstanceId = "i";
  request.generationIdOrMemberEpoch = before.generation;
  request.topics.emplace_back();
  request.topics.back().partitions.emplace_back();
  EXPECT_EQ(outcome(commit(request, 8)), ErrorCode::FencedInstanceId);
  EXPECT_EQ(heartbeat(again->memberId, again->generationId, "i"), ErrorCode::None);
}

TEST_F(StaticMember, FencesTheJoinThatItsFormerSelfWaitsIn) {
  const Joined leader = stableMember();
  const auto older = join({.instance = "i"});
  ASSERT_FALSE(older.answered());
  const auto newer = join({.instance = "i"});
  ASSERT_TRUE(older.answered());
  EXPECT_EQ(older->errorCode, ErrorCode::FencedInstanceId);
  const auto leaderAgain = join({.memberId = leader.id});
  ASSERT_TRUE(newer.answered());
  EXPECT_EQ(newer->errorCode, ErrorCode::None);
}

TEST_F(StaticMember, FencesTheSyncThatItsFormerSelfWaitsInAndBeginsAnew) {
  const Joined leader = stableMember();
  const auto older = join({.instance = "i"});
  const auto leaderAgain = join({.memberId = leader.id});
  const auto parked = sync(older->memberId, 2);
  ASSERT_FALSE(parked.answered());
  const auto newer = join({.instance = "i"});
  ASSERT_TRUE(parked.answered());
  EXPECT_EQ(parked->errorCode, ErrorCode::FencedInstanceId);
  EXPECT_FALSE(newer.answered());
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
}

TEST_F(StaticMember, StartsARebalanceWhenItsReturnChangesTheProtocol) {
  const Joined before = stableMember({.instance = "i", .protocols = {{"a", ""}, {"b", ""}}});
  const auto again = join({.instance = "i", .protocols = {{"b", ""}, {"a", ""}}});
  ASSERT_TRUE(again.answered());
  EXPECT_EQ(again->generationId, before.generation + 1);
  EXPECT_EQ(again->protocolName, "b");
  EXPECT_FALSE(again->skipAssignment);
}

TEST_F(StaticMember, StaysAsItWasWhenItsReturnCannotBeStored) {
  const Joined before = stableStatic();
  writer_.refuseWith = ErrorCode::NotEnoughReplicas;
  const auto again = join({.instance = "i"});
  EXPECT_EQ(again->errorCode, ErrorCode::CoordinatorNotAvailable);
  writer_.refuseWith.reset();
  EXPECT_EQ(heartbeat(before.id, before.generation, "i"), ErrorCode::None);
  EXPECT_EQ(group()->leaderId(), before.id);
  advance(10s);
  EXPECT_EQ(heartbeat(before.id, before.generation), ErrorCode::UnknownMemberId);
}

TEST_F(StaticMember, IsRemovedByItsInstanceIdAlone) {
  stableStatic();
  const auto left = leave("", "i");
  EXPECT_EQ(left->members.front().errorCode, ErrorCode::None);
  EXPECT_EQ(left->members.front().memberId, "");
  EXPECT_EQ(state(), GroupState::Empty);
  EXPECT_EQ(leave("", "i")->members.front().errorCode, ErrorCode::UnknownMemberId);
}

TEST_F(StaticMember, IsKeptThroughARebalanceThatItMisses) {
  const Joined member = stableStatic(60'000);
  const auto other = joinTwice({.session = 60'000, .rebalance = 20'000});
  ASSERT_FALSE(other.answered());
  advance(60s);  // the rebalance time-out of 60 s; its session ends at the same time
  ASSERT_TRUE(other.answered());
  EXPECT_EQ(other->errorCode, ErrorCode::None);
}

TEST_F(StaticMember, AGroupOfStaticMembersAloneWaitsForThem) {
  const Joined first = stableMember({.instance = "a", .session = 600'000, .rebalance = 5'000});
  const auto second = join({.instance = "b", .session = 600'000, .rebalance = 5'000});
  advance(5s);  // "a" did not come, but is kept: the second gets its generation with both in it
  ASSERT_TRUE(second.answered());
  EXPECT_EQ(second->members.size(), 2U);
  EXPECT_EQ(second->leader, second->memberId);
  EXPECT_EQ(heartbeat(first.id, 2, "a"), ErrorCode::None);
}

TEST_F(StaticMember, ARebalanceTimeoutOfNothingDoesNotSpin) {
  // Too many members, all static, none of them there, and no time to wait for them: as a log may hold it.
  protocol::GroupMetadataValue value;
  value.protocolType = "consumer";
  value.generation = 1;
  value.protocol = "range";
  value.leader = "a";
  for (const char* id : {"a", "b"}) {
    value.members.emplace_back();
    value.members.back().memberId = value.members.back().clientId = id;
    value.members.back().groupInstanceId = id;
    value.members.back().sessionTimeout = 30'000;
    value.members.back().rebalanceTimeout = 0;
  }
  const auto stored = serialize(GroupRecord{.group = "g", .value = value});
  ASSERT_TRUE(stored);
  record::BatchBuilder builder;
  ASSERT_TRUE(builder.append(0, stored->key.view(), stored->value->view()));
  ASSERT_TRUE(writer_.append(kPartition, *builder.close({})));
  config_.maxSize = 1;
  restart();
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
  advance(30s);
  EXPECT_EQ(state(), GroupState::Empty);
}

TEST_F(StaticMember, AnIdThatWasHandedOutIsNotForAStaticMember) {
  const auto pending = join({});
  EXPECT_EQ(join({.memberId = pending->memberId, .instance = "i"})->errorCode, ErrorCode::UnknownServerError);
}

TEST_F(StaticMember, ComesBackAfterARestartOfTheBroker) {
  const Joined before = stableStatic();
  restart();
  EXPECT_EQ(heartbeat(before.id, before.generation, "i"), ErrorCode::None);
  const auto again = join({.instance = "i"});
  EXPECT_TRUE(again->skipAssignment);
  EXPECT_EQ(again->generationId, before.generation);
  restart();
  EXPECT_EQ(heartbeat(before.id, before.generation, "i"), ErrorCode::FencedInstanceId);
  EXPECT_EQ(sync(again->memberId, again->generationId)->assignment.text(), "A");
}

}  // namespace
}  // namespace klamm::broker::coordinator
