// Heartbeat, key 12.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class Heartbeat : public Groups {};

TEST_F(Heartbeat, IsTakenInEveryVersionFromAMember) {
  const std::string member = stableMember();
  for (std::int16_t version = 0; version <= 4; ++version) EXPECT_EQ(heartbeat(member, 1, {}, version), ErrorCode::None) << version;
}

TEST_F(Heartbeat, IsRefusedFromStrangersAndOtherGenerations) {
  EXPECT_EQ(heartbeat("stranger", 1), ErrorCode::UnknownMemberId);
  const auto pending = join({});
  EXPECT_EQ(heartbeat(pending.memberId, -1), ErrorCode::UnknownMemberId);
  const auto joined = join({.memberId = pending.memberId});
  EXPECT_EQ(heartbeat(joined.memberId, 1), ErrorCode::None);
  EXPECT_EQ(heartbeat(joined.memberId, 7), ErrorCode::IllegalGeneration);
  protocol::HeartbeatRequest nameless;
  EXPECT_EQ(client_.call(nameless, 4).errorCode, ErrorCode::InvalidGroupId);
}

}  // namespace
}  // namespace klamm::conformance
