#include "consumer/fetcher.h"

#include <gtest/gtest.h>

#include "batches.h"

namespace klamm::consumer {
namespace {

using namespace std::chrono_literals;

class FetcherTest : public ::testing::Test {
 protected:
  FetcherTest() : subscriptions_(ResetPolicy{ResetPolicy::Kind::Earliest, {}}) {
    auto topic = std::make_shared<client::TopicMetadata>();
    topic->name = "t";
    topic->id = Uuid{1, 2};
    for (int i = 0; i < 4; ++i) topic->partitions.push_back({.partition = i, .leader = i % 2 + 1, .leaderEpoch = 3});
    cluster_.topics["t"] = topic;
    cluster_.nodes = {{1, {1, "one", 1, {}}}, {2, {2, "two", 2, {}}}, {3, {3, "three", 3, {}}}};
    settings_.partitionMaxBytes = 1000;
    settings_.maxBytes = 10000;
  }
  void assign(const TopicPartitions& partitions) {
    ASSERT_TRUE(subscriptions_.assignByUser(partitions));
    for (const TopicPartition& partition : partitions) subscriptions_.startAt(state(partition.partition), {0, {}, 3}, false);
  }
  PartitionState& state(std::int32_t partition) { return *subscriptions_.find({"t", partition}); }
  Fetcher& fetcher() {
    if (!fetcher_) fetcher_.emplace(settings_);
    return *fetcher_;
  }
  std::vector<Fetcher::Request> plan() { return fetcher().plan(subscriptions_, cluster_, now_); }
  static protocol::FetchResponse::PartitionData data(std::int32_t partition, Buffer records = {}, ErrorCode error = ErrorCode::None) {
    protocol::FetchResponse::PartitionData result;
    result.partitionIndex = partition;
    result.errorCode = error;
    result.highWatermark = 100;
    result.records = Parts(std::move(records));
    return result;
  }
  bool answer(client::NodeId node, std::vector<protocol::FetchResponse::PartitionData> partitions) {
    protocol::FetchResponse response;
    response.sessionId = 1;
    auto& topic = response.responses.emplace_back();
    topic.topicId = Uuid{1, 2};
    topic.partitions = std::move(partitions);
    return fetcher().apply(fetcher().digest(node, std::move(response), now_), subscriptions_, buffer_, now_);
  }
  /// What the application does when it has read the oldest part of the buffer.
  void drainOne() {
    PartitionState* owner = subscriptions_.find(*buffer_.front()->source().partition);
    owner->position.offset = buffer_.front()->nextFetch();
    owner->bufferedBytes -= buffer_.front()->sizeInBytes();
    buffer_.pop_front();
  }

  FetchSettings settings_;
  SubscriptionState subscriptions_;
  client::ClusterSnapshot cluster_;
  std::optional<Fetcher> fetcher_;
  FetchBuffer buffer_;
  TimePoint now_ = TimePoint(1h);
};

TEST_F(FetcherTest, AsksEachLeaderForItsPartitionsOnce) {
  settings_.rack = "r";
  settings_.readCommitted = true;
  assign({{"t", 0}, {"t", 1}, {"t", 2}});
  const auto requests = plan();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].node, 1);
  EXPECT_TRUE(requests[0].topicIds);
  ASSERT_EQ(requests[0].body.topics.at(0).partitions.size(), 2U);
  EXPECT_EQ(requests[0].body.topics[0].partitions[1].partition, 2);
  EXPECT_EQ(requests[0].body.topics[0].partitions[0].currentLeaderEpoch, 3);
  EXPECT_EQ(requests[0].body.topics[0].partitions[0].partitionMaxBytes, 1000);
  EXPECT_EQ(requests[0].body.isolationLevel, 1);
  EXPECT_EQ(requests[0].body.rackId, "r");
  EXPECT_EQ(requests[0].body.minBytes, 1);
  EXPECT_EQ(requests[0].body.maxWaitMs, 500);
  EXPECT_EQ(requests[1].node, 2);
  EXPECT_TRUE(plan().empty()) << "both are under way";
}

