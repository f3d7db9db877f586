// OffsetCommit, key 8.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class OffsetCommit : public Groups {};

TEST_F(OffsetCommit, IsTakenInEveryVersionFromAMemberAndFromOutsideAnEmptyGroup) {
  for (std::int16_t version = 2; version <= 10; ++version) EXPECT_EQ(commit("", -1, version), ErrorCode::None) << version;
  const std::string member = stableMember();
  for (std::int16_t version = 2; version <= 10; ++version) EXPECT_EQ(commit(member, 1, version), ErrorCode::None) << version;
}

TEST_F(OffsetCommit, IsRefusedFromStrangersAndOtherGenerations) {
  const std::string member = stableMember();
  EXPECT_EQ(commit(member, 9), ErrorCode::IllegalGeneration);
  EXPECT_EQ(commit("stranger", 1), ErrorCode::UnknownMemberId);
  EXPECT_EQ(commit("", -1), ErrorCode::UnknownMemberId);
  auto request = commitRequest(member, 1);
  request.groupInstanceId = "nobody";
  EXPECT_EQ(commit(request, 9), ErrorCode::UnknownMemberId);
}

TEST_F(OffsetCommit, IsRefusedBetweenJoinAndSync) {
  const auto joined = joinFully({});
  EXPECT_EQ(commit(joined.memberId, joined.generationId), ErrorCode::RebalanceInProgress);
}

TEST_F(OffsetCommit, OfAMemberThatLeftIsRefused) {
  const std::string member = stableMember();
  EXPECT_EQ(leave(member), ErrorCode::None);
  EXPECT_EQ(commit(member, 1), ErrorCode::UnknownMemberId);
  EXPECT_EQ(commit(member, -1), ErrorCode::None);
}

TEST_F(OffsetCommit, OfAGroupThatDoesNotExistIsRefusedByVersion) {
  EXPECT_EQ(commit("member", 1, 8), ErrorCode::IllegalGeneration);
  EXPECT_EQ(commit("member", 1, 9), ErrorCode::GroupIdNotFound);
}

TEST_F(OffsetCommit, AnswersUnknownTopicsAndPartitionsOneByOne) {
  auto request = commitRequest("", -1);
  request.topics.back().partitions.resize(3, request.topics.back().partitions.front());
  request.topics.back().partitions[1].partitionIndex = 9;
  request.topics.back().partitions[2].partitionIndex = -1;
  request.topics.push_back(request.topics.front());
  request.topics.back().name = "no-such-topic";
  const auto response = client_.call(request, 9);
  ASSERT_EQ(response.topics.size(), 2U);
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      const bool exists = topic.name == topic_ && partition.partitionIndex == 0;
      EXPECT_EQ(partition.errorCode, exists ? ErrorCode::None : ErrorCode::UnknownTopicOrPartition);
    }
  }
}

TEST_F(OffsetCommit, AnswersAnUnknownTopicId) {
  auto request = commitRequest("", -1);
  request.topics.back().topicId = {.high = 1, .low = 2};
  EXPECT_EQ(commit(request, 10), ErrorCode::UnknownTopicId);
  request.topics.back().topicId = {};
  EXPECT_EQ(commit(request, 10), ErrorCode::UnknownTopicId);
}

TEST_F(OffsetCommit, RefusesMetadataOfMoreThan4096Units) {
  auto request = commitRequest("", -1);
  request.topics.back().partitions.back().committedMetadata = std::string(4096, 'x');
  EXPECT_EQ(commit(request, 9), ErrorCode::None);
  request.topics.back().partitions.back().committedMetadata = std::string(4097, 'x');
  EXPECT_EQ(commit(request, 9), ErrorCode::OffsetMetadataTooLarge);
}

}  // namespace
}  // namespace klamm::conformance
