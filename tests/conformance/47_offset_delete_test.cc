// OffsetDelete, key 47.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class OffsetDelete : public Groups {
 protected:
  protocol::OffsetDeleteResponse deleteOffset(const std::string& group, const std::string& topic, std::int32_t partition = 0) {
    protocol::OffsetDeleteRequest request;
    request.groupId = group;
    request.topics.emplace_back();
    request.topics.back().name = topic;
    request.topics.back().partitions.emplace_back();
    request.topics.back().partitions.back().partitionIndex = partition;
    return client_.call(request, 0);
  }
  static ErrorCode outcome(const protocol::OffsetDeleteResponse& response) {
    return response.topics.front().partitions.front().errorCode;
  }
};

TEST_F(OffsetDelete, RefusesTopicsThatAMemberSubscribesTo) {
  const std::string member = stableMember();
  EXPECT_EQ(commit(member, 1), ErrorCode::None);
  EXPECT_EQ(outcome(deleteOffset(group_, topic_)), ErrorCode::GroupSubscribedToTopic);
  EXPECT_EQ(outcome(deleteOffset(group_, "__consumer_offsets")), ErrorCode::None);
  EXPECT_EQ(leave(member), ErrorCode::None);
  EXPECT_EQ(outcome(deleteOffset(group_, topic_)), ErrorCode::None);
}

TEST_F(OffsetDelete, RefusesGroupsAndTopicsThatDoNotExist) {
  EXPECT_EQ(deleteOffset(group_, topic_).errorCode, ErrorCode::GroupIdNotFound);
  EXPECT_EQ(deleteOffset("", topic_).errorCode, ErrorCode::InvalidGroupId);
  EXPECT_EQ(commit("", -1), ErrorCode::None);
  EXPECT_EQ(outcome(deleteOffset(group_, "no-such-topic")), ErrorCode::UnknownTopicOrPartition);
  EXPECT_EQ(outcome(deleteOffset(group_, topic_, 9)), ErrorCode::UnknownTopicOrPartition);
}

TEST_F(OffsetDelete, RefusesGroupsOfAnotherKindThatHaveMembers) {
  EXPECT_EQ(join({.version = 3, .type = "connect"}).errorCode, ErrorCode::None);
  EXPECT_EQ(deleteOffset(group_, topic_).errorCode, ErrorCode::NonEmptyGroup);
}

}  // namespace
}  // namespace klamm::conformance
