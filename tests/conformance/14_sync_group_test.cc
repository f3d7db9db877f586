// SyncGroup, key 14.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class SyncGroup : public Groups {};

TEST_F(SyncGroup, HandsOutTheAssignmentInEveryVersion) {
  const auto joined = joinFully({});
  for (std::int16_t version = 0; version <= 5; ++version) {
    const auto synced = sync(joined.memberId, 1, "A", version);
    EXPECT_EQ(synced.errorCode, ErrorCode::None) << version;
    EXPECT_EQ(synced.assignment.text(), "A");
    EXPECT_EQ(synced.protocolName, version < 5 ? std::nullopt : std::optional<std::string>("range"));
  }
}

TEST_F(SyncGroup, RefusesWhatDoesNotFitTheGroup) {
  const auto joined = joinFully({});
  EXPECT_EQ(sync("stranger", 1).errorCode, ErrorCode::UnknownMemberId);
  EXPECT_EQ(sync(joined.memberId, 7).errorCode, ErrorCode::IllegalGeneration);
  protocol::SyncGroupRequest request;
  request.groupId = group_;
  request.memberId = joined.memberId;
  request.generationId = 1;
  EXPECT_EQ(client_.call(request, 5).errorCode, ErrorCode::InconsistentGroupProtocol);  // neither type nor name
  request.protocolType = "connect";
  request.protocolName = "range";
  EXPECT_EQ(client_.call(request, 5).errorCode, ErrorCode::InconsistentGroupProtocol);
  request.protocolType = "consumer";
  request.protocolName = "other";
  EXPECT_EQ(client_.call(request, 5).errorCode, ErrorCode::InconsistentGroupProtocol);
  request.protocolName = "range";
  request.groupId = uniqueName("none");
  EXPECT_EQ(client_.call(request, 5).errorCode, ErrorCode::UnknownMemberId);
  request.groupId = "";
  EXPECT_EQ(client_.call(request, 5).errorCode, ErrorCode::InvalidGroupId);
}

}  // namespace
}  // namespace klamm::conformance
