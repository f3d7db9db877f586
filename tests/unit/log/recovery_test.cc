// Restarts: after a clean stop, after a kill at any point, with any file damaged.

#include <gmock/gmock.h>

#include "base/random.h"
#include "unit/log/log_fixture.h"

namespace klamm::broker::log {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using klamm::test::MemoryDisk;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kLog0 = "00000000000000000000.log";
constexpr const char* kIndex0 = "00000000000000000000.index";
constexpr const char* kTimeIndex0 = "00000000000000000000.timeindex";

LogConfig smallSegments() {
  LogConfig config;
  config.segmentBytes = 2000;
  config.indexIntervalBytes = 300;
  return config;
}

/// 20 batches of five records in several segments, three epochs, one idempotent producer.
void fill(const LogUnderTest& log) {
  for (int i = 0; i < 20; ++i) {
    const Buffer batch = batchOf({.records = 5, .timestamp = kNow + 10 * i, .producerId = 77, .epoch = 0, .sequence = 5 * i});
    ASSERT_FALSE(log.append(batch, i / 7).error);
  }
}

std::vector<std::string> describe(const LogUnderTest& log) {
  std::vector<std::string> all = log.records();
  for (const EpochEntry& entry : log->leaderEpochs().entries()) all.push_back("epoch " + std::to_string(entry.epoch) + " from " + std::to_string(entry.startOffset));
  all.push_back("end " + std::to_string(log->logEndOffset()));
  return all;
}

TEST(Restart, AfterACleanStopFindsTheSameLog) {
  MemoryDisk disk;
  std::vector<std::string> before;
  {
    const LogUnderTest log(disk, smallSegments());
    fill(log);
    before = describe(log);
    ASSERT_TRUE(log->close());
  }
  const auto files = disk.contents();
  const LogUnderTest again(disk, smallSegments(), true);
  EXPECT_EQ(describe(again), before);
  EXPECT_EQ(again->recoveryPoint(), 100);
  EXPECT_EQ(disk.contents(), files) << "opening a clean log changes nothing";
}

TEST(Restart, AfterAKillFindsTheSameLogAndTheSameIndexes) {
  MemoryDisk disk;
  const LogUnderTest log(disk, smallSegments());
  fill(log);
  MemoryDisk killed(disk);
  const LogUnderTest again(killed, smallSegments());
  EXPECT_EQ(describe(again), describe(log));
  ASSERT_TRUE(again->close());
  ASSERT_TRUE(log->close());
  auto expected = disk.contents();
  EXPECT_EQ(killed.contents(), expected);
}

TEST(Restart, AFileOfACleanStopHasIndexesOfExactlyTheirEntries) {
  MemoryDisk disk;
  const LogUnderTest log(disk, smallSegments());
  fill(log);
  ASSERT_TRUE(log->close());
  std::size_t entries = 0;
  for (const std::string& path : disk.paths()) {
    if (path.ends_with(".index")) {
      EXPECT_EQ(disk.bytes(path).size() % 8, 0U);
      entries += disk.bytes(path).size() / 8;
    }
    if (path.ends_with(".timeindex")) {
      EXPECT_EQ(disk.bytes(path).size() % 12, 0U);
      EXPECT_FALSE(disk.bytes(path).empty()) << "every segment with records names its largest timestamp";
    }
  }
  EXPECT_GT(entries, 5U);
}

TEST(Recovery, CutsATornLastBatchWhereverItWasTorn) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
  ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
  const std::size_t whole = disk.bytes(inFolder(kLog0)).size();
  const Buffer last = batchOf({.records = 3, .valueBytes = 10});
  ASSERT_FALSE(log.append(last).error);
  for (std::size_t kept = 0; kept < last.size(); ++kept) {
    MemoryDisk torn(disk);
    torn.bytes(inFolder(kLog0)).resize(whole + kept);
    const LogUnderTest again(torn);
    ASSERT_EQ(again->logEndOffset(), 10) << "torn after " << kept << " bytes";
    ASSERT_EQ(torn.bytes(inFolder(kLog0)).size(), whole);
    ASSERT_EQ(again.append(last).baseOffset, 10);
  }
}

TEST(Recovery, CutsATailOfZerosAndOfGarbage) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
  const auto random = seededRandom(1);
  for (const bool zeros : {true, false}) {
    for (const std::size_t extra : {1U, 11U, 60U, 61U, 4096U, 100'000U}) {
      MemoryDisk torn(disk);
      for (std::size_t i = 0; i < extra; ++i) torn.bytes(inFolder(kLog0)).push_back(zeros ? std::byte{0} : static_cast<std::byte>(random->next()));
      const LogUnderTest again(torn);
      EXPECT_EQ(again->logEndOffset(), 5);
      EXPECT_THAT(again.records(), SizeIs(5));
    }
  }
}