TEST_F(FetcherTest, FetchesOnWhileTheRecordsAreStillBufferedAndHoldsBeyondThePartitionsLimit) {
  assign({{"t", 0}});
  ASSERT_EQ(plan().size(), 1U);
  answer(1, {data(0, makeBatch({.baseOffset = 0, .count = 1, .valueSize = 700}))});
  const auto second = plan();
  ASSERT_EQ(second.size(), 1U) << "the answer's records are still buffered";
  EXPECT_EQ(second[0].body.topics.at(0).partitions.at(0).fetchOffset, 1);
  answer(1, {data(0, makeBatch({.baseOffset = 1, .count = 1, .valueSize = 700}))});
  EXPECT_TRUE(plan().empty());
  EXPECT_TRUE(fetcher().held());
  drainOne();
  EXPECT_EQ(plan().size(), 1U);
  EXPECT_FALSE(fetcher().held());
}

TEST_F(FetcherTest, KeepsAllPartitionsWithinOneBudget) {
  settings_.partitionMaxBytes = 6000;
  settings_.maxBytes = 8000;
  assign({{"t", 0}, {"t", 1}});
  auto requests = plan();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].body.maxBytes, 8000);
  EXPECT_EQ(requests[1].body.maxBytes, 2000);
  answer(1, {data(0, makeBatch({.baseOffset = 0, .count = 1, .valueSize = 5900}))});
  requests = plan();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_LT(requests[0].body.maxBytes, 200);
  answer(2, {data(1, makeBatch({.baseOffset = 0, .count = 1, .valueSize = 2500}))});
  EXPECT_TRUE(plan().empty()) << "more is buffered than the budget allows";
  EXPECT_TRUE(fetcher().held());
}

TEST_F(FetcherTest, APausedPartitionIsNotAskedForAndHoldsNobodyBack) {
  assign({{"t", 0}, {"t", 2}});
  ASSERT_EQ(plan().size(), 1U);
  answer(1, {data(0, makeBatch({.baseOffset = 0, .count = 1, .valueSize = 1500})), data(2)});
  EXPECT_TRUE(plan().empty());
  state(0).paused = true;
  const auto requests = plan();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].body.forgottenTopicsData.size(), 1U);
  EXPECT_EQ(buffer_.size(), 1U) << "what was fetched is kept";
}

TEST_F(FetcherTest, ThrowsAwayWhatCameForAnOldPosition) {
  assign({{"t", 0}});
  (void)plan();
  subscriptions_.seek(state(0), {50, {}, 3});
  answer(1, {data(0, makeBatch({.baseOffset = 0, .count = 5}))});
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 50);
}

TEST_F(FetcherTest, AsksForMetadataWhenTheLeaderHasMoved) {
  for (const ErrorCode code : {ErrorCode::NotLeaderOrFollower, ErrorCode::FencedLeaderEpoch, ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownTopicId,
                               ErrorCode::InconsistentTopicId, ErrorCode::KafkaStorageError, ErrorCode::ReplicaNotAvailable}) {
    subscriptions_.unsubscribe();
    fetcher_.reset();
    assign({{"t", 0}});
    (void)plan();
    EXPECT_TRUE(answer(1, {data(0, {}, code)})) << errorName(code);
    EXPECT_TRUE(plan().empty()) << "not before the back-off";
    EXPECT_EQ(fetcher().retryAt(), now_ + 100ms);
    now_ += 100ms;
    EXPECT_EQ(plan().size(), 1U);
    now_ += 1s;
  }
}

TEST_F(FetcherTest, LeavesAnOffsetOutOfRangeToTheApplicationBehindWhatIsBuffered) {
  assign({{"t", 0}});
  (void)plan();
  answer(1, {data(0, makeBatch({.baseOffset = 0, .count = 2}))});
  (void)plan();
  answer(1, {data(0, {}, ErrorCode::OffsetOutOfRange)});
  ASSERT_EQ(buffer_.size(), 2U);
  EXPECT_EQ(buffer_.back()->arrivalError().code(), ErrorCode::OffsetOutOfRange);
  now_ += 1s;
  EXPECT_TRUE(plan().empty()) << "blocked until the position has jumped";
  subscriptions_.requestReset(state(0), {ResetPolicy::Kind::Earliest, {}});
  subscriptions_.startAt(state(0), {10, {}, 3}, false);
  EXPECT_EQ(plan().size(), 1U);
}

