// Offsets: commit, fetch, delete, expire; describing, listing and deleting groups.

#include "base/bytes.h"
#include "unit/coordinator/group_fixture.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;
using protocol::ListGroupsRequest;
using protocol::ListGroupsResponse;
using protocol::OffsetDeleteRequest;
using protocol::OffsetDeleteResponse;

/// A ConsumerProtocolSubscription, version 0.
std::string subscriptionTo(const std::vector<std::string>& topics) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.write(std::int16_t{0});
  writer.write(static_cast<std::int32_t>(topics.size()));
  for (const std::string& topic : topics) {
    writer.write(static_cast<std::int16_t>(topic.size()));
    writer.writeBytes(asBytes(topic));
  }
  writer.write(std::int32_t{-1});
  return std::string(asText(bytes));
}

class Offsets : public GroupFixture {
 protected:
  OffsetDeleteResponse deleteOffset(const std::string& group, const std::string& topic = "t") {
    OffsetDeleteRequest request;
    request.groupId = group;
    request.topics.emplace_back();
    request.topics.back().name = topic;
    request.topics.back().partitions.emplace_back();
    Call<OffsetDeleteResponse> call;
    runtime_->run([&](GroupShard& shard, Moment) { return shard.deleteOffsets(request, call.answer()); });
    return *call;
  }
  std::vector<std::string> list(std::vector<std::string> states = {}, std::vector<std::string> types = {}) {
    ListGroupsRequest request;
    request.statesFilter = std::move(states);
    request.typesFilter = std::move(types);
    Call<ListGroupsResponse> call;
    runtime_->run([&](GroupShard& shard, Moment) { return shard.list(request, call.answer()); });
    std::vector<std::string> listed;
    for (const auto& group : call->groups) listed.push_back(group.groupId + ":" + group.protocolType + ":" + group.groupState + ":" + group.groupType);
    return listed;
  }
};

TEST_F(Offsets, AreCommittedByAMemberInItsGeneration) {
  const Joined member = stableMember();
  EXPECT_EQ(outcome(commit(member.id, member.generation, 42)), ErrorCode::None);
  EXPECT_EQ(fetch(), 42);
  EXPECT_EQ(outcome(commit(member.id, member.generation + 1)), ErrorCode::IllegalGeneration);
  EXPECT_EQ(outcome(commit("ghost", member.generation)), ErrorCode::UnknownMemberId);
  EXPECT_EQ(outcome(commit("", -1)), ErrorCode::UnknownMemberId);
  EXPECT_EQ(outcome(commit(member.id, -1)), ErrorCode::IllegalGeneration);
  EXPECT_EQ(fetch(), 42);
}

TEST_F(Offsets, AreRefusedBetweenJoinAndSyncAndTakenWhileARebalanceIsPrepared) {
  const auto joined = joinTwice({});
  EXPECT_EQ(outcome(commit(joined->memberId, 1)), ErrorCode::RebalanceInProgress);
  EXPECT_EQ(sync(joined->memberId, 1)->errorCode, ErrorCode::None);
  const auto other = joinTwice({});
  EXPECT_EQ(state(), GroupState::PreparingRebalance);
  EXPECT_EQ(outcome(commit(joined->memberId, 1, 7)), ErrorCode::None);
  EXPECT_EQ(fetch(), 7);
}

TEST_F(Offsets, OfAMemberThatLeftAreRefused) {
  const Joined member = stableMember();
  leave(member.id);
  EXPECT_EQ(outcome(commit(member.id, member.generation)), ErrorCode::UnknownMemberId);
  EXPECT_EQ(outcome(commit(member.id, -1)), ErrorCode::None);
  EXPECT_EQ(outcome(commit("", -1)), ErrorCode::None);
}

TEST_F(Offsets, AreKeptForAGroupWithoutMembers) {
  EXPECT_EQ(outcome(commit("", -1, 9)), ErrorCode::None);
  EXPECT_EQ(fetch(), 9);
  EXPECT_EQ(describe().groupState, "Empty");
  EXPECT_EQ(describe().protocolType, "");
  EXPECT_EQ(list(), std::vector<std::string>{"g::Empty:classic"});
  restart();
  EXPECT_EQ(fetch(), 9);
  EXPECT_EQ(list(), std::vector<std::string>{"g::Empty:classic"});
}

TEST_F(Offsets, OfAGenerationInAGroupThatDoesNotExistAreRefusedByVersion) {
  EXPECT_EQ(outcome(commit("m", 1, 5, 8)), ErrorCode::IllegalGeneration);
  EXPECT_EQ(outcome(commit("m", 1, 5, 9)), ErrorCode::GroupIdNotFound);
  EXPECT_EQ(group(), nullptr);
}

