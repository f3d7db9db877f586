#include "log/producer_state.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/memory_disk.h"
#include "unit/log/log_fixture.h"

namespace klamm::broker::log {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using klamm::test::MemoryDisk;

record::BatchHeader headerOf(std::int64_t id, std::int16_t epoch, std::int32_t sequence, int records, std::int64_t baseOffset = 0) {
  auto header = *record::BatchHeader::parse(idempotent(id, epoch, sequence, records));
  header.baseOffset = baseOffset;
  return header;
}

TEST(ProducerState, AnswersADuplicateWithTheOffsetOfThen) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(batchOf({.records = 10})).error);
  ASSERT_EQ(log.append(idempotent(1, 0, 0, 5)).baseOffset, 10);
  ASSERT_EQ(log.append(idempotent(1, 0, 5, 5)).baseOffset, 15);
  const AppendResult retry = log.append(idempotent(1, 0, 0, 5));
  EXPECT_FALSE(retry.error);
  EXPECT_TRUE(retry.duplicate);
  EXPECT_EQ(retry.baseOffset, 10);
  EXPECT_EQ(log->logEndOffset(), 20);
}

TEST(ProducerState, RefusesAGapAndAHalfKnownBatch) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(idempotent(1, 0, 0, 5)).error);
  EXPECT_EQ(log.append(idempotent(1, 0, 6, 5)).error.code(), ErrorCode::OutOfOrderSequenceNumber);
  EXPECT_EQ(log.append(idempotent(1, 0, 4, 5)).error.code(), ErrorCode::OutOfOrderSequenceNumber);
  EXPECT_EQ(log.append(idempotent(1, 0, 0, 4)).error.code(), ErrorCode::OutOfOrderSequenceNumber);
  EXPECT_EQ(log->logEndOffset(), 5);
}

TEST(ProducerState, ANewEpochBeginsAtZeroAndFencesTheOldOne) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  ASSERT_FALSE(log.append(idempotent(1, 3, 0, 5)).error);
  EXPECT_EQ(log.append(idempotent(1, 4, 5, 5)).error.code(), ErrorCode::OutOfOrderSequenceNumber);
  EXPECT_FALSE(log.append(idempotent(1, 4, 0, 5)).error);
  EXPECT_EQ(log.append(idempotent(1, 3, 5, 5)).error.code(), ErrorCode::InvalidProducerEpoch);
}

TEST(ProducerState, AProducerWithoutStateMayBeginAnywhere) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  EXPECT_FALSE(log.append(idempotent(1, 0, 1000, 5)).error);
  EXPECT_FALSE(log.append(idempotent(1, 0, 1005, 5)).error);
}

TEST(ProducerState, SequencesWrapBehindTheLargestNumber) {
  MemoryDisk disk;
  const LogUnderTest log(disk);
  constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
  ASSERT_FALSE(log.append(idempotent(1, 0, highest - 2, 5)).error);  // max-2 max-1 max 0 1
  EXPECT_TRUE(log.append(idempotent(1, 0, highest - 2, 5)).duplicate);
  EXPECT_FALSE(log.append(idempotent(1, 0, 2, 3)).error);
  ASSERT_FALSE(log.append(idempotent(2, 0, highest, 1)).error);
  EXPECT_FALSE(log.append(idempotent(2, 0, 0, 1)).error);
}

TEST(ProducerState, KeepsFiveBatchesOfEachProducer) {
  ProducerEntry entry;
  for (int i = 0; i < 7; ++i) entry.add({.lastSequence = 10 * i + 9, .lastOffset = 10 * i + 9, .offsetDelta = 9});
  EXPECT_EQ(entry.count, 5);
  EXPECT_EQ(entry.find(10, 19), nullptr);
  ASSERT_NE(entry.find(20, 29), nullptr);
  EXPECT_EQ(entry.find(20, 29)->firstOffset(), 20);
  EXPECT_EQ(entry.last()->lastSequence, 69);
}

TEST(ProducerState, SilentProducersExpire) {
  MemoryDisk disk;
  ProducerStates states(disk, "/data");
  states.update(headerOf(1, 0, 0, 5));
  states.update(headerOf(2, 0, 0, 5));
  states.expire(kNow + 999, 1000);
  EXPECT_EQ(states.all().size(), 2U);
  states.expire(kNow + 1004, 1000);
  EXPECT_TRUE(states.all().empty());
}

TEST(ProducerState, ASnapshotHasKafkasBytes) {
  MemoryDisk disk;
  ProducerStates states(disk, "/data");
  states.update(headerOf(0x0102030405060708, 3, 0, 5, 100));
  const auto bytes = ProducerStates::encodeSnapshot(states.all());
  ASSERT_EQ(bytes.size(), 10U + 46U);
  EXPECT_EQ(loadBigEndian<std::int16_t>(bytes.data()), 1);
  EXPECT_EQ(loadBigEndian<std::int32_t>(bytes.data() + 6), 1);
  EXPECT_EQ(loadBigEndian<std::int64_t>(bytes.data() + 10), 0x0102030405060708);
  EXPECT_EQ(loadBigEndian<std::int16_t>(bytes.data() + 18), 3);
  EXPECT_EQ(loadBigEndian<std::int32_t>(bytes.data() + 20), 4);          // last sequence
  EXPECT_EQ(loadBigEndian<std::int64_t>(bytes.data() + 24), 104);        // last offset
  EXPECT_EQ(loadBigEndian<std::int32_t>(bytes.data() + 32), 4);          // offset delta
  EXPECT_EQ(loadBigEndian<std::int64_t>(bytes.data() + 36), kNow + 4);   // timestamp
  EXPECT_EQ(loadBigEndian<std::int32_t>(bytes.data() + 44), -1);         // coordinator epoch
  EXPECT_EQ(loadBigEndian<std::int64_t>(bytes.data() + 48), -1);         // first offset of an open transaction
  const auto back = ProducerStates::decodeSnapshot(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->at(0x0102030405060708).last()->firstSequence(), 0);
}

TEST(ProducerState, ADamagedSnapshotIsRefusedWhereverItIsDamaged) {
  MemoryDisk disk;
  ProducerStates states(disk, "/data");
  for (int id = 0; id < 3; ++id) states.update(headerOf(id, 0, 0, 5, 5 * id));
  const auto bytes = ProducerStates::encodeSnapshot(states.all());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(ProducerStates::decodeSnapshot(damaged)) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(ProducerStates::decodeSnapshot(BytesView(bytes).first(size))) << size;
}

TEST(ProducerState, RestoresFromTheNewestReadableSnapshot) {
  MemoryDisk disk;
  ASSERT_TRUE(disk.createFolder("/data"));
  ProducerStates states(disk, "/data");
  states.update(headerOf(1, 0, 0, 5, 0));
  ASSERT_TRUE(states.takeSnapshot());
  states.update(headerOf(1, 0, 5, 5, 5));
  ASSERT_TRUE(states.takeSnapshot());
  disk.flipBit("/data/00000000000000000010.snapshot", 100);
  ProducerStates again(disk, "/data");
  again.listSnapshots(*disk.list("/data"));
  EXPECT_EQ(again.restore(0, 20, kNow, 86'400'000), 5);
  EXPECT_EQ(again.all().at(1).last()->lastSequence, 4);
  EXPECT_FALSE(disk.has("/data/00000000000000000010.snapshot"));
}

}  // namespace
}  // namespace klamm::broker::log
