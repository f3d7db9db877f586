#include "log/partition_log.h"

#include <gmock/gmock.h>

#include "unit/log/log_fixture.h"

namespace klamm::broker::log {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using klamm::test::MemoryDisk;
using testing::ElementsAre;

/// Base offset of the first batch in these bytes.
std::int64_t firstOffset(const std::vector<std::byte>& bytes) {
  const auto header = record::BatchHeader::parse(bytes);
  EXPECT_TRUE(header);
  return header ? header->baseOffset : -1;
}

TEST(PartitionLog, GivesBatchesTheNextOffsetsAndTheLeadersEpoch) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer first = batchOf({.records = 3});
  const std::vector<std::byte> asSent(first.data(), first.data() + first.size());
  const AppendResult one = log.append(first, 7);
  const AppendResult two = log.append(batchOf({.records = 2}), 7);
  EXPECT_FALSE(one.error);
  EXPECT_EQ(one.baseOffset, 0);
  EXPECT_EQ(one.lastOffset, 2);
  EXPECT_EQ(two.baseOffset, 3);
  EXPECT_EQ(log->logEndOffset(), 5);
  EXPECT_THAT(log.records(), testing::SizeIs(5));

  const auto stored = record::BatchHeader::parse(log.read(3, 1));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->baseOffset, 3);
  EXPECT_EQ(stored->partitionLeaderEpoch, 7);
  EXPECT_TRUE(std::equal(asSent.begin(), asSent.end(), first.data())) << "the produced bytes must not be changed";
}

TEST(PartitionLog, StoresTheRecordsAsTheBytesThatCame) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer batch = batchOf({.records = 40, .compression = {record::CompressionType::Lz4, {}}});
  ASSERT_FALSE(log.append(batch).error);
  const auto stored = log.read(0, 1 << 20);
  ASSERT_EQ(stored.size(), batch.size());
  constexpr std::size_t kFirstCoveredByCrc = 16;
  EXPECT_TRUE(std::equal(stored.begin() + kFirstCoveredByCrc, stored.end(), batch.data() + kFirstCoveredByCrc));
}

TEST(PartitionLog, ReadsFromTheBatchThatHoldsTheOffset) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
  EXPECT_EQ(firstOffset(log.read(0, 1)), 0);
  EXPECT_EQ(firstOffset(log.read(4, 1)), 0);
  EXPECT_EQ(firstOffset(log.read(5, 1)), 5);
  EXPECT_EQ(firstOffset(log.read(49, 1)), 45);
  EXPECT_TRUE(log.read(50, 1 << 20).empty());
  EXPECT_EQ(log->read(51, 1, 50, true).error().code(), ErrorCode::OffsetOutOfRange);
  EXPECT_EQ(log->read(-1, 1, 50, true).error().code(), ErrorCode::OffsetOutOfRange);
}

TEST(PartitionLog, AnswersTheFirstBatchWholeHoweverSmallTheLimit) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer batch = batchOf({.records = 100});
  ASSERT_FALSE(log.append(batch).error);
  ASSERT_FALSE(log.append(batch).error);
  EXPECT_EQ(log.read(0, 10, true).size(), batch.size());
  EXPECT_EQ(log.read(0, 10, false).size(), 10U);
  EXPECT_EQ(log.read(0, batch.size() + 10, true).size(), batch.size() + 10);
  EXPECT_TRUE(log.read(0, 0, false).empty());
}

TEST(PartitionLog, ReadsOnlyBelowTheLimitThatIsGiven) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer batch = batchOf({.records = 10});
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(log.append(batch).error);
  const auto upTo = [&](std::int64_t offset) { return log->read(0, 1 << 20, offset, true)->records.size(); };
  EXPECT_EQ(upTo(30), 3 * batch.size());
  EXPECT_EQ(upTo(20), 2 * batch.size());
  EXPECT_EQ(upTo(10), batch.size());
  EXPECT_EQ(upTo(5), 0U) << "a batch that is not committed as a whole is not shown";
  EXPECT_EQ(upTo(0), 0U);
}

