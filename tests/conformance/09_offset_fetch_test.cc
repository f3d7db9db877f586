// OffsetFetch, key 9.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class OffsetFetch : public Groups {
 protected:
  protocol::OffsetFetchRequest request(std::int16_t version, bool all) const {
    protocol::OffsetFetchRequest request;
    if (version < 8) {
      request.groupId = group_;
      request.topics.emplace();
      if (all) return request.topics.reset(), request;
      request.topics->emplace_back();
      request.topics->back().name = topic_;
      request.topics->back().partitionIndexes = {0, 1};
      return request;
    }
    request.groups.emplace_back();
    request.groups.back().groupId = group_;
    request.groups.back().topics.emplace();
    if (all) return request.groups.back().topics.reset(), request;
    request.groups.back().topics->emplace_back();
    request.groups.back().topics->back().name = topic_;
    request.groups.back().topics->back().topicId = topicId_;
    request.groups.back().topics->back().partitionIndexes = {0, 1};
    return request;
  }
};

TEST_F(OffsetFetch, TellsCommittedOffsetsInEveryVersion) {
  EXPECT_EQ(commit("", -1), ErrorCode::None);
  for (std::int16_t version = 1; version <= 10; ++version) {
    const auto response = client_.call(request(version, false), version);
    const auto check = [&](const auto& topic) {
      ASSERT_EQ(topic.partitions.size(), 2U) << version;
      EXPECT_EQ(topic.partitions[0].committedOffset, 5);
      EXPECT_EQ(topic.partitions[0].metadata, "note");
      EXPECT_EQ(topic.partitions[1].committedOffset, -1);
      EXPECT_EQ(topic.partitions[1].metadata, "");
      EXPECT_EQ(topic.partitions[1].errorCode, ErrorCode::None);
    };
    if (version < 8) check(response.topics.front());
    else check(response.groups.front().topics.front());
  }
}

TEST_F(OffsetFetch, TellsAllTopicsWhenNoneIsNamed) {
  EXPECT_EQ(commit("", -1), ErrorCode::None);
  for (std::int16_t version = 2; version <= 10; ++version) {
    const auto response = client_.call(request(version, true), version);
    EXPECT_EQ(version < 8 ? response.topics.size() : response.groups.front().topics.size(), 1U) << version;
  }
}

TEST_F(OffsetFetch, AGroupThatDoesNotExistIsNoError) {
  const auto response = client_.call(request(9, false), 9);
  EXPECT_EQ(response.groups.front().errorCode, ErrorCode::None);
  EXPECT_EQ(response.groups.front().topics.front().partitions.front().committedOffset, -1);
  EXPECT_TRUE(client_.call(request(9, true), 9).groups.front().topics.empty());
}

TEST_F(OffsetFetch, AnswersSeveralGroupsInTheirOrder) {
  EXPECT_EQ(commit("", -1), ErrorCode::None);
  auto several = request(9, true);
  several.groups.push_back(several.groups.front());
  several.groups.back().groupId = uniqueName("none");
  several.groups.push_back(several.groups.front());
  const auto response = client_.call(several, 9);
  ASSERT_EQ(response.groups.size(), 3U);
  EXPECT_EQ(response.groups[0].topics.size(), 1U);
  EXPECT_EQ(response.groups[1].topics.size(), 0U);
  EXPECT_EQ(response.groups[2].topics.size(), 1U);
}

TEST_F(OffsetFetch, AnswersAnUnknownTopicId) {
  auto unknown = request(10, false);
  unknown.groups.back().topics->back().topicId = {.high = 1, .low = 2};
  const auto response = client_.call(unknown, 10);
  EXPECT_EQ(response.groups.front().errorCode, ErrorCode::None);
  EXPECT_EQ(response.groups.front().topics.front().partitions.front().errorCode, ErrorCode::UnknownTopicId);
  EXPECT_EQ(response.groups.front().topics.front().partitions.front().committedOffset, -1);
}

}  // namespace
}  // namespace klamm::conformance
