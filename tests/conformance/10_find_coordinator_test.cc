// FindCoordinator, key 10.

#include "conformance/groups.h"

namespace klamm::conformance {
namespace {

class FindCoordinator : public Groups {};

TEST_F(FindCoordinator, TellsTheNodeInEveryVersion) {
  for (std::int16_t version = 0; version <= 6; ++version) {
    protocol::FindCoordinatorRequest request;
    if (version < 4) request.key = group_;
    else request.coordinatorKeys = {group_, "another"};
    const auto response = client_.call(request, version);
    if (version < 4) {
      EXPECT_EQ(response.errorCode, ErrorCode::None);
      EXPECT_GT(response.port, 0);
    } else {
      ASSERT_EQ(response.coordinators.size(), 2U);
      EXPECT_EQ(response.coordinators[1].key, "another");
      EXPECT_EQ(response.coordinators[1].errorCode, ErrorCode::None);
      EXPECT_GT(response.coordinators[1].port, 0);
    }
  }
}

TEST_F(FindCoordinator, RefusesUnknownKindsOfKeys) {
  protocol::FindCoordinatorRequest request;
  request.key = "x";
  request.keyType = 7;
  const auto response = client_.call(request, 3);
  EXPECT_EQ(response.errorCode, ErrorCode::InvalidRequest);
  EXPECT_EQ(response.nodeId, -1);
  EXPECT_EQ(response.port, -1);
}

TEST_F(FindCoordinator, FindsTransactionsOnApacheKafkaAndRefusesThemAtOnceUntilTheyCome) {
  protocol::FindCoordinatorRequest request;
  request.keyType = 1;
  request.coordinatorKeys = {"transactional"};
  const ErrorCode said = client_.call(request, 4).coordinators.front().errorCode;
  if (isForeign()) {
    EXPECT_TRUE(said == ErrorCode::None || said == ErrorCode::CoordinatorNotAvailable) << "the topic is made at the first request";
  } else {
    EXPECT_EQ(said, ErrorCode::UnsupportedVersion);
  }
}

}  // namespace
}  // namespace klamm::conformance
