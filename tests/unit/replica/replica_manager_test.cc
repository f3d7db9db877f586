#include "replica/replica_manager.h"

#include <gmock/gmock.h>

#include "support/inline_disk_worker.h"
#include "support/virtual_loop.h"
#include "unit/log/log_fixture.h"

namespace klamm::broker {
namespace {

using klamm::test::InlineDiskWorker;
using klamm::test::MemoryDisk;
using klamm::test::VirtualLoop;
using log::test::batchOf;
using log::test::idempotent;
using log::test::kTopicId;
using testing::ElementsAre;

const TopicPartition kOrders{"orders", 0};

/// Notes the high watermarks. Threading: one thread.
struct Watcher final : PartitionListener {
  void onHighWatermarkUpdated(const TopicPartition&, std::int64_t offset) override { seen.push_back(offset); }
  void onResigned(const TopicPartition&) override { resigned = true; }
  std::vector<std::int64_t> seen;
  bool resigned = false;
};

class ReplicaManagerTest : public testing::Test {
 protected:
  ReplicaManagerTest() {
    logs_ = *log::LogManager::open({.disk = &disk_, .directories = {"/data"}, .clock = &loop_.clock(), .random = random_.get()});
    manager_ = std::make_unique<ReplicaManager>(ReplicaManager::Options{.brokerId = 1}, *logs_, worker_, loop_, *random_);
  }
  void lead(std::vector<std::int32_t> replicas = {1}, std::vector<std::int32_t> isr = {1}, std::int32_t epoch = 0, std::int32_t partitionEpoch = 0,
            std::int32_t leader = 1, const log::LogConfig& config = {}) {
    const Status applied = manager_->apply({.partition = kOrders, .topicId = kTopicId, .leader = leader, .leaderEpoch = epoch,
                                            .partitionEpoch = partitionEpoch, .replicas = std::move(replicas), .isr = std::move(isr)}, config);
    ASSERT_TRUE(applied) << applied.error().message();
  }
  /// Appends; the outcome comes into `appended_`.
  void append(const Buffer& batch, std::int16_t acks = -1, int timeoutMs = 1000) {
    manager_->append(kOrders, batch, {.requiredAcks = acks, .timeout = Millis(timeoutMs)},
                     [this](log::AppendResult result) { appended_.push_back(std::move(result)); });
  }
  void fetch(const FetchParams& params, std::int64_t offset, std::int32_t maxBytes = 1 << 20) {
    manager_->fetch(params, {{.partition = kOrders, .fetchOffset = offset, .maxBytes = maxBytes}},
                    [this](std::vector<FetchedPartition> found) { fetched_.push_back(std::move(found)); });
  }
  MemoryDisk disk_;
  VirtualLoop loop_;
  InlineDiskWorker worker_;
  std::unique_ptr<Random> random_ = seededRandom(3);
  std::unique_ptr<log::LogManager> logs_;
  std::unique_ptr<ReplicaManager> manager_;
  std::vector<log::AppendResult> appended_;
  std::vector<std::vector<FetchedPartition>> fetched_;
};

TEST_F(ReplicaManagerTest, WithAnIsrOfOneAnAppendIsCommittedAtOnce) {
  lead();
  append(batchOf({.records = 3}));
  ASSERT_EQ(appended_.size(), 1U);
  EXPECT_FALSE(appended_[0].error) << appended_[0].error.message();
  EXPECT_EQ(appended_[0].baseOffset, 0);
  EXPECT_EQ(manager_->find(kOrders)->highWatermark(), 3);
}

TEST_F(ReplicaManagerTest, AcksAllWaitsUntilTheFollowersInSyncHaveFetched) {
  lead({1, 2, 3}, {1, 2});
  append(batchOf({.records = 3}));
  EXPECT_TRUE(appended_.empty());
  append(batchOf({.records = 1}), 1);
  ASSERT_EQ(appended_.size(), 1U) << "acks=1 does not wait";
  EXPECT_EQ(manager_->find(kOrders)->highWatermark(), 0);
  fetch({.replicaId = 2, .maxWait = Millis(0)}, 0);
  EXPECT_EQ(appended_.size(), 1U);
  fetch({.replicaId = 2, .maxWait = Millis(0)}, 3);
  ASSERT_EQ(appended_.size(), 2U);
  EXPECT_EQ(appended_[1].lastOffset, 2);
  EXPECT_EQ(manager_->find(kOrders)->highWatermark(), 3);
  fetch({.replicaId = 3, .maxWait = Millis(0)}, 4);
  EXPECT_EQ(manager_->find(kOrders)->highWatermark(), 3) << "follower 3 is not in sync";
}

TEST_F(ReplicaManagerTest, AcksAllTimesOutWhenAFollowerIsSilent) {
  lead({1, 2}, {1, 2});
  append(batchOf({}), -1, 1000);
  loop_.advance(Millis(999));
  EXPECT_TRUE(appended_.empty());
  loop_.advance(Millis(1));
  ASSERT_EQ(appended_.size(), 1U);
  EXPECT_EQ(appended_[0].error.code(), ErrorCode::RequestTimedOut);
}

TEST_F(ReplicaManagerTest, AShrunkIsrCommitsWhatWaited) {
  lead({1, 2}, {1, 2});
  append(batchOf({.records = 2}));
  EXPECT_TRUE(appended_.empty());
  lead({1, 2}, {1}, 0, 1);
  ASSERT_EQ(appended_.size(), 1U);
  EXPECT_FALSE(appended_[0].error);
}

TEST_F(ReplicaManagerTest, RefusesAcksAllBelowMinInSyncReplicas) {
  log::LogConfig config;
  config.minInSyncReplicas = 2;
  lead({1, 2}, {1}, 0, 0, 1, config);
  append(batchOf({}), -1);
  append(batchOf({}), 1);
  ASSERT_EQ(appended_.size(), 2U);
  EXPECT_EQ(appended_[0].error.code(), ErrorCode::NotEnoughReplicas);
  EXPECT_FALSE(appended_[1].error);
}

TEST_F(ReplicaManagerTest, RefusesOtherAcksUnknownPartitionsAndWhatItDoesNotLead) {
  append(batchOf({}));
  lead();
  append(batchOf({}), 5);
  lead({1, 2}, {1, 2}, 1, 1, 2);
  append(batchOf({}));
  ASSERT_EQ(appended_.size(), 3U);
  EXPECT_EQ(appended_[0].error.code(), ErrorCode::UnknownTopicOrPartition);
  EXPECT_EQ(appended_[1].error.code(), ErrorCode::InvalidRequiredAcks);
  EXPECT_EQ(appended_[2].error.code(), ErrorCode::NotLeaderOrFollower);
}

TEST_F(ReplicaManagerTest, LosingLeadershipAnswersWhatWaits) {
  lead({1, 2}, {1, 2});
  const auto watcher = std::make_shared<Watcher>();
  manager_->find(kOrders)->addListener(watcher);
  append(batchOf({}));
  fetch({.maxWait = Millis(1000)}, 0);
  lead({1, 2}, {1, 2}, 1, 1, 2);
  ASSERT_EQ(appended_.size(), 1U);
  EXPECT_EQ(appended_[0].error.code(), ErrorCode::NotLeaderOrFollower);
  ASSERT_EQ(fetched_.size(), 1U);
  EXPECT_EQ(fetched_[0][0].error, ErrorCode::NotLeaderOrFollower);
  EXPECT_TRUE(watcher->resigned);
}

TEST_F(ReplicaManagerTest, ALongPollIsWokenByAnAppend) {
  lead();
  fetch({.maxWait = Millis(500)}, 0);
  EXPECT_TRUE(fetched_.empty());
  const Buffer batch = batchOf({.records = 2});
  append(batch);
  ASSERT_EQ(fetched_.size(), 1U);
  EXPECT_EQ(fetched_[0][0].records.size(), batch.size());
  EXPECT_EQ(fetched_[0][0].highWatermark, 2);
  loop_.advance(Millis(1000));
  EXPECT_EQ(fetched_.size(), 1U);
}

TEST_F(ReplicaManagerTest, ALongPollEndsEmptyWhenItsTimeIsUp) {
  lead();
  fetch({.maxWait = Millis(500)}, 0);
  fetch({.maxWait = Millis(100)}, 0);
  loop_.advance(Millis(100));
  ASSERT_EQ(fetched_.size(), 1U);
  loop_.advance(Millis(400));
  ASSERT_EQ(fetched_.size(), 2U);
  EXPECT_TRUE(fetched_[1][0].records.empty());
  EXPECT_EQ(fetched_[1][0].error, ErrorCode::None);
}

TEST_F(ReplicaManagerTest, WaitsForMinBytes) {
  lead();
  const Buffer batch = batchOf({.records = 2});
  fetch({.maxWait = Millis(500), .minBytes = static_cast<std::int32_t>(3 * batch.size())}, 0);
  append(batch);
  append(batch);
  EXPECT_TRUE(fetched_.empty());
  append(batch);
  ASSERT_EQ(fetched_.size(), 1U);
  EXPECT_EQ(fetched_[0][0].records.size(), 3 * batch.size());
}

TEST_F(ReplicaManagerTest, ConsumersSeeOnlyWhatIsCommitted) {
  lead({1, 2}, {1, 2});
  append(batchOf({.records = 2}), 1);
  fetch({.maxWait = Millis(100)}, 0);
  EXPECT_TRUE(fetched_.empty()) << "stored, not committed";
  fetch({.replicaId = 2, .maxWait = Millis(0)}, 2);
  ASSERT_EQ(fetched_.size(), 2U) << "the follower's fetch moved the high watermark";
}

TEST_F(ReplicaManagerTest, TheByteLimitsHoldButForTheFirstBatch) {
  lead();
  const Buffer batch = batchOf({.records = 10});
  for (int i = 0; i < 3; ++i) append(batch);
  const auto size = static_cast<std::int32_t>(batch.size());
  fetch({.maxWait = Millis(0), .maxBytes = 1}, 0);
  fetch({.maxWait = Millis(0)}, 0, 1);
  fetch({.maxWait = Millis(0), .maxBytes = 2 * size}, 0);
  fetch({.maxWait = Millis(0)}, 0, size + 5);
  ASSERT_EQ(fetched_.size(), 4U);
  EXPECT_EQ(fetched_[0][0].records.size(), batch.size());
  EXPECT_EQ(fetched_[1][0].records.size(), batch.size());
  EXPECT_EQ(fetched_[2][0].records.size(), 2 * batch.size());
  EXPECT_EQ(fetched_[3][0].records.size(), batch.size() + 5);
}

TEST_F(ReplicaManagerTest, AnErrorInOnePartitionAnswersAtOnce) {
  lead();
  fetch({.maxWait = Millis(500)}, 99);
  ASSERT_EQ(fetched_.size(), 1U);
  EXPECT_EQ(fetched_[0][0].error, ErrorCode::OffsetOutOfRange);
  EXPECT_EQ(fetched_[0][0].highWatermark, -1);
}

TEST_F(ReplicaManagerTest, AStrangerMayNotFetchAsAFollower) {
  lead({1, 2}, {1, 2});
  append(batchOf({}), 1);
  fetch({.replicaId = 7, .maxWait = Millis(0)}, 1);
  ASSERT_EQ(fetched_.size(), 1U);
  EXPECT_EQ(fetched_[0][0].error, ErrorCode::NotLeaderOrFollower);
  EXPECT_EQ(manager_->find(kOrders)->highWatermark(), 0);
}

TEST_F(ReplicaManagerTest, ChecksTheLeaderEpochThatAClientKnows) {
  lead({1}, {1}, 5);
  EXPECT_EQ(manager_->find(kOrders)->checkLeader(4), ErrorCode::FencedLeaderEpoch);
  EXPECT_EQ(manager_->find(kOrders)->checkLeader(6), ErrorCode::UnknownLeaderEpoch);
  EXPECT_EQ(manager_->find(kOrders)->checkLeader(5), ErrorCode::None);
  EXPECT_EQ(manager_->listOffset(kOrders, -1, IsolationLevel::ReadUncommitted, 4).error().code(), ErrorCode::FencedLeaderEpoch);
}

TEST_F(ReplicaManagerTest, TellsAFetcherWhereItsHistoryDiverges) {
  lead({1}, {1}, 0);
  append(batchOf({.records = 10}));
  lead({1}, {1}, 2, 1);
  append(batchOf({.records = 5}));
  const auto fetchWithEpoch = [&](std::int64_t offset, std::int32_t epoch) {
    manager_->fetch({.maxWait = Millis(0)}, {{.partition = kOrders, .fetchOffset = offset, .maxBytes = 1000, .lastFetchedEpoch = epoch}},
                    [this](std::vector<FetchedPartition> found) { fetched_.push_back(std::move(found)); });
    return fetched_.back()[0];
  };
  const FetchedPartition diverged = fetchWithEpoch(12, 0);
  ASSERT_TRUE(diverged.divergingEpoch);
  EXPECT_EQ(diverged.divergingEpoch->epoch, 0);
  EXPECT_EQ(diverged.divergingEpoch->endOffset, 10);
  EXPECT_TRUE(diverged.records.empty());
  EXPECT_FALSE(fetchWithEpoch(12, 2).divergingEpoch);
  EXPECT_EQ(fetchWithEpoch(12, 9).error, ErrorCode::OffsetOutOfRange);
}

TEST_F(ReplicaManagerTest, ListsOffsetsByTimestampAndByTheSpecialNumbers) {
  lead({1}, {1}, 4);
  append(batchOf({.records = 3, .timestamp = log::test::kNow}));
  append(batchOf({.records = 3, .timestamp = log::test::kNow + 100}));
  const auto list = [&](std::int64_t timestamp) { return *manager_->listOffset(kOrders, timestamp, IsolationLevel::ReadUncommitted, {}); };
  EXPECT_EQ(list(-1).offset, 6);
  EXPECT_EQ(list(-1).leaderEpoch, 4);
  EXPECT_EQ(list(-2).offset, 0);
  EXPECT_EQ(list(-2).leaderEpoch, 4);
  EXPECT_EQ(list(-3).offset, 5);
  EXPECT_EQ(list(-3).timestamp, log::test::kNow + 102);
  EXPECT_EQ(list(-4).offset, 0);
  EXPECT_EQ(list(-5).offset, -1);
  EXPECT_EQ(list(log::test::kNow + 3).offset, 3);
  EXPECT_EQ(list(log::test::kNow + 103).offset, -1);
  EXPECT_EQ(manager_->epochEndOffset(kOrders, {}, 4)->endOffset, 6);
  EXPECT_EQ(manager_->epochEndOffset(kOrders, {}, 9)->endOffset, -1);
}

TEST_F(ReplicaManagerTest, ListenersHearOfEveryCommit) {
  lead();
  const auto watcher = std::make_shared<Watcher>();
  manager_->find(kOrders)->addListener(watcher);
  append(batchOf({.records = 2}));
  append(batchOf({.records = 3}));
  EXPECT_THAT(watcher->seen, ElementsAre(2, 5));
}

TEST_F(ReplicaManagerTest, ADeletedPartitionAnswersItsWaitersAndForgetsItsRecords) {
  lead({1, 2}, {1, 2});
  append(batchOf({}));
  fetch({.maxWait = Millis(500)}, 0);
  ASSERT_TRUE(manager_->remove(kOrders));
  ASSERT_EQ(appended_.size(), 1U);
  ASSERT_EQ(fetched_.size(), 1U);
  EXPECT_EQ(fetched_[0][0].error, ErrorCode::UnknownTopicOrPartition);
  EXPECT_EQ(manager_->find(kTopicId, 0), nullptr);
  lead();
  EXPECT_EQ(manager_->find(kOrders)->logEndOffset(), 0);
}

TEST_F(ReplicaManagerTest, ATopicMadeAnewBehindItsBackBeginsEmpty) {
  lead();
  append(batchOf({}));
  const Uuid other{9, 9};
  ASSERT_TRUE(manager_->apply({.partition = kOrders, .topicId = other, .leader = 1, .replicas = {1}, .isr = {1}}, {}));
  EXPECT_EQ(manager_->find(other, 0)->logEndOffset(), 0);
  EXPECT_EQ(manager_->find(kTopicId, 0), nullptr);
}

TEST_F(ReplicaManagerTest, ARestartKeepsRecordsEpochsAndDuplicates) {
  lead({1}, {1}, 0);
  append(idempotent(5, 0, 0, 4));
  manager_->close();
  ASSERT_TRUE(logs_->close());
  manager_.reset();
  logs_ = *log::LogManager::open({.disk = &disk_, .directories = {"/data"}, .clock = &loop_.clock(), .random = random_.get()});
  manager_ = std::make_unique<ReplicaManager>(ReplicaManager::Options{.brokerId = 1}, *logs_, worker_, loop_, *random_);
  lead({1}, {1}, 2, 1);
  append(idempotent(5, 0, 0, 4));
  ASSERT_EQ(appended_.size(), 2U);
  EXPECT_TRUE(appended_[1].duplicate);
  EXPECT_EQ(appended_[1].baseOffset, 0);
  append(idempotent(5, 0, 4, 1));
  EXPECT_EQ(disk_.text("/data/orders-0/leader-epoch-checkpoint"), "0\n2\n0 0\n2 4\n");
}

TEST_F(ReplicaManagerTest, AnEpochIsWrittenWithItsFirstRecord) {
  const std::string checkpoint = "/data/orders-0/leader-epoch-checkpoint";
  lead({1}, {1}, 3);
  EXPECT_FALSE(disk_.has(checkpoint)) << "to lead costs no write";
  const auto end = manager_->epochEndOffset(kOrders, 3, 3);
  ASSERT_TRUE(end) << "who asks about the epoch learns of it nevertheless";
  EXPECT_EQ(end->leaderEpoch, 3);
  EXPECT_EQ(end->endOffset, 0);
  append(batchOf({.records = 2}));
  EXPECT_EQ(disk_.text(checkpoint), "0\n1\n3 0\n");
}

TEST_F(ReplicaManagerTest, DeletesRecordsUpToTheHighWatermark) {
  lead();
  append(batchOf({.records = 10}));
  EXPECT_EQ(*manager_->deleteRecords(kOrders, 4), 4);
  EXPECT_EQ(manager_->deleteRecords(kOrders, 11).error().code(), ErrorCode::OffsetOutOfRange);
  EXPECT_EQ(*manager_->deleteRecords(kOrders, -1), 10);
  EXPECT_EQ(manager_->find(kOrders)->logStartOffset(), 10);
}

TEST_F(ReplicaManagerTest, AFlushIsAnsweredWhenTheBytesAreOnTheDisk) {
  lead();
  append(batchOf({.records = 2}));
  worker_.hold = true;
  std::vector<bool> done;
  manager_->flush(kOrders, [&](Status outcome) { done.push_back(outcome.has_value()); });
  EXPECT_TRUE(done.empty());
  worker_.release();
  EXPECT_THAT(done, ElementsAre(true));
  EXPECT_EQ(manager_->find(kOrders)->log().recoveryPoint(), 2);
}

TEST_F(ReplicaManagerTest, RemovesFoldersThatTheMetadataDoNotKnow) {
  lead();
  manager_->removeStrays([](const TopicPartition& partition) { return partition.topic == "payments"; });
  EXPECT_EQ(manager_->find(kOrders), nullptr);
  EXPECT_FALSE(disk_.exists("/data/orders-0"));
}

}  // namespace
}  // namespace klamm::broker
