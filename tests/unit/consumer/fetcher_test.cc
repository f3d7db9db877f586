#include "consumer/fetcher.h"

#include <gtest/gtest.h>

#include "batches.h"
#include "fetch_frame.h"

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
  static protocol::FetchResponse responseOf(std::vector<protocol::FetchResponse::PartitionData> partitions) {
    protocol::FetchResponse response;
    response.sessionId = 1;
    auto& topic = response.responses.emplace_back();
    topic.topicId = Uuid{1, 2};
    topic.partitions = std::move(partitions);
    return response;
  }
  bool answer(client::NodeId node, std::vector<protocol::FetchResponse::PartitionData> partitions) {
    return fetcher().apply(fetcher().digest(node, responseOf(std::move(partitions)), now_), subscriptions_, buffer_, now_);
  }
  /// The headers of this answer have come, and not yet the rest.
  bool begin(client::NodeId node, std::vector<protocol::FetchResponse::PartitionData> partitions) {
    FetchPreview preview(kFetchVersion);
    EXPECT_EQ(preview.look(frameOf(responseOf(std::move(partitions)))), FetchPreview::Sight::Known);
    return fetcher().begun(node, preview);
  }
  static Buffer batch(std::int64_t offset, int count = 2) { return makeBatch({.baseOffset = offset, .count = count, .valueSize = 100}); }
  /// Partition 0 is read in a session, up to offset 2; the next Fetch is under way.
  void startSession() {
    assign({{"t", 0}});
    ASSERT_EQ(plan().size(), 1U);
    answer(1, {data(0, batch(0))});
    drainOne();
    ASSERT_EQ(plan().size(), 1U);
  }
  std::vector<std::int64_t> bufferedFrom() const {
    std::vector<std::int64_t> offsets;
    for (const auto& one : buffer_) offsets.push_back(one->position());
    return offsets;
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

// ---- answers that have only begun ----------------------------------------------------------------------------------------------------

using Offsets = std::vector<std::int64_t>;

TEST_F(FetcherTest, AsksOnWhileTheRestOfAnAnswerIsOnItsWay) {
  startSession();
  EXPECT_TRUE(plan().empty());
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  const auto ahead = plan();
  ASSERT_EQ(ahead.size(), 1U);
  EXPECT_EQ(ahead[0].body.topics.at(0).partitions.at(0).fetchOffset, 4);
  EXPECT_EQ(ahead[0].body.sessionEpoch, 2) << "the broker has counted the request that it answers";
  EXPECT_TRUE(plan().empty());
  EXPECT_FALSE(begin(1, {data(0, batch(4))})) << "one answer comes at a time";
  answer(1, {data(0, batch(2))});
  EXPECT_EQ(state(0).nextFetch, 4);
  EXPECT_TRUE(plan().empty()) << "the next one is under way already";
  answer(1, {data(0, batch(4))});
  EXPECT_EQ(bufferedFrom(), (Offsets{2, 4}));
  EXPECT_EQ(plan().at(0).body.sessionEpoch, 3);
}

TEST_F(FetcherTest, WaitsForTheWholeAnswerWithoutASession) {
  assign({{"t", 0}});
  (void)plan();
  EXPECT_FALSE(begin(1, {data(0, batch(0))})) << "the broker has not given one yet";
  EXPECT_TRUE(plan().empty());
  answer(1, {data(0, batch(0))});
  (void)plan();
  EXPECT_FALSE(begin(1, {data(1, batch(0))})) << "not asked for";
  EXPECT_FALSE(begin(1, {data(0, batch(0))})) << "nothing new";
  EXPECT_FALSE(begin(2, {data(0, batch(2))})) << "no request is under way";
  EXPECT_TRUE(begin(1, {data(0, batch(2))}));
}

TEST_F(FetcherTest, HoldsARequestAheadWhileSomethingIsBuffered) {
  settings_.maxBytes = 1500;
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  const auto ahead = plan();
  ASSERT_EQ(ahead.size(), 1U);
  EXPECT_EQ(ahead[0].body.maxBytes, 500) << "beside what arrives";
  answer(1, {data(0, batch(2))});
  ASSERT_TRUE(begin(1, {data(0, batch(4))}));
  EXPECT_TRUE(plan().empty()) << "one answer is buffered, another one arrives";
  EXPECT_TRUE(fetcher().held());
  drainOne();
  EXPECT_EQ(plan().size(), 1U);
}

TEST_F(FetcherTest, ASeekDropsTheAnswerThatArrivesAndTheOneAsked) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  ASSERT_EQ(plan().size(), 1U);
  subscriptions_.seek(state(0), {4, {}, 3});  // just where the request ahead began
  answer(1, {data(0, batch(2))});
  answer(1, {data(0, batch(4))});
  EXPECT_TRUE(buffer_.empty());
  const auto again = plan();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_TRUE(again[0].body.topics.empty()) << "of the same offset in the session";
  answer(1, {data(0, batch(4))});
  EXPECT_EQ(bufferedFrom(), Offsets{4});
}

