// DescribeGroups, key 15.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class DescribeGroups : public Groups {};

TEST_F(DescribeGroups, AMissingGroupIsDeadAndFromVersion6OnAnError) {
  for (std::int16_t version = 0; version <= 6; ++version) {
    const auto missing = describe(version);
    EXPECT_EQ(missing.groupState, "Dead");
    EXPECT_EQ(missing.errorCode, version < 6 ? ErrorCode::None : ErrorCode::GroupIdNotFound) << version;
  }
  EXPECT_EQ(describe(6).errorMessage, "Group " + group_ + " not found.");
}

TEST_F(DescribeGroups, ShowsEachState) {
  EXPECT_EQ(commit("", -1), ErrorCode::None);
  EXPECT_EQ(describe(6).groupState, "Empty");
  EXPECT_EQ(describe(6).protocolType, "");
  const auto joined = joinFully({});
  const auto completing = describe(6);
  EXPECT_EQ(completing.groupState, "CompletingRebalance");
  EXPECT_EQ(completing.protocolData, "");
  EXPECT_TRUE(completing.members.front().memberMetadata.empty());
  EXPECT_EQ(sync(joined.memberId, 1).errorCode, ErrorCode::None);
  const auto stable = describe(6);
  EXPECT_EQ(stable.groupState, "Stable");
  EXPECT_EQ(stable.protocolType, "consumer");
  EXPECT_EQ(stable.protocolData, "range");
  EXPECT_EQ(stable.members.front().memberId, joined.memberId);
  EXPECT_EQ(stable.members.front().clientId, "conformance");
  EXPECT_EQ(stable.members.front().clientHost, "/127.0.0.1");
  EXPECT_EQ(stable.members.front().memberMetadata, subscription({topic_}));
  EXPECT_EQ(stable.members.front().memberAssignment.text(), "A");
  EXPECT_EQ(leave(joined.memberId), ErrorCode::None);
  EXPECT_EQ(describe(6).groupState, "Empty");
  EXPECT_EQ(describe(6).protocolType, "consumer");
}

TEST_F(DescribeGroups, TellsWhatMayBeDoneWhenAsked) {
  protocol::DescribeGroupsRequest request;
  request.groups = {group_, group_};
  request.includeAuthorizedOperations = true;
  const auto old = client_.call(request, 5);
  ASSERT_EQ(old.groups.size(), 2U);
  EXPECT_EQ(old.groups.front().authorizedOperations, 3400);
  EXPECT_EQ(client_.call(request, 6).groups.front().authorizedOperations, INT32_MIN);
}

}  // namespace
}  // namespace klamm::conformance