TEST(PartitionLog, RollsBySizeAndReadsAcrossSegments) {
  MemoryDisk disk;
  const Buffer batch = batchOf({.records = 10, .valueBytes = 100});
  LogConfig config;
  config.segmentBytes = static_cast<std::int32_t>(batch.size() * 3);
  const LogUnderTest log(disk, config);
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(log.append(batch).error);
  EXPECT_EQ(log->segmentCount(), 4U);
  EXPECT_TRUE(disk.has(inFolder("00000000000000000030.log")));
  EXPECT_TRUE(disk.has(inFolder("00000000000000000090.log")));
  EXPECT_EQ(log.records().size(), 100U);
  EXPECT_EQ(firstOffset(log.read(29, 1)), 20);
  EXPECT_EQ(firstOffset(log.read(30, 1)), 30);
  EXPECT_EQ(log.read(25, 1 << 20).size(), batch.size()) << "a read ends with its segment";
}

TEST(PartitionLog, RollsByTheTimestampsOfItsRecords) {
  MemoryDisk disk;
  LogConfig config;
  config.segmentMs = 1000;
  config.messageTimestampAfterMaxMs = INT64_MAX;
  const LogUnderTest log(disk, config);
  ASSERT_FALSE(log.append(batchOf({.timestamp = kNow})).error);
  ASSERT_FALSE(log.append(batchOf({.timestamp = kNow + 1000})).error);
  EXPECT_EQ(log->segmentCount(), 1U);
  ASSERT_FALSE(log.append(batchOf({.timestamp = kNow + 1001})).error);
  EXPECT_EQ(log->segmentCount(), 2U);
}

TEST(PartitionLog, RollsWhenTheIndexIsFull) {
  MemoryDisk disk;
  LogConfig config;
  config.indexIntervalBytes = 0;
  config.segmentIndexBytes = 5 * 8;
  const LogUnderTest log(disk, config);
  for (int i = 0; i < 30; ++i) ASSERT_FALSE(log.append(batchOf({})).error);
  EXPECT_GT(log->segmentCount(), 3U);
  EXPECT_EQ(log.records().size(), 30U);
}

TEST(PartitionLog, RefusesAnAppendThatNoSegmentCanHold) {
  MemoryDisk disk;
  LogConfig config;
  config.segmentBytes = 100;
  const LogUnderTest log(disk, config);
  EXPECT_EQ(log.append(batchOf({.records = 10})).error.code(), ErrorCode::RecordListTooLarge);
  EXPECT_EQ(log->logEndOffset(), 0);
}

TEST(PartitionLog, StampsTheAppendTimeWhenTheTopicAsksForIt) {
  MemoryDisk disk;
  LogConfig config;
  config.messageTimestampType = record::TimestampType::LogAppendTime;
  const LogUnderTest log(disk, config);
  const AppendResult result = log.append(batchOf({.records = 3, .timestamp = 5}));
  ASSERT_FALSE(result.error) << result.error.message();
  EXPECT_EQ(result.logAppendTime, kNow);
  EXPECT_THAT(log.records(), ElementsAre("0:1700000000000:20", "1:1700000000000:20", "2:1700000000000:20"));
}

TEST(PartitionLog, CorrectsAMaxTimestampThatIsNotThatOfTheRecords) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer batch = batchOf({.records = 3});
  std::vector<std::byte> lying(batch.data(), batch.data() + batch.size());
  storeBigEndian<std::int64_t>(lying.data() + 35, kNow + 500'000);
  record::updateCrc(lying);
  ASSERT_FALSE(log.append(Buffer::adopt(lying)).error);
  const auto header = record::BatchHeader::parse(log.read(0, 1));
  EXPECT_EQ(header->maxTimestamp, kNow + 2);
  EXPECT_EQ(log.records().size(), 3U) << "the CRC was computed anew";
}