TEST_F(FetcherTest, ASeekWhileAnAnswerArrivesIsAskedForFromItsOwnOffset) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  subscriptions_.seek(state(0), {50, {}, 3});
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 50);
  answer(1, {data(0, batch(2))});
  answer(1, {data(0, batch(50))});
  EXPECT_EQ(bufferedFrom(), Offsets{50});
}

TEST_F(FetcherTest, ARevokedPartitionsAnswersAreDroppedAndTheOthersKept) {
  assign({{"t", 0}, {"t", 2}});
  (void)plan();
  answer(1, {data(0, batch(0)), data(2, batch(0))});
  drainOne();
  drainOne();
  (void)plan();
  ASSERT_TRUE(begin(1, {data(0, batch(2)), data(2, batch(2))}));
  subscriptions_.assignByGroup({{"t", 2}});
  const auto ahead = plan();
  ASSERT_EQ(ahead.size(), 1U);
  EXPECT_EQ(ahead[0].body.forgottenTopicsData.size(), 1U);
  answer(1, {data(0, batch(2)), data(2, batch(2))});
  ASSERT_EQ(bufferedFrom(), Offsets{2}) << "the session knows no partition 0 any more, the answer does";
  EXPECT_EQ(buffer_[0]->source().partition->partition, 2);
  answer(1, {data(2, batch(4))});
  EXPECT_EQ(bufferedFrom(), (Offsets{2, 4}));
}

TEST_F(FetcherTest, APausedPartitionKeepsWhatArrivesAndIsNotAskedForAhead) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  state(0).paused = true;
  EXPECT_TRUE(plan().empty());
  answer(1, {data(0, batch(2))});
  EXPECT_EQ(bufferedFrom(), Offsets{2});
  state(0).paused = false;
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 4);
}

TEST_F(FetcherTest, DamageInAnAnswerDropsWhatWasFetchedAhead) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  ASSERT_EQ(plan().size(), 1U);
  const Buffer good = batch(2);
  std::vector<std::byte> bad(good.view().begin(), good.view().end());
  bad.back() ^= std::byte{1};
  answer(1, {data(0, Buffer::adopt(bad))});
  answer(1, {data(0, batch(4))});
  ASSERT_EQ(bufferedFrom(), Offsets{2});
  EXPECT_EQ(buffer_.back()->arrivalError().code(), ErrorCode::CorruptMessage);
  EXPECT_TRUE(plan().empty()) << "until the application seeks";
}

TEST_F(FetcherTest, AnErrorOfARequestAheadIsHeardOnlyAtItsPlace) {
  settings_.partitionMaxBytes = 9000;
  startSession();
  ASSERT_TRUE(begin(1, {data(0, joined({batch(2, 9), makeBatch({.baseOffset = 11})}))}));
  ASSERT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 11) << "a small batch behind a large one is not waited for";
  answer(1, {data(0, joined({batch(2, 9), makeBatch({.baseOffset = 11})}))});
  EXPECT_EQ(state(0).nextFetch, 12);
  answer(1, {data(0, {}, ErrorCode::OffsetOutOfRange)});
  EXPECT_EQ(bufferedFrom(), Offsets{2}) << "12 may be in range";
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 12);
}

