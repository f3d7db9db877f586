#include "raft/raft_node.h"

#include <gtest/gtest.h>

namespace klamm::broker::raft {
namespace {

RaftNode alone() { return {1, QuorumState(1, {1}, {}, 0)}; }

TEST(RaftNode, CommitsWhatIsOnTheDisk) {
  RaftNode node = alone();
  ASSERT_TRUE(node.elect(0));
  ASSERT_TRUE(node.appended(1));
  ASSERT_TRUE(node.appended(5));
  EXPECT_EQ(node.highWatermark(), 0);
  EXPECT_EQ(node.durable(1, 3), 3);
  EXPECT_EQ(node.durable(1, 5), 5);
  EXPECT_EQ(node.highWatermark(), 5);
}

TEST(RaftNode, CommitsEarlierEpochsOnlyWithARecordOfItsOwn) {
  RaftNode node = alone();
  ASSERT_TRUE(node.elect(40));
  EXPECT_EQ(node.durable(1, 40), std::nullopt);
  ASSERT_TRUE(node.appended(41));
  EXPECT_EQ(node.durable(1, 40), std::nullopt);
  EXPECT_EQ(node.durable(1, 41), 41);
}

TEST(RaftNode, NeverTakesTheHighWatermarkBackOrPastTheLog) {
  RaftNode node = alone();
  ASSERT_TRUE(node.elect(0));
  ASSERT_TRUE(node.appended(4));
  EXPECT_EQ(node.durable(1, 99), 4);
  EXPECT_EQ(node.durable(1, 2), std::nullopt);
  EXPECT_EQ(node.highWatermark(), 4);
}

TEST(RaftNode, IgnoresWhoHasNoVote) {
  RaftNode node = alone();
  ASSERT_TRUE(node.elect(0));
  ASSERT_TRUE(node.appended(1));
  EXPECT_EQ(node.durable(2, 1), std::nullopt);
}

TEST(RaftNode, AppendsAsLeaderOnly) {
  RaftNode node = alone();
  EXPECT_FALSE(node.appended(1));
  ASSERT_TRUE(node.elect(0));
  EXPECT_TRUE(node.appended(1));
  ASSERT_TRUE(node.resign());
  EXPECT_FALSE(node.appended(2));
}

TEST(RaftNode, RefusesALogThatGoesBack) {
  RaftNode node = alone();
  ASSERT_TRUE(node.elect(10));
  EXPECT_FALSE(node.appended(9));
}

TEST(RaftNode, ElectsItselfOnlyWhenItIsAlone) {
  RaftNode node(1, QuorumState(1, {1, 2, 3}, {}, 0));
  EXPECT_FALSE(node.elect(0));
}

}  // namespace
}  // namespace klamm::broker::raft