TEST(Recovery, NeverServesABatchWithAFlippedBit) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  for (int i = 0; i < 4; ++i) ASSERT_FALSE(log.append(batchOf({.records = 2, .valueBytes = 8})).error);
  const std::vector<std::string> good = log.records();
  const std::size_t bits = disk.bytes(inFolder(kLog0)).size() * 8;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    MemoryDisk damaged(disk);
    damaged.flipBit(inFolder(kLog0), bit);
    const LogUnderTest again(damaged);
    ASSERT_NE(again.log, nullptr);
    const std::vector<std::string> served = again.records();
    const std::size_t inBatch = bit / 8 % (bits / 8 / 4);
    if (inBatch < 16) continue;  // offset, length and epoch lie outside the CRC; they are held to each other only
    ASSERT_LE(served.size(), good.size());
    for (std::size_t i = 0; i < served.size(); ++i) ASSERT_EQ(served[i], good[i]) << "bit " << bit;
  }
}

TEST(Recovery, ChecksOnlyWhatLiesBehindTheRecoveryPoint) {
  MemoryDisk disk;
  const LogUnderTest log(disk, smallSegments());
  fill(log);
  ASSERT_GT(log->segmentCount(), 2U);
  MemoryDisk killed(disk);
  killed.flipBit(inFolder(kLog0), 8 * 100);
  const LogUnderTest trusting(killed, smallSegments(), false, 90);
  EXPECT_EQ(trusting->logEndOffset(), 100);
  MemoryDisk killedToo(disk);
  killedToo.flipBit(inFolder(kLog0), 8 * 100);
  const LogUnderTest checking(killedToo, smallSegments(), false, 0);
  EXPECT_EQ(checking->logEndOffset(), 0) << "the damage lies in the first batch: all behind it goes";
  EXPECT_EQ(checking->segmentCount(), 1U);
  EXPECT_THAT(checking->leaderEpochs().entries(), IsEmpty());
}

TEST(Recovery, BuildsMissingIndexesAnew) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk, smallSegments());
    fill(log);
    ASSERT_TRUE(log->close());
  }
  const auto expected = disk.contents();
  MemoryDisk without(disk);
  for (const std::string& path : disk.paths()) {
    if (!path.ends_with("index")) continue;
    ASSERT_TRUE(without.remove(path).has_value());
  }
  const LogUnderTest again(without, smallSegments(), true);
  EXPECT_EQ((*again->offsetForTimestamp(kNow + 52))->offset, 27);
  for (int offset = 0; offset < 100; ++offset) ASSERT_FALSE(again.read(offset, 1).empty());
  ASSERT_TRUE(again->close());
  EXPECT_EQ(without.contents(), expected);
}

TEST(Recovery, ADamagedIndexNeverLeadsToWrongRecords) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk, smallSegments());
    fill(log);
    ASSERT_TRUE(log->close());
  }
  for (const char* name : {kIndex0, kTimeIndex0}) {
    const std::size_t bits = disk.bytes(inFolder(name)).size() * 8;
    for (std::size_t bit = 0; bit < bits; ++bit) {
      MemoryDisk damaged(disk);
      damaged.flipBit(inFolder(name), bit);
      const LogUnderTest again(damaged, smallSegments(), true);
      for (int offset = 0; offset < 100; offset += 3) {
        const auto header = record::BatchHeader::parse(again.read(offset, 1));
        ASSERT_TRUE(header) << name << " bit " << bit << " offset " << offset;
        ASSERT_LE(header->baseOffset, offset);
        ASSERT_GE(header->lastOffset(), offset);
      }
    }
    for (std::size_t size = 0; size < disk.bytes(inFolder(name)).size(); ++size) {
      MemoryDisk cut(disk);
      cut.bytes(inFolder(name)).resize(size);
      const LogUnderTest again(cut, smallSegments(), true);
      ASSERT_EQ(again.records(), again.records(0));
      ASSERT_THAT(again.records(), SizeIs(100));
    }
  }
}

TEST(Restart, AnEpochWhoseFileCouldNotBeWrittenIsWrittenAtTheStop) {
  MemoryDisk disk;
  const Buffer batch = batchOf({.records = 1, .timestamp = kNow});
  {
    const LogUnderTest log(disk, {});
    ASSERT_TRUE(log->startLeaderEpoch(3));
    disk.setSpace(batch.size());  // for the records, not for the file
    ASSERT_FALSE(log.append(batch, 3).error);
    EXPECT_FALSE(disk.has(inFolder("leader-epoch-checkpoint")));
    disk.setSpace({});
    ASSERT_TRUE(log->close());
  }
  EXPECT_EQ(disk.text(inFolder("leader-epoch-checkpoint")), "0\n1\n3 0\n");
}