TEST_F(Offsets, WithTooMuchMetadataAreRefusedOneByOne) {
  OffsetCommitRequest request;
  request.groupId = "g";
  request.topics.emplace_back();
  request.topics.back().name = "t";
  request.topics.back().partitions.resize(3);
  request.topics.back().partitions[0].committedMetadata = std::string(4097, 'x');
  request.topics.back().partitions[1].partitionIndex = 1;
  request.topics.back().partitions[1].committedMetadata = std::string(4096, 'x');
  request.topics.back().partitions[2].partitionIndex = 2;
  // U+1F600 is four bytes and two UTF-16 units: 2048 of them are allowed.
  for (int i = 0; i < 2048; ++i) request.topics.back().partitions[2].committedMetadata = request.topics.back().partitions[2].committedMetadata.value_or("") + "\xF0\x9F\x98\x80";
  const auto call = commit(request, 9);
  EXPECT_EQ(call->topics.front().partitions[0].errorCode, ErrorCode::OffsetMetadataTooLarge);
  EXPECT_EQ(call->topics.front().partitions[1].errorCode, ErrorCode::None);
  EXPECT_EQ(call->topics.front().partitions[2].errorCode, ErrorCode::None);
}

TEST_F(Offsets, ThatDoNotFitABatchAreRefusedAsAWhole) {
  writer_.maxBytes = 200;
  EXPECT_EQ(outcome(commit("", -1, 5, 9, std::string(300, 'x'))), ErrorCode::UnknownServerError);
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(group(), nullptr);
}

TEST_F(Offsets, ThatNobodyCommittedAreMinusOne) {
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(fetch("other"), -1);
}

TEST_F(Offsets, OfAllTopicsAreToldWhenNoneIsNamed) {
  commit("", -1, 3);
  protocol::OffsetFetchRequest::OffsetFetchRequestGroup request;
  request.groupId = "g";
  request.topics.reset();
  Call<FetchedGroup> call;
  runtime_->run([&](GroupShard& shard, Moment) { return shard.fetchOffsets(request, call.answer()); });
  ASSERT_EQ(call->topics.size(), 1U);
  EXPECT_EQ(call->topics.front().name, "t");
  EXPECT_EQ(call->topics.front().partitions.front().committedOffset, 3);
}

TEST_F(Offsets, AreDeletedUnlessAMemberSubscribes) {
  const Joined member = stableMember({.protocols = {{"range", subscriptionTo({"t"})}}});
  commit(member.id, member.generation, 5);
  EXPECT_EQ(deleteOffset("g").topics.front().partitions.front().errorCode, ErrorCode::GroupSubscribedToTopic);
  EXPECT_EQ(deleteOffset("g", "u").topics.front().partitions.front().errorCode, ErrorCode::None);
  EXPECT_EQ(fetch(), 5);
  leave(member.id);
  EXPECT_EQ(deleteOffset("g").topics.front().partitions.front().errorCode, ErrorCode::None);
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(deleteOffset("none").errorCode, ErrorCode::GroupIdNotFound);
}

TEST_F(Offsets, OfMembersWhoseSubscriptionCannotBeReadAreNotDeleted) {
  stableMember();
  EXPECT_EQ(deleteOffset("g").topics.front().partitions.front().errorCode, ErrorCode::GroupSubscribedToTopic);
}

TEST_F(Offsets, OfALiveGroupOfAnotherKindAreNotDeleted) {
  stableMember({.type = "connect"});
  EXPECT_EQ(deleteOffset("g").errorCode, ErrorCode::NonEmptyGroup);
}

TEST_F(Offsets, OfDeletedTopicsAreForgotten) {
  commit("", -1, 5);
  runtime_->run([](GroupShard& shard, Moment) { return shard.forgetTopics({"t"}); });
  EXPECT_EQ(fetch(), -1);
  restart();
  EXPECT_EQ(fetch(), -1);
}

TEST_F(Offsets, AreForgottenInAsManyBatchesAsNeedBe) {
  writer_.maxBytes = 300;
  for (int i = 0; i < 20; ++i) {
    OffsetCommitRequest request;
    request.groupId = "group " + std::to_string(i);
    request.topics.emplace_back();
    request.topics.back().name = "t";
    request.topics.back().partitions.emplace_back();
    EXPECT_EQ(outcome(commit(request, 9)), ErrorCode::None);
  }
  const std::size_t before = writer_.appends;
  runtime_->run([](GroupShard& shard, Moment) { return shard.forgetTopics({"t"}); });
  EXPECT_GT(writer_.appends, before + 1);
  EXPECT_TRUE(runtime_->shard().offsets().groups().empty());
}

// --- retention ---------------------------------------------------------------------------------------------------------

TEST_F(Offsets, ExpireWithTheirGroupAfterTheRetention) {
  config_.offsetsRetention = 1h;
  start();
  commit("", -1, 5);
  advance(59min);
  EXPECT_EQ(fetch(), 5);
  advance(10min);
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(group(), nullptr);
}

