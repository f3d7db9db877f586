// LeaveGroup, key 13.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class LeaveGroup : public Groups {};

TEST_F(LeaveGroup, AnswersOneMemberAtTheTopInOldVersions) {
  protocol::LeaveGroupRequest request;
  request.groupId = group_;
  request.memberId = "stranger";
  for (std::int16_t version = 0; version <= 2; ++version) EXPECT_EQ(client_.call(request, version).errorCode, ErrorCode::UnknownMemberId);
  request.memberId = stableMember();
  EXPECT_EQ(client_.call(request, 0).errorCode, ErrorCode::None);
  EXPECT_EQ(describe(6).groupState, "Empty");
}

TEST_F(LeaveGroup, AnswersEachMemberInNewVersions) {
  const std::string member = stableMember();
  protocol::LeaveGroupRequest request;
  request.groupId = group_;
  request.members.resize(5);
  request.members[0].memberId = "stranger";
  request.members[1].groupInstanceId = "nobody";
  request.members[2].memberId = member;
  request.members[2].groupInstanceId = "nobody";
  request.members[3].memberId = member;
  request.members[4].memberId = member;
  for (std::int16_t version = 3; version <= 5; ++version) {
    const auto response = client_.call(request, version);
    EXPECT_EQ(response.errorCode, ErrorCode::None);
    ASSERT_EQ(response.members.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
      const bool leaves = i == 3 && version == 3;
      EXPECT_EQ(response.members[i].errorCode, leaves ? ErrorCode::None : ErrorCode::UnknownMemberId) << version << " " << i;
    }
  }
}

TEST_F(LeaveGroup, OfAGroupThatDoesNotExistIsTheMembersError) {
  EXPECT_EQ(leave("stranger"), ErrorCode::UnknownMemberId);
  protocol::LeaveGroupRequest nameless;
  nameless.members.emplace_back();
  const auto response = client_.call(nameless, 5);
  EXPECT_EQ(response.errorCode, ErrorCode::InvalidGroupId);
  EXPECT_TRUE(response.members.empty());
}

}  // namespace
}  // namespace klamm::conformance