TEST(Recovery, ADamagedCheckpointOrSnapshotIsBuiltFromTheRecords) {
  MemoryDisk disk;
  std::vector<std::string> before;
  {
    const LogUnderTest log(disk, smallSegments());
    fill(log);
    before = describe(log);
    ASSERT_TRUE(log->close());
  }
  for (const char* text : {"", "1\n", "0\n2\n0 0\n", "0\n1\n0 x\n", "0\n2\n5 3\n4 9\n", "\xff\xfe garbage"}) {
    MemoryDisk damaged(disk);
    damaged.put(inFolder("leader-epoch-checkpoint"), text);
    const LogUnderTest again(damaged, smallSegments(), true);
    EXPECT_EQ(describe(again), before) << text;
  }
  for (const std::string& path : disk.paths()) {
    if (!path.ends_with(".snapshot")) continue;
    MemoryDisk damaged(disk);
    damaged.flipBit(path, 8 * (disk.bytes(path).size() - 1));
    const LogUnderTest again(damaged, smallSegments(), true);
    EXPECT_TRUE(again.append(idempotent(77, 0, 95, 5)).duplicate) << path;
  }
}

TEST(Recovery, TheProducersAreKnownAfterAKill) {
  MemoryDisk disk;
  const LogUnderTest log(disk, smallSegments());
  fill(log);
  MemoryDisk killed(disk);
  const LogUnderTest again(killed, smallSegments());
  const AppendResult retry = again.append(idempotent(77, 0, 95, 5));
  EXPECT_FALSE(retry.error);
  EXPECT_TRUE(retry.duplicate);
  EXPECT_EQ(retry.baseOffset, 95);
  EXPECT_EQ(retry.lastOffset, 99);
  EXPECT_EQ(again.append(idempotent(77, 0, 105, 5)).error.code(), ErrorCode::OutOfOrderSequenceNumber);
  EXPECT_EQ(again.append(idempotent(77, 0, 100, 5)).baseOffset, 100);
}

TEST(Recovery, ARetryOfAnyOfFiveBatchesInFlightIsKnownAfterACleanStop) {
  for (const int records : {8, 200}) {
    MemoryDisk disk;
    {
      const LogUnderTest log(disk, smallSegments());  // 8: in one segment, 200: across several
      for (int i = 0; i < records; ++i) ASSERT_FALSE(log.append(idempotent(5 + i % 2, 0, 3 * (i / 2), 3)).error);
      ASSERT_TRUE(log->close());
    }
    const LogUnderTest again(disk, smallSegments(), true);
    for (int i = records - 8; i < records; ++i) {
      const AppendResult retry = again.append(idempotent(5 + i % 2, 0, 3 * (i / 2), 3));
      EXPECT_TRUE(retry.duplicate) << i;
      EXPECT_EQ(retry.baseOffset, 3 * i);
    }
    EXPECT_EQ(again.append(idempotent(5, 0, 3 * records / 2, 3)).baseOffset, 3 * records);
  }
}

TEST(Recovery, ADamagedHeaderInTrustedDataKeepsNoLogFromOpening) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk, smallSegments());
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(log.append(idempotent(5, 0, 3 * i, 3)).error);
    ASSERT_GT(log->segmentCount(), 2U);
    ASSERT_TRUE(log->close());
  }
  constexpr std::size_t kMagic = 16;
  disk.flipBit(inFolder(kLog0), 8 * kMagic);
  const LogUnderTest again(disk, smallSegments(), true);
  ASSERT_NE(again.log, nullptr);
  EXPECT_EQ(again->logEndOffset(), 300);
  EXPECT_TRUE(again.append(idempotent(5, 0, 297, 3)).duplicate) << "the snapshot names it";
  EXPECT_FALSE(again.append(idempotent(5, 0, 300, 3)).error);
}

TEST(Recovery, WhatASnapshotSaysCountsMoreThanTheLogBeforeIt) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk);
    for (int i = 0; i < 3; ++i) ASSERT_FALSE(log.append(idempotent(5, 0, 3 * i, 3)).error);
    ASSERT_FALSE(log.append(idempotent(5, 1, 0, 3)).error);
    ASSERT_TRUE(log->close());
  }
  const LogUnderTest again(disk, {}, true);
  EXPECT_EQ(again.append(idempotent(5, 0, 6, 3)).error.code(), ErrorCode::InvalidProducerEpoch);
  EXPECT_TRUE(again.append(idempotent(5, 1, 0, 3)).duplicate);
}