TEST_F(Offsets, OfAnEmptyGroupExpireSinceItsLastMemberLeft) {
  config_.offsetsRetention = 1h;
  start();
  const Joined member = stableMember({.session = 1'800'000});
  commit(member.id, member.generation, 5);
  for (int i = 0; i < 6; ++i) {
    advance(29min);
    EXPECT_EQ(heartbeat(member.id, member.generation), ErrorCode::None);
  }
  EXPECT_EQ(fetch(), 5);
  leave(member.id);
  advance(50min);
  EXPECT_EQ(fetch(), 5);
  advance(20min);
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(group(), nullptr);
}

TEST_F(Offsets, OfALiveGroupExpireInTopicsThatNobodySubscribesTo) {
  config_.offsetsRetention = 1h;
  start();
  const Joined member = stableMember({.session = 1'800'000, .protocols = {{"range", subscriptionTo({"u"})}}});
  commit(member.id, member.generation, 5);
  for (int i = 0; i < 3; ++i) {
    advance(29min);
    EXPECT_EQ(heartbeat(member.id, member.generation), ErrorCode::None);
  }
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(state(), GroupState::Stable);
}

TEST_F(Offsets, WithARetentionOfTheirOwnKeepIt) {
  OffsetCommitRequest request;
  request.groupId = "g";
  request.retentionTimeMs = 1'000;
  request.topics.emplace_back();
  request.topics.back().name = "t";
  request.topics.back().partitions.emplace_back();
  request.topics.back().partitions.back().committedOffset = 5;
  EXPECT_EQ(outcome(commit(request, 2)), ErrorCode::None);
  restart();
  EXPECT_EQ(fetch(), 5);
  advance(10min);
  EXPECT_EQ(fetch(), -1);
}

// --- describe, list, delete --------------------------------------------------------------------------------------------

TEST_F(Offsets, DescribeShowsMetadataOnlyOfAStableGroup) {
  EXPECT_EQ(describe("none", 6).errorCode, ErrorCode::GroupIdNotFound);
  EXPECT_EQ(describe("none", 6).errorMessage, "Group none not found.");
  EXPECT_EQ(describe("none", 5).errorCode, ErrorCode::None);
  EXPECT_EQ(describe("none", 5).groupState, "Dead");
  const auto joined = joinTwice({});
  EXPECT_EQ(describe().groupState, "CompletingRebalance");
  EXPECT_EQ(describe().protocolData, "");
  EXPECT_TRUE(describe().members.front().memberMetadata.empty());
  sync(joined->memberId, 1, {{joined->memberId, "A"}});
  const DescribedGroup stable = describe();
  EXPECT_EQ(stable.groupState, "Stable");
  EXPECT_EQ(stable.protocolType, "consumer");
  EXPECT_EQ(stable.protocolData, "range");
  ASSERT_EQ(stable.members.size(), 1U);
  EXPECT_EQ(stable.members.front().memberMetadata.text(), "m");
  EXPECT_EQ(stable.members.front().memberAssignment.text(), "A");
  EXPECT_EQ(stable.members.front().clientId, "client");
  EXPECT_EQ(stable.members.front().clientHost, "/127.0.0.1");
  const auto other = joinTwice({});
  EXPECT_EQ(describe().groupState, "PreparingRebalance");
}

TEST_F(Offsets, ListFiltersByStateAndTypeIgnoringCase) {
  stableMember();
  OffsetCommitRequest request;
  request.groupId = "h";
  request.topics.emplace_back();
  request.topics.back().partitions.emplace_back();
  commit(request, 9);
  EXPECT_EQ(list(), (std::vector<std::string>{"g:consumer:Stable:classic", "h::Empty:classic"}));
  EXPECT_EQ(list({"stable"}), std::vector<std::string>{"g:consumer:Stable:classic"});
  EXPECT_EQ(list({"EMPTY", "Dead"}), std::vector<std::string>{"h::Empty:classic"});
  EXPECT_TRUE(list({"bogus"}).empty());
  EXPECT_EQ(list({}, {"Classic"}).size(), 2U);
  EXPECT_TRUE(list({}, {"consumer"}).empty());
}

TEST_F(Offsets, DeletingAGroupTakesItsOffsetsAndStaysDoneAfterARestart) {
  const Joined member = stableMember();
  commit(member.id, member.generation, 5);
  EXPECT_EQ(deleteGroup(), ErrorCode::NonEmptyGroup);
  leave(member.id);
  EXPECT_EQ(deleteGroup(), ErrorCode::None);
  EXPECT_EQ(group(), nullptr);
  EXPECT_EQ(fetch(), -1);
  EXPECT_EQ(deleteGroup(), ErrorCode::GroupIdNotFound);
  restart();
  EXPECT_EQ(group(), nullptr);
  EXPECT_EQ(fetch(), -1);
}

}  // namespace
}  // namespace klamm::broker::coordinator
