// The runtime: parking until committed, refused and lost writes, loading, leadership.

#include "record/batch_builder.h"
#include "unit/coordinator/group_fixture.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;

class Runtime : public GroupFixture {};

TEST_F(Runtime, ParksAnAnswerUntilItsRecordsAreCommitted) {
  writer_.autoCommit = false;
  const auto call = commit("", -1, 5);
  EXPECT_FALSE(call.answered());
  EXPECT_EQ(runtime_->parkedCount(), 1U);
  writer_.commitAll();
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(outcome(call), ErrorCode::None);
}

TEST_F(Runtime, HandlersSeeWhatIsAppendedButTheirAnswersWaitForItToo) {
  writer_.autoCommit = false;
  const auto first = commit("", -1, 5);
  protocol::OffsetFetchRequest::OffsetFetchRequestGroup request;
  request.groupId = "g";
  request.topics.reset();
  Call<FetchedGroup> read;
  runtime_->run([&](GroupShard& shard, Moment) { return shard.fetchOffsets(request, read.answer()); });
  EXPECT_FALSE(read.answered());
  writer_.commitAll();
  ASSERT_TRUE(read.answered());
  EXPECT_EQ(read->topics.front().partitions.front().committedOffset, 5);
}

TEST_F(Runtime, ASyncIsAnsweredWhenTheAssignmentIsCommitted) {
  const auto joined = joinTwice({});
  writer_.autoCommit = false;
  const auto synced = sync(joined->memberId, 1, {{joined->memberId, "A"}});
  EXPECT_FALSE(synced.answered());
  writer_.commitAll();
  ASSERT_TRUE(synced.answered());
  EXPECT_EQ(synced->assignment.text(), "A");
}

TEST_F(Runtime, AnswersWithAnErrorAndChangesNothingWhenTheLogRefuses) {
  for (const auto& [refused, told] : std::vector<std::pair<ErrorCode, ErrorCode>>{
           {ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable},
           {ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator},
           {ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError},
           {ErrorCode::IoFailed, ErrorCode::UnknownServerError}}) {
    writer_.refuseWith = refused;
    EXPECT_EQ(outcome(commit("", -1, 5)), told);
    writer_.refuseWith.reset();
    EXPECT_EQ(fetch(), -1);
    EXPECT_EQ(group(), nullptr);
  }
}