TEST(Recovery, ARetryOfAnyOfFiveBatchesInFlightIsKnownAfterAKill) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  for (int i = 0; i < 8; ++i) ASSERT_FALSE(log.append(idempotent(5, 0, 3 * i, 3)).error);
  MemoryDisk killed(disk);
  const LogUnderTest again(killed);
  for (int i = 3; i < 8; ++i) {
    const AppendResult retry = again.append(idempotent(5, 0, 3 * i, 3));
    EXPECT_TRUE(retry.duplicate) << i;
    EXPECT_EQ(retry.baseOffset, 3 * i);
  }
  EXPECT_EQ(again.append(idempotent(5, 0, 6, 3)).error.code(), ErrorCode::OutOfOrderSequenceNumber) << "six batches back is forgotten";
}

TEST(Recovery, RemovesLeftOversAndForeignIndexes) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk);
    ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
    ASSERT_TRUE(log->close());
  }
  disk.put(inFolder("00000000000000000099.index"), "12345678");
  disk.put(inFolder("00000000000000000000.log.deleted"), "x");
  disk.put(inFolder("00000000000000000000.log.cleaned"), "x");
  disk.put(inFolder("notes.txt"), "somebody's");
  const LogUnderTest again(disk, {}, true);
  EXPECT_FALSE(disk.has(inFolder("00000000000000000099.index")));
  EXPECT_FALSE(disk.has(inFolder("00000000000000000000.log.deleted")));
  EXPECT_TRUE(disk.has(inFolder("notes.txt"))) << "what is not ours stays";
  EXPECT_THAT(again.records(), SizeIs(5));
}

TEST(Recovery, ASwapFileIsKeptWhenItIsTheOnlyCopy) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk);
    ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
    ASSERT_TRUE(log->close());
  }
  MemoryDisk only(disk);
  ASSERT_TRUE(only.rename(inFolder(kLog0), inFolder(std::string(kLog0) + ".swap")));
  const LogUnderTest kept(only, {}, true);
  EXPECT_THAT(kept.records(), SizeIs(5));
  disk.put(inFolder(std::string(kLog0) + ".swap"), "half a segment");
  const LogUnderTest original(disk, {}, true);
  EXPECT_THAT(original.records(), SizeIs(5));
  EXPECT_FALSE(disk.has(inFolder(std::string(kLog0) + ".swap")));
}

TEST(Recovery, AFolderOfAnotherTopicIdIsRefused) {
  MemoryDisk disk;
  { const LogUnderTest log(disk); }
  const auto other = PartitionLog::open({.disk = &disk, .folder = kFolder, .name = "orders-0", .topicId = Uuid{1, 2}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::InconsistentTopicId);
  EXPECT_EQ(disk.text(inFolder("partition.metadata")), "version: 0\ntopic_id: " + kTopicId.toString());
}

TEST(Recovery, ALogThatEndsBeforeItsStartBeginsAnewThere) {
  MemoryDisk disk;
  {
    const LogUnderTest log(disk);
    ASSERT_FALSE(log.append(batchOf({.records = 5})).error);
  }
  const LogUnderTest again(disk, {}, false, 0, 50);
  EXPECT_EQ(again->logStartOffset(), 50);
  EXPECT_EQ(again->logEndOffset(), 50);
  EXPECT_EQ(again.append(batchOf({})).baseOffset, 50);
}

TEST(Recovery, ManyKillsInARowLoseNothing) {
  auto disk = std::make_unique<MemoryDisk>();
  const auto random = seededRandom(42);
  std::int64_t written = 0;
  for (int round = 0; round < 40; ++round) {
    const LogUnderTest log(*disk, smallSegments());
    ASSERT_EQ(log->logEndOffset(), written);
    for (std::uint64_t i = 0, batches = random->below(8); i < batches; ++i) {
      const int records = static_cast<int>(1 + random->below(6));
      ASSERT_FALSE(log.append(batchOf({.records = records, .timestamp = kNow + written}), round).error);
      written += records;
    }
    auto next = std::make_unique<MemoryDisk>(*disk);
    // A torn write behind what was acknowledged.
    for (const std::string& path : next->paths())
      if (path.ends_with(segmentFileName(log->firstSegmentOffset(), ".log")) && log->segmentCount() == 1)
        next->bytes(path).resize(next->bytes(path).size() + random->below(100));
    disk = std::move(next);
  }
  const LogUnderTest last(*disk, smallSegments());
  EXPECT_THAT(last.records(), SizeIs(static_cast<std::size_t>(written)));
}

}  // namespace
}  // namespace klamm::broker::log