TEST(PartitionLog, RecordsBefore1970CountAsHavingNoTimestamp) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(batchOf({.records = 2, .timestamp = -500})).error);
  EXPECT_EQ(record::BatchHeader::parse(log.read(0, 1))->maxTimestamp, -1);
  EXPECT_THAT(log.records(), ElementsAre("0:-500:20", "1:-499:20"));
}

TEST(PartitionLog, FindsTheFirstRecordAtOrBehindATimestamp) {
  MemoryDisk disk;
  const Buffer one = batchOf({.records = 10});
  LogConfig config;
  config.segmentBytes = static_cast<std::int32_t>(one.size() * 4);
  config.indexIntervalBytes = static_cast<std::int32_t>(one.size());
  const LogUnderTest log(disk, config);
  for (int i = 0; i < 20; ++i) ASSERT_FALSE(log.append(batchOf({.records = 10, .timestamp = kNow + 100 * i})).error);
  const auto at = [&](std::int64_t timestamp) {
    const auto found = log->offsetForTimestamp(timestamp);
    EXPECT_TRUE(found);
    return *found ? (*found)->offset : -1;
  };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(kNow), 0);
  EXPECT_EQ(at(kNow + 5), 5);
  EXPECT_EQ(at(kNow + 10), 10) << "between two batches the next one begins";
  EXPECT_EQ(at(kNow + 1900), 190);
  EXPECT_EQ(at(kNow + 1909), 199);
  EXPECT_EQ(at(kNow + 1910), -1);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(at(kNow + 100 * (i / 10) + i % 10), i);
}

TEST(PartitionLog, FindsTheRecordWithTheLargestTimestamp) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  EXPECT_FALSE(*log->maxTimestampOffset());
  ASSERT_FALSE(log.append(batchOf({.records = 3, .timestamp = kNow})).error);
  ASSERT_FALSE(log.append(batchOf({.records = 3, .timestamp = kNow + 1000})).error);
  ASSERT_FALSE(log.append(batchOf({.records = 3, .timestamp = kNow})).error);
  const auto found = log->maxTimestampOffset();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->offset, 5);
  EXPECT_EQ((*found)->timestamp, kNow + 1002);
}

TEST(PartitionLog, TruncatesWholeBatches) {
  MemoryDisk disk;
  const Buffer batch = batchOf({.records = 10});
  LogConfig config;
  config.segmentBytes = static_cast<std::int32_t>(batch.size() * 3);
  const LogUnderTest log(disk, config);
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(log.append(batch, i / 4).error);
  ASSERT_TRUE(log->truncateTo(45));
  EXPECT_EQ(log->logEndOffset(), 40);
  EXPECT_EQ(log.records().size(), 40U);
  EXPECT_EQ(log->leaderEpochs().latest()->epoch, 0) << "epoch 1 began at 40";
  ASSERT_FALSE(log.append(batch, 3).error);
  EXPECT_EQ(log->logEndOffset(), 50);
  ASSERT_TRUE(log->truncateTo(0));
  EXPECT_EQ(log->logEndOffset(), 0);
  EXPECT_TRUE(log.records().empty());
}

TEST(PartitionLog, DeletesWholeSegmentsBelowItsStartAndHidesTheRest) {
  MemoryDisk disk;
  const Buffer batch = batchOf({.records = 10});
  LogConfig config;
  config.segmentBytes = static_cast<std::int32_t>(batch.size() * 3);
  const LogUnderTest log(disk, config);
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(log.append(batch).error);
  EXPECT_EQ(log->advanceLogStartOffset(35).error().code(), ErrorCode::OffsetOutOfRange) << "above the high watermark";
  (void)log->setHighWatermark(100);
  ASSERT_TRUE(log->advanceLogStartOffset(35));
  EXPECT_EQ(log->logStartOffset(), 35);
  EXPECT_EQ(log->segmentCount(), 3U);
  EXPECT_EQ(log->read(34, 100, 100, true).error().code(), ErrorCode::OffsetOutOfRange);
  EXPECT_EQ(firstOffset(log.read(35, 1)), 30);
  EXPECT_EQ((*log->offsetForTimestamp(0))->offset, 35);
  const auto deleted = log->takeDeletedFiles();
  EXPECT_THAT(deleted, testing::Contains(inFolder("00000000000000000000.log.deleted")));
}

