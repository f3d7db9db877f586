// ListGroups, key 16.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class ListGroups : public Groups {
 protected:
  /// The group as it is listed; nothing when it is not.
  std::optional<protocol::ListGroupsResponse::ListedGroup> listed(std::int16_t version, std::vector<std::string> states = {},
                                                                  std::vector<std::string> types = {}) {
    protocol::ListGroupsRequest request;
    request.statesFilter = std::move(states);
    request.typesFilter = std::move(types);
    for (const auto& group : client_.call(request, version).groups)
      if (group.groupId == group_) return group;
    return std::nullopt;
  }
};

TEST_F(ListGroups, ShowsAGroupInEveryVersion) {
  EXPECT_FALSE(listed(5));
  stableMember();
  for (std::int16_t version = 0; version <= 5; ++version) {
    const auto group = listed(version);
    ASSERT_TRUE(group) << version;
    EXPECT_EQ(group->protocolType, "consumer");
    EXPECT_EQ(group->groupState, version < 4 ? "" : "Stable");
    EXPECT_EQ(group->groupType, version < 5 ? "" : "classic");
  }
}

TEST_F(ListGroups, FiltersByStateAndTypeIgnoringCase) {
  stableMember();
  EXPECT_TRUE(listed(5, {"stable"}));
  EXPECT_TRUE(listed(5, {"Empty", "STABLE"}));
  EXPECT_FALSE(listed(5, {"Empty"}));
  EXPECT_FALSE(listed(5, {"bogus"}));
  EXPECT_TRUE(listed(5, {}, {"Classic"}));
  EXPECT_FALSE(listed(5, {}, {"consumer"}));
  EXPECT_FALSE(listed(5, {}, {"bogus"}));
}

}  // namespace
}  // namespace klamm::conformance
