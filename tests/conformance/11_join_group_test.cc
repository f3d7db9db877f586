// JoinGroup, key 11.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class JoinGroup : public Groups {};

TEST_F(JoinGroup, AsksForAnIdFromVersion4On) {
  for (std::int16_t version = 0; version <= 9; ++version) {
    const std::string group = uniqueName("join");
    const auto first = join({.version = version, .group = group});
    EXPECT_EQ(first.errorCode, version < 4 ? ErrorCode::None : ErrorCode::MemberIdRequired) << version;
    EXPECT_EQ(first.memberId.rfind("conformance-", 0), 0U);
    EXPECT_EQ(first.generationId, version < 4 ? 1 : -1);
    if (version < 4) continue;
    const auto second = join({.memberId = first.memberId, .version = version, .group = group});
    EXPECT_EQ(second.errorCode, ErrorCode::None);
    EXPECT_EQ(second.leader, first.memberId);
    EXPECT_EQ(second.members.size(), 1U);
    EXPECT_EQ(second.protocolName, "range");
    EXPECT_EQ(second.protocolType, version < 7 ? std::nullopt : std::optional<std::string>("consumer"));
  }
}

TEST_F(JoinGroup, RefusesWhatCannotJoin) {
  EXPECT_EQ(join({.group = ""}).errorCode, ErrorCode::InvalidGroupId);
  EXPECT_EQ(join({.session = 1}).errorCode, ErrorCode::InvalidSessionTimeout);
  EXPECT_EQ(join({.session = 1'000'000'000}).errorCode, ErrorCode::InvalidSessionTimeout);
  EXPECT_EQ(join({.memberId = "stranger"}).errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(join({.protocol = ""}).errorCode, ErrorCode::InconsistentGroupProtocol);
  EXPECT_EQ(join({.type = ""}).errorCode, ErrorCode::InconsistentGroupProtocol);
  const auto refused = join({.memberId = "stranger"});
  EXPECT_EQ(refused.memberId, "stranger");
  EXPECT_EQ(refused.generationId, -1);
  EXPECT_FALSE(refused.protocolName);
}

TEST_F(JoinGroup, RefusesOtherProtocolsThanTheMembers) {
  stableMember();
  EXPECT_EQ(join({.version = 3, .protocol = "other"}).errorCode, ErrorCode::InconsistentGroupProtocol);
  EXPECT_EQ(join({.version = 3, .type = "connect"}).errorCode, ErrorCode::InconsistentGroupProtocol);
  EXPECT_EQ(join({.version = 3, .protocol = "other"}).protocolName, "");
}

TEST_F(JoinGroup, HoldsTheSecondMemberBackUntilTheFirstHasJoinedAgain) {
  const std::string first = stableMember();
  RawClient other;
  other.send(joinRequest({.version = 3}), 3);
  EXPECT_TRUE(other.isSilentFor(200));
  EXPECT_EQ(heartbeat(first, 1), ErrorCode::RebalanceInProgress);
  EXPECT_EQ(sync(first, 1).errorCode, ErrorCode::RebalanceInProgress);
  EXPECT_EQ(commit(first, 1), ErrorCode::None);
  EXPECT_EQ(describe(6).groupState, "PreparingRebalance");
  const auto again = join({.memberId = first, .version = 3});
  const auto second = other.receive<protocol::JoinGroupRequest>(3);
  EXPECT_EQ(again.generationId, 2);
  EXPECT_EQ(second.generationId, 2);
  EXPECT_EQ(second.leader, again.leader);
  EXPECT_EQ(again.members.size() + second.members.size(), 2U);
}

TEST_F(JoinGroup, AStaticMemberComesBackUnderAnotherId) {
  const auto before = join({.instance = "i"});
  ASSERT_EQ(before.errorCode, ErrorCode::None);
  EXPECT_EQ(before.memberId.rfind("i-", 0), 0U);
  EXPECT_EQ(sync(before.memberId, 1, "A", 5, "i").errorCode, ErrorCode::None);

  const auto skips = join({.instance = "i"});
  EXPECT_EQ(skips.generationId, 1);
  EXPECT_TRUE(skips.skipAssignment);
  EXPECT_EQ(skips.leader, skips.memberId);
  EXPECT_EQ(skips.members.size(), 1U);
  EXPECT_EQ(heartbeat(before.memberId, 1, "i"), ErrorCode::FencedInstanceId);
  EXPECT_EQ(heartbeat(before.memberId, 1), ErrorCode::UnknownMemberId);
  EXPECT_EQ(join({.memberId = before.memberId, .instance = "i"}).errorCode, ErrorCode::FencedInstanceId);
  EXPECT_EQ(join({.memberId = before.memberId, .instance = "other"}).errorCode, ErrorCode::UnknownMemberId);

  const auto cannotSkip = join({.instance = "i", .version = 8});
  EXPECT_EQ(cannotSkip.leader, skips.memberId);
  EXPECT_TRUE(cannotSkip.members.empty());
  EXPECT_EQ(sync(cannotSkip.memberId, 1, "ignored", 5, "i").assignment.text(), "A");
  EXPECT_EQ(leave("", "i"), ErrorCode::None);
}

}  // namespace
}  // namespace klamm::conformance