TEST_F(FetcherTest, StopsAtADamagedBatch) {
  assign({{"t", 0}});
  (void)plan();
  const Buffer good = makeBatch({.baseOffset = 0, .count = 2});
  std::vector<std::byte> bad(good.view().begin(), good.view().end());
  bad.back() ^= std::byte{1};
  answer(1, {data(0, Buffer::adopt(bad))});
  ASSERT_EQ(buffer_.size(), 1U);
  EXPECT_EQ(buffer_.front()->arrivalError().code(), ErrorCode::CorruptMessage);
  EXPECT_TRUE(plan().empty());
}

TEST_F(FetcherTest, ReadsFromThePreferredReplicaAndComesBackWhenItFails) {
  assign({{"t", 0}});
  (void)plan();
  auto preferred = data(0);
  preferred.preferredReadReplica = 3;
  answer(1, {preferred});
  ASSERT_EQ(plan().at(0).node, 3);
  answer(3, {data(0, {}, ErrorCode::OffsetOutOfRange)});
  EXPECT_TRUE(buffer_.empty()) << "the follower may lag";
  EXPECT_EQ(plan().at(0).node, 1);
}

TEST_F(FetcherTest, BacksOffFromABrokerThatDoesNotAnswer) {
  assign({{"t", 0}});
  (void)plan();
  EXPECT_FALSE(fetcher().apply(fetcher().digest(1, klamm::fail(ErrorCode::NetworkException), now_), subscriptions_, buffer_, now_));
  EXPECT_TRUE(plan().empty());
  now_ += 100ms;
  const auto again = plan();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].body.sessionEpoch, 0);
}

TEST_F(FetcherTest, DoesNotAskInACircleWhenABrokerSendsOnlyOldBatches) {
  assign({{"t", 0}});
  subscriptions_.seek(state(0), {10, {}, 3});
  (void)plan();
  answer(1, {data(0, makeBatch({.baseOffset = 0, .count = 2}))});
  EXPECT_TRUE(plan().empty());
  now_ += 100ms;
  EXPECT_EQ(plan().size(), 1U);
}

TEST_F(FetcherTest, SaysThatALeaderIsMissing) {
  assign({{"t", 0}});
  cluster_.topics.clear();
  EXPECT_TRUE(plan().empty());
  EXPECT_TRUE(fetcher().leaderMissing());
}

TEST_F(FetcherTest, PassesOnNewerLeadersThatAnAnswerNames) {
  assign({{"t", 0}});
  (void)plan();
  protocol::FetchResponse response;
  response.sessionId = 1;
  auto& topic = response.responses.emplace_back();
  topic.topicId = Uuid{1, 2};
  auto moved = data(0, {}, ErrorCode::NotLeaderOrFollower);
  moved.currentLeader.leaderId = 2;
  moved.currentLeader.leaderEpoch = 9;
  topic.partitions.push_back(moved);
  auto& endpoint = response.nodeEndpoints.emplace_back();
  endpoint.nodeId = 2;
  endpoint.host = "two";
  const Fetcher::Answer answer = fetcher().digest(1, std::move(response), now_);
  ASSERT_EQ(answer.hints.size(), 1U);
  EXPECT_EQ(answer.hints[0].topic, "t");
  EXPECT_EQ(answer.hints[0].leaderEpoch, 9);
  EXPECT_EQ(answer.nodes.at(0).host, "two");
}

TEST_F(FetcherTest, ClosesItsSessionsAtTheEnd) {
  assign({{"t", 0}});
  (void)plan();
  answer(1, {data(0)});
  const auto requests = fetcher().closeSessions();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].body.sessionId, 1);
  EXPECT_EQ(requests[0].body.sessionEpoch, -1);
}

}  // namespace
}  // namespace klamm::consumer