TEST_F(Runtime, ANewGroupWhoseRecordIsRefusedIsNoGroup) {
  writer_.refuseWith = ErrorCode::NotEnoughReplicas;
  EXPECT_EQ(join({})->errorCode, ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(group(), nullptr);
  const auto old = join({.version = 3});
  ASSERT_TRUE(old.answered());
  EXPECT_EQ(old->errorCode, ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(group(), nullptr);
  writer_.refuseWith.reset();
  EXPECT_EQ(join({.version = 3})->errorCode, ErrorCode::None);
}

TEST_F(Runtime, AWriteThatIsNotCommittedInTimeIsAnErrorButStays) {
  writer_.autoCommit = false;
  const auto call = commit("", -1, 5);
  advance(4'999ms);
  EXPECT_FALSE(call.answered());
  EXPECT_EQ(runtime_->nextDeadline(), clock_.now() + 1ms);
  advance(1ms);
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(outcome(call), ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(runtime_->state(), ShardRuntime::State::Active);
  writer_.commitAll();
  EXPECT_EQ(fetch(), 5);
}

TEST_F(Runtime, LetsEverythingGoWhenTheLogIsLost) {
  const Joined member = stableMember();
  const auto waiting = joinTwice({});
  writer_.autoCommit = false;
  const auto parked = commit(member.id, member.generation, 5);
  writer_.lose(kPartition);
  ASSERT_TRUE(parked.answered() && waiting.answered());
  EXPECT_EQ(outcome(parked), ErrorCode::NotCoordinator);
  EXPECT_EQ(waiting->errorCode, ErrorCode::NotCoordinator);
  EXPECT_EQ(runtime_->availability(), ErrorCode::NotCoordinator);
  EXPECT_EQ(group(), nullptr);
}

TEST_F(Runtime, HearsNothingOfCommitsAfterItsEnd) {
  writer_.autoCommit = false;
  const auto call = commit("", -1, 5);
  runtime_->resign();
  ASSERT_TRUE(call.answered());
  EXPECT_EQ(outcome(call), ErrorCode::NotCoordinator);
  writer_.commitAll();
  start();
  const auto next = commit("", -1, 6);
  runtime_.reset();
  writer_.commitAll();
  EXPECT_FALSE(next.answered());
}

TEST_F(Runtime, IsNotAvailableWhileItLoads) {
  config_.loadChunkBytes = 1;
  for (int i = 0; i < 5; ++i) commit("", -1, i);
  runtime_->resign();
  EXPECT_EQ(runtime_->availability(), ErrorCode::NotCoordinator);
  runtime_->elect();
  int chunks = 0;
  while (runtime_->load()) {
    EXPECT_EQ(runtime_->availability(), ErrorCode::CoordinatorLoadInProgress);
    ++chunks;
  }
  EXPECT_EQ(chunks, 5);
  EXPECT_EQ(runtime_->availability(), ErrorCode::None);
  EXPECT_EQ(fetch(), 4);
}

TEST_F(Runtime, WhatWasLoadedButIsNotCommittedYetHoldsAnswersBack) {
  writer_.autoCommit = false;
  commit("", -1, 5);
  restart();
  protocol::OffsetFetchRequest::OffsetFetchRequestGroup request;
  request.groupId = "g";
  request.topics.reset();
  Call<FetchedGroup> read;
  runtime_->run([&](GroupShard& shard, Moment) { return shard.fetchOffsets(request, read.answer()); });
  EXPECT_FALSE(read.answered());
  writer_.commitAll();
  EXPECT_TRUE(read.answered());
}

TEST_F(Runtime, MembersGoOnAfterARestart) {
  const auto [leader, follower] = stablePair();
  commit(leader.id, leader.generation, 11);
  restart();
  EXPECT_EQ(heartbeat(leader.id, leader.generation), ErrorCode::None);
  EXPECT_EQ(heartbeat(follower.id, follower.generation), ErrorCode::None);
  EXPECT_EQ(sync(follower.id, follower.generation)->assignment.text(), "B");
  EXPECT_EQ(outcome(commit(follower.id, follower.generation, 12)), ErrorCode::None);
  EXPECT_EQ(fetch(), 12);
  EXPECT_EQ(describe().members.size(), 2U);
  EXPECT_EQ(join({.memberId = follower.id})->generationId, follower.generation);
}

TEST_F(Runtime, MembersThatDoNotComeBackAfterARestartAreDropped) {
  const auto [leader, follower] = stablePair();
  restart();
  advance(6s);
  EXPECT_EQ(heartbeat(leader.id, leader.generation), ErrorCode::None);
  advance(4s);
  EXPECT_EQ(heartbeat(leader.id, leader.generation), ErrorCode::RebalanceInProgress);
  EXPECT_EQ(group()->members().size(), 1U);
}

TEST_F(Runtime, ARebalanceUnderWayIsForgottenByARestartAndTheLastGenerationStands) {
  const Joined member = stableMember();
  const auto other = joinTwice({});
  restart();
  ASSERT_TRUE(other.answered());
  EXPECT_EQ(other->errorCode, ErrorCode::NotCoordinator);
  EXPECT_EQ(state(), GroupState::Stable);
  EXPECT_EQ(heartbeat(member.id, member.generation), ErrorCode::None);
}

TEST_F(Runtime, AGroupThatIsLoadedOverItsMaximumSizeIsRebalanced) {
  const auto [leader, follower] = stablePair();
  config_.maxSize = 1;
  restart();
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
  const auto first = join({.memberId = leader.id});
  EXPECT_EQ(join({.memberId = follower.id})->errorCode, ErrorCode::GroupMaxSizeReached);
  ASSERT_TRUE(first.answered());
  EXPECT_EQ(first->members.size(), 1U);
}

TEST_F(Runtime, ADamagedRecordIsSkippedWhileLoading) {
  commit("", -1, 5);
  record::BatchBuilder builder;
  const std::string key = std::string("\0\1\0\xFFtoo short", 13);
  ASSERT_TRUE(builder.append(0, asBytes(key), std::nullopt));
  const std::string unknownType = std::string("\0\x7Fwhatever", 10);
  ASSERT_TRUE(builder.append(0, asBytes(unknownType), asBytes("value")));
  ASSERT_TRUE(builder.append(0, std::nullopt, asBytes("no key")));
  ASSERT_TRUE(builder.append(0, asBytes("x"), asBytes("one byte of key")));
  ASSERT_TRUE(writer_.append(kPartition, *builder.close({})));
  commit("", -1, 6);
  restart();
  EXPECT_EQ(runtime_->state(), ShardRuntime::State::Active);
  EXPECT_EQ(fetch(), 6);
}

TEST_F(Runtime, AnswersMayCallBackIn) {
  std::optional<ErrorCode> inner;
  OffsetCommitRequest request;
  request.groupId = "g";
  request.topics.emplace_back();
  request.topics.back().name = "t";
  request.topics.back().partitions.emplace_back();
  runtime_->run([&](GroupShard& shard, Moment now) {
    return shard.commitOffsets({.version = 9}, request, [&](const OffsetCommitResponse&) { inner = outcome(commit("", -1, 77)); }, now);
  });
  EXPECT_EQ(inner, ErrorCode::None);
  EXPECT_EQ(fetch(), 77);
}

}  // namespace
}  // namespace klamm::broker::coordinator
