#pragma once
// What the tests of the group APIs share: a group, a topic, and members that join by hand.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "conformance/conformance.h"
#include "protocol/08_offset_commit.h"
#include "protocol/09_offset_fetch.h"
#include "protocol/10_find_coordinator.h"
#include "protocol/11_join_group.h"
#include "protocol/12_heartbeat.h"
#include "protocol/13_leave_group.h"
#include "protocol/14_sync_group.h"
#include "protocol/15_describe_groups.h"
#include "protocol/16_list_groups.h"
#include "protocol/42_delete_groups.h"
#include "protocol/47_offset_delete.h"

namespace klamm::conformance {

/// A ConsumerProtocolSubscription of version 0.
inline Buffer subscription(const std::vector<std::string>& topics) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  writer.write(std::int16_t{0});
  writer.write(static_cast<std::int32_t>(topics.size()));
  for (const std::string& topic : topics) {
    writer.write(static_cast<std::int16_t>(topic.size()));
    writer.writeBytes(asBytes(topic));
  }
  writer.write(std::int32_t{-1});
  return Buffer::adopt(std::move(bytes));
}

/// Each test has a group and a topic of its own.
class Groups : public ::testing::Test {
 protected:
  struct Joining {
    std::string memberId = {};
    std::optional<std::string> instance = {};
    std::int16_t version = 9;
    std::string type = "consumer";
    std::string protocol = "range";
    std::int32_t session = 10'000;
    std::optional<std::string> group = {};
  };

  Groups() {
    topicId_ = createTopic(client_, topic_);
    // The coordinator may still be on its way up.
    protocol::FindCoordinatorRequest find;
    find.coordinatorKeys = {group_};
    for (int i = 0; i < 200 && client_.call(find, 4).coordinators.front().errorCode != ErrorCode::None; ++i) (void)client_.isSilentFor(50);
    for (int i = 0; i < 200 && describe(6).errorCode != ErrorCode::GroupIdNotFound; ++i) (void)client_.isSilentFor(50);
  }
  ~Groups() override { deleteTopic(client_, topic_); }

  protocol::JoinGroupRequest joinRequest(const Joining& how) const {
    protocol::JoinGroupRequest request;
    request.groupId = how.group.value_or(group_);
    request.memberId = how.memberId;
    request.groupInstanceId = how.instance;
    request.sessionTimeoutMs = how.session;
    request.rebalanceTimeoutMs = 10'000;
    request.protocolType = how.type;
    if (!how.protocol.empty()) {
      request.protocols.emplace_back();
      request.protocols.back().name = how.protocol;
      request.protocols.back().metadata = subscription({topic_});
    }
    return request;
  }
  protocol::JoinGroupResponse join(const Joining& how) { return client_.call(joinRequest(how), how.version); }
  /// Joins again with the id when one is required.
  protocol::JoinGroupResponse joinFully(Joining how) {
    auto response = join(how);
    if (response.errorCode != ErrorCode::MemberIdRequired) return response;
    how.memberId = response.memberId;
    return join(how);
  }
  protocol::SyncGroupResponse sync(const std::string& member, std::int32_t generation, const std::string& assignment = "A",
                                   std::int16_t version = 5, std::optional<std::string> instance = {}) {
    protocol::SyncGroupRequest request;
    request.groupId = group_;
    request.memberId = member;
    request.generationId = generation;
    request.groupInstanceId = std::move(instance);
    if (version >= 5) {
      request.protocolType = "consumer";
      request.protocolName = "range";
    }
    request.assignments.emplace_back();
    request.assignments.back().memberId = member;
    request.assignments.back().assignment = Buffer::copyOf(assignment);
    return client_.call(request, version);
  }
  ErrorCode heartbeat(const std::string& member, std::int32_t generation, std::optional<std::string> instance = {}, std::int16_t version = 4) {
    protocol::HeartbeatRequest request;
    request.groupId = group_;
    request.memberId = member;
    request.generationId = generation;
    request.groupInstanceId = std::move(instance);
    return client_.call(request, version).errorCode;
  }
  ErrorCode leave(const std::string& member, std::optional<std::string> instance = {}) {
    protocol::LeaveGroupRequest request;
    request.groupId = group_;
    request.members.emplace_back();
    request.members.back().memberId = member;
    request.members.back().groupInstanceId = std::move(instance);
    return client_.call(request, 5).members.front().errorCode;
  }
  protocol::DescribeGroupsResponse::DescribedGroup describe(std::int16_t version, std::optional<std::string> group = {}) {
    protocol::DescribeGroupsRequest request;
    request.groups = {group.value_or(group_)};
    return client_.call(request, version).groups.front();
  }
  protocol::OffsetCommitRequest commitRequest(const std::string& member, std::int32_t generation, std::int32_t partition = 0) const {
    protocol::OffsetCommitRequest request;
    request.groupId = group_;
    request.memberId = member;
    request.generationIdOrMemberEpoch = generation;
    request.topics.emplace_back();
    request.topics.back().name = topic_;
    request.topics.back().topicId = topicId_;
    request.topics.back().partitions.emplace_back();
    request.topics.back().partitions.back().partitionIndex = partition;
    request.topics.back().partitions.back().committedOffset = 5;
    request.topics.back().partitions.back().committedMetadata = "note";
    return request;
  }
  ErrorCode commit(const protocol::OffsetCommitRequest& request, std::int16_t version) {
    return client_.call(request, version).topics.front().partitions.front().errorCode;
  }
  ErrorCode commit(const std::string& member, std::int32_t generation, std::int16_t version = 9) {
    return commit(commitRequest(member, generation), version);
  }
  /// A Stable group of one; its generation is 1.
  std::string stableMember() {
    const auto joined = joinFully({});
    EXPECT_EQ(joined.errorCode, ErrorCode::None);
    EXPECT_EQ(sync(joined.memberId, joined.generationId).errorCode, ErrorCode::None);
    return joined.memberId;
  }

  RawClient client_;
  std::string group_ = uniqueName("conformance");
  std::string topic_ = uniqueName("conformance");
  Uuid topicId_;
};

}  // namespace klamm::conformance