TEST(PartitionLog, AFullDiskRefusesTheAppendAndLeavesTheLogAsItWas) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer batch = batchOf({.records = 10});
  ASSERT_FALSE(log.append(batch).error);
  for (std::size_t space = 0; space < batch.size(); space += 7) {
    disk.setSpace(space);
    EXPECT_EQ(log.append(batch).error.code(), ErrorCode::KafkaStorageError);
    EXPECT_EQ(log->logEndOffset(), 10);
  }
  disk.setSpace(std::nullopt);
  EXPECT_EQ(log.append(batch).baseOffset, 10);
  EXPECT_EQ(log.records().size(), 20U);
}

TEST(PartitionLog, GoesOfflineWhenAFailedWriteCannotBeUndone) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  const Buffer batch = batchOf({.records = 10});
  ASSERT_FALSE(log.append(batch).error);
  disk.setSpace(30);
  disk.failTruncates(true);
  EXPECT_EQ(log.append(batch).error.code(), ErrorCode::KafkaStorageError);
  disk.setSpace(std::nullopt);
  disk.failTruncates(false);
  EXPECT_EQ(log.append(batch).error.code(), ErrorCode::KafkaStorageError) << "behind half a batch nothing may be appended";
  EXPECT_FALSE(log->close());
  MemoryDisk after(disk);
  const LogUnderTest again(after);
  EXPECT_EQ(again->logEndOffset(), 10) << "the next start cuts the half batch";
}

TEST(PartitionLog, KeepsItsHighWatermarkWithinTheLog) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(batchOf({.records = 10})).error);
  EXPECT_EQ(log->setHighWatermark(100), 10);
  EXPECT_EQ(log->setHighWatermark(-5), 0);
  EXPECT_EQ(log->lastStableOffset(), 0);
}

TEST(PartitionLog, ABatchFromALeaderKeepsItsOffsetsAndEpoch) {
  MemoryDisk disk;
  const LogUnderTest leader(disk);
  MemoryDisk other;
  const LogUnderTest follower(other);
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(leader.append(batchOf({.records = 3}), i).error);
  const auto fetched = leader.read(0, 1 << 20);
  ASSERT_FALSE(follower->appendAsFollower(Buffer::adopt(fetched), kNow).error);
  EXPECT_EQ(follower.records(), leader.records());
  EXPECT_EQ(follower->leaderEpochs().entries(), leader->leaderEpochs().entries());
  EXPECT_EQ(follower->appendAsFollower(Buffer::adopt(fetched), kNow).error.code(), ErrorCode::CorruptMessage) << "offsets go forward only";
}

TEST(PartitionLog, AFlushMakesEverythingDurableAndMovesTheRecoveryPoint) {
  MemoryDisk disk;
  const Buffer batch = batchOf({.records = 10});
  LogConfig config;
  config.segmentBytes = static_cast<std::int32_t>(batch.size() * 2);
  const LogUnderTest log(disk, config);
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(log.append(batch).error);
  const auto rolled = log->prepareFlush(FlushScope::RolledSegments);
  ASSERT_TRUE(rolled);
  EXPECT_EQ(rolled->files.size(), 2U);
  EXPECT_EQ(rolled->upTo, 40);
  ASSERT_TRUE(rolled->run());
  log->flushed(*rolled);
  EXPECT_EQ(log->recoveryPoint(), 40);
  EXPECT_FALSE(log->prepareFlush(FlushScope::RolledSegments));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(log->recoveryPoint(), 50);
  EXPECT_FALSE(log->prepareFlush());
}

}  // namespace
}  // namespace klamm::broker::log