TEST_F(FetcherTest, SkipsWhatCameTwiceBecauseAPromiseWasTooLow) {
  settings_.partitionMaxBytes = 9000;
  startSession();
  const Buffer first = joined({batch(2, 9), makeBatch({.baseOffset = 11})});
  ASSERT_TRUE(begin(1, {data(0, first)}));
  ASSERT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 11);
  answer(1, {data(0, first)});
  answer(1, {data(0, joined({makeBatch({.baseOffset = 11}), batch(12)}))});
  EXPECT_EQ(bufferedFrom(), (Offsets{2, 12}));
  EXPECT_EQ(state(0).nextFetch, 14);
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 14);
}

TEST_F(FetcherTest, DamageInWhatCameTwiceIsNoDamage) {
  settings_.partitionMaxBytes = 9000;
  startSession();
  const Buffer small = makeBatch({.baseOffset = 11});
  const Buffer first = joined({batch(2, 9), small});
  ASSERT_TRUE(begin(1, {data(0, first)}));
  ASSERT_EQ(plan().size(), 1U);
  answer(1, {data(0, first)});
  std::vector<std::byte> bad(small.view().begin(), small.view().end());
  bad.back() ^= std::byte{1};
  answer(1, {data(0, joined({Buffer::adopt(bad), batch(12)}))});
  EXPECT_EQ(bufferedFrom(), Offsets{2});
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 12);
}

TEST_F(FetcherTest, AnAnswerThatCameTwiceWithAbortedTransactionsIsAskedForAgain) {
  settings_.readCommitted = true;
  settings_.partitionMaxBytes = 9000;
  startSession();
  const Buffer first = joined({batch(2, 9), makeBatch({.baseOffset = 11})});
  ASSERT_TRUE(begin(1, {data(0, first)}));
  ASSERT_EQ(plan().size(), 1U);
  answer(1, {data(0, first)});
  auto second = data(0, joined({makeBatch({.baseOffset = 11}), batch(12)}));
  second.abortedTransactions.emplace().push_back({.producerId = 9, .firstOffset = 3});
  answer(1, {second});
  EXPECT_EQ(bufferedFrom(), Offsets{2}) << "its markers may lie in front of 12";
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 12);
}

TEST_F(FetcherTest, ALeaderChangeDropsTheAnswerThatArrivesAndTheOneAsked) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  ASSERT_EQ(plan().size(), 1U);
  state(0).position.offsetEpoch = 3;
  subscriptions_.leaderChanged(state(0), 9, true);  // the position waits to be checked: the log may have been cut
  answer(1, {data(0, batch(2))});
  answer(1, {data(0, batch(4))});
  EXPECT_TRUE(buffer_.empty());
  EXPECT_TRUE(plan().empty());
  subscriptions_.validated(state(0));
  EXPECT_EQ(plan().at(0).body.topics.at(0).partitions.at(0).fetchOffset, 2);
}

TEST_F(FetcherTest, ALostConnectionLosesBothAndBeginsANewSession) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  ASSERT_EQ(plan().size(), 1U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(plan().empty());
    EXPECT_FALSE(fetcher().apply(fetcher().digest(1, klamm::fail(ErrorCode::NetworkException), now_), subscriptions_, buffer_, now_));
  }
  now_ += 100ms;
  const auto again = plan();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].body.sessionEpoch, 0);
  EXPECT_EQ(again[0].body.topics.at(0).partitions.at(0).fetchOffset, 2) << "what had begun to arrive has not come";
}

TEST_F(FetcherTest, ARequestAheadWhoseSessionIsGoneIsAskedForAnew) {
  startSession();
  ASSERT_TRUE(begin(1, {data(0, batch(2))}));
  ASSERT_EQ(plan().size(), 1U);
  answer(1, {data(0, batch(2))});
  protocol::FetchResponse refusal;
  refusal.errorCode = ErrorCode::InvalidFetchSessionEpoch;
  (void)fetcher().apply(fetcher().digest(1, refusal, now_), subscriptions_, buffer_, now_);
  const auto again = plan();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].body.sessionEpoch, 0);
  EXPECT_EQ(again[0].body.topics.at(0).partitions.at(0).fetchOffset, 4);
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
