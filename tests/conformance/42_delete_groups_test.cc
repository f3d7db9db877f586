// DeleteGroups, key 42.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class DeleteGroups : public Groups {
 protected:
  ErrorCode deleteGroup(const std::string& group, std::int16_t version = 2) {
    protocol::DeleteGroupsRequest request;
    request.groupsNames = {group, group};
    const auto response = client_.call(request, version);
    EXPECT_EQ(response.results.size(), 1U) << "a group that is named twice is answered once";
    return response.results.front().errorCode;
  }
};

TEST_F(DeleteGroups, DeletesAGroupWithoutMembersAndItsOffsets) {
  for (std::int16_t version = 0; version <= 2; ++version) {
    EXPECT_EQ(deleteGroup(group_, version), ErrorCode::GroupIdNotFound) << version;
    EXPECT_EQ(commit("", -1), ErrorCode::None);
    EXPECT_EQ(deleteGroup(group_, version), ErrorCode::None);
    EXPECT_EQ(describe(6).errorCode, ErrorCode::GroupIdNotFound);
  }
}

TEST_F(DeleteGroups, KeepsAGroupWithMembers) {
  const std::string member = stableMember();
  EXPECT_EQ(deleteGroup(group_), ErrorCode::NonEmptyGroup);
  EXPECT_EQ(leave(member), ErrorCode::None);
  EXPECT_EQ(deleteGroup(group_), ErrorCode::None);
}

}  // namespace
}  // namespace klamm::conformance
