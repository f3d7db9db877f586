#include "record/batch_builder.h"

#include <gtest/gtest.h>

#include <limits>

#include "unit/record/kafka_batches.h"
#include "unit/record/support.h"

namespace klamm::record {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

Buffer closed(BatchBuilder& builder, const BatchFields& fields) {
  auto batch = builder.close(fields);
  EXPECT_TRUE(batch) << batch.error().message();
  return batch.value_or(Buffer());
}

TEST(BatchBuilder, WritesTheSameBytesAsKafkasBuilder) {
  BatchBuilder builder;
  appendThree(builder);
  EXPECT_EQ(toHex(closed(builder, {})), golden::kThree);

  appendThree(builder);
  EXPECT_EQ(toHex(closed(builder, {.baseOffset = 1234567890123, .partitionLeaderEpoch = 17, .producerId = 4000, .producerEpoch = 3,
                                   .baseSequence = 2147483646, .transactional = true})),
            golden::kTransactional);

  appendThree(builder);
  EXPECT_EQ(toHex(closed(builder, {.baseOffset = 5, .partitionLeaderEpoch = 2, .logAppendTime = kTime + 99})), golden::kLogAppendTime);

  appendForty(builder);
  EXPECT_EQ(toHex(closed(builder, {})), golden::kFortyNone);
}

TEST(BatchBuilder, WritesTheSameControlBatchesAsKafka) {
  const BatchFields marker{.baseOffset = 77, .partitionLeaderEpoch = 5, .producerId = 4000, .producerEpoch = 3, .transactional = true};
  EXPECT_EQ(toHex(controlBatch(ControlRecordType::Commit, EndTransactionMarker{9}.encode(), kTime, marker)), golden::kCommit);
  const Buffer change = fromHex(golden::kLeaderChange);
  auto reader = RecordBatchView::parse(change)->records(kAny);
  RecordView record;
  ASSERT_TRUE(reader && reader->next(record));
  EXPECT_EQ(toHex(controlBatch(ControlRecordType::LeaderChange, *record.value, kTime, {.partitionLeaderEpoch = 6})), golden::kLeaderChange);
}

TEST(BatchBuilder, EveryCodecGivesTheRecordsBack) {
  const std::vector<std::string> expected = describeAll(*RecordBatchView::parse(fromHex(golden::kFortyNone)));
  for (const auto type : {CompressionType::None, CompressionType::Gzip, CompressionType::Snappy, CompressionType::Lz4, CompressionType::Zstd}) {
    BatchBuilder builder(BatchMemory::allocate(16384));
    CompressionRatio ratio;
    appendForty(builder);
    auto bytes = builder.close({.compression = {type, {}}, .baseOffset = 0}, &ratio);
    ASSERT_TRUE(bytes);
    const auto batch = RecordBatchView::parse(*bytes);
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->checkCrc());
    EXPECT_EQ(batch->header().compressionId(), static_cast<int>(type));
    EXPECT_EQ(describeAll(*batch), expected);
    if (type != CompressionType::None) { EXPECT_LT(batch->sizeInBytes(), 2000U); }
  }
}

TEST(BatchBuilder, CompressedAheadItIsTheSameBatchInMemoryOfTheSource) {
  BatchBuilder atOnce;
  BatchBuilder ahead;
  appendForty(atOnce);
  appendForty(ahead);
  BatchMemory given;
  ASSERT_TRUE(ahead.compress({CompressionType::Zstd, {}}, [&given](std::size_t bytes) { return given = BatchMemory::allocate(bytes); }));
  EXPECT_TRUE(ahead.isCompressed());
  EXPECT_EQ(ahead.estimatedSize(0.5F), ahead.sizeInBytes()) << "nothing is left to estimate";
  const BatchFields fields{.compression = {CompressionType::Zstd, {}}, .producerId = 5, .producerEpoch = 1, .baseSequence = 77};
  CompressionRatio ratio;
  const auto bytes = ahead.close(fields, &ratio);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->data(), given.bytes.get());
  EXPECT_EQ(toHex(*bytes), toHex(closed(atOnce, fields)));
  EXPECT_LT(ratio.estimate(), 1.0F);
  EXPECT_FALSE(ahead.isCompressed());
}

TEST(BatchBuilder, SnappyAndLz4FramesAreThoseOfTheJavaClient) {
  BatchBuilder builder;
  appendForty(builder);
  const std::string snappy = toHex(closed(builder, {.compression = {CompressionType::Snappy, {}}}));
  EXPECT_EQ(snappy.substr(2 * 61, 32), std::string(golden::kFortySnappy).substr(2 * 61, 32));
  appendForty(builder);
  const std::string lz4 = toHex(closed(builder, {.compression = {CompressionType::Lz4, {}}}));
  EXPECT_EQ(lz4.substr(2 * 61, 14), std::string(golden::kFortyLz4).substr(2 * 61, 14));
}

TEST(BatchBuilder, UsesTheMemoryItWasGivenAndGivesItBackWhenTheLastBufferIsGone) {
  bool returned = false;
  std::vector<std::byte> pool(4096);
  Buffer batch;
  {
    BatchBuilder builder({std::shared_ptr<std::byte>(pool.data(), [&returned](std::byte*) { returned = true; }), pool.size()});
    appendForty(builder);
    ASSERT_LT(builder.sizeInBytes(), pool.size());
    batch = closed(builder, {.compression = {CompressionType::Zstd, {}}});
    EXPECT_EQ(builder.capacity(), 0U);
    EXPECT_TRUE(builder.empty());
  }
  EXPECT_EQ(batch.data(), pool.data());
  EXPECT_FALSE(returned);
  Buffer slice = batch.slice(10);
  batch = Buffer();
  EXPECT_FALSE(returned);
  slice = Buffer();
  EXPECT_TRUE(returned);
}

TEST(BatchBuilder, GrowsPastItsMemoryAndKeepsWhatItHolds) {
  BatchBuilder builder(BatchMemory::allocate(100));
  appendForty(builder);
  EXPECT_GE(builder.capacity(), builder.sizeInBytes());
  EXPECT_EQ(toHex(closed(builder, {})), golden::kFortyNone);
}

TEST(BatchBuilder, SizeIsExactAndTheUpperBoundHolds) {
  BatchBuilder builder;
  const std::string value(100, 'v');
  const RecordHeader headers[] = {{"trace", asBytes("0123456789")}, {"none", std::nullopt}};
  std::size_t before = builder.sizeInBytes();
  EXPECT_EQ(before, BatchHeader::kSize);
  for (const std::int64_t timestamp : {kTime, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), std::int64_t{0}}) {
    ASSERT_TRUE(builder.append(timestamp, std::nullopt, asBytes(value), headers));
    EXPECT_LE(builder.sizeInBytes() - before, maxRecordSize(std::nullopt, asBytes(value), headers));
    before = builder.sizeInBytes();
  }
  EXPECT_EQ(closed(builder, {}).size(), before);
}

TEST(BatchBuilder, ExtremeTimestampsComeBack) {
  BatchBuilder builder;
  const std::int64_t times[] = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), 0, -1};
  for (const std::int64_t time : times) ASSERT_TRUE(builder.append(time, std::nullopt, std::nullopt));
  const auto batch = RecordBatchView::parse(closed(builder, {}));
  EXPECT_EQ(batch->header().maxTimestamp, times[0]);
  auto reader = batch->records(kAny);
  RecordView record;
  for (const std::int64_t time : times) {
    ASSERT_TRUE(reader->next(record));
    EXPECT_EQ(record.timestamp, time);
  }
}

TEST(BatchBuilder, RoomIsJudgedByTheCompressionRatioAndTheFirstRecordAlwaysFits) {
  BatchBuilder builder;
  EXPECT_TRUE(builder.hasRoomFor(1000000, 16384));
  const std::string value(10000, 'v');
  ASSERT_TRUE(builder.append(0, std::nullopt, asBytes(value)));
  EXPECT_FALSE(builder.hasRoomFor(value.size(), 16384));
  EXPECT_TRUE(builder.hasRoomFor(value.size(), 16384, 0.3F));
  EXPECT_NEAR(static_cast<double>(builder.estimatedSize(0.3F)), 61 + 10000 * 0.3 * 1.05, 10);
}

TEST(BatchBuilder, AnEmptyBatchIsWholeToo) {
  BatchBuilder builder;
  const auto batch = RecordBatchView::parse(closed(builder, {.compression = {CompressionType::Lz4, {}}}));
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->checkCrc());
  EXPECT_EQ(describeAll(*batch).size(), 0U);
}

TEST(BatchBuilder, ProducerStateIsReplacedInACopy) {
  BatchBuilder builder;
  appendThree(builder);
  const Buffer old = closed(builder, {.producerId = 1, .producerEpoch = 0, .baseSequence = 10});
  const std::string before = toHex(old);
  const auto batch = RecordBatchView::parse(withProducerState(old, 2, 7, 0));
  EXPECT_EQ(toHex(old), before);
  EXPECT_TRUE(batch->checkCrc());
  EXPECT_EQ(batch->header().producerId, 2);
  EXPECT_EQ(batch->header().producerEpoch, 7);
  EXPECT_EQ(batch->header().baseSequence, 0);
  EXPECT_EQ(describeAll(*batch)[0], "0@0 k1=v1");
}

TEST(CompressionRatio, GrowsWorseAtOnceAndBetterSlowly) {
  CompressionRatio ratio;
  EXPECT_FLOAT_EQ(ratio.estimate(), 1.0F);
  ratio.observe(0.3F);
  EXPECT_FLOAT_EQ(ratio.estimate(), 0.995F);
  for (int i = 0; i < 1000; ++i) ratio.observe(0.3F);
  EXPECT_FLOAT_EQ(ratio.estimate(), 0.3F);
  ratio.observe(0.31F);
  EXPECT_FLOAT_EQ(ratio.estimate(), 0.35F);
  ratio.observe(0.9F);
  EXPECT_FLOAT_EQ(ratio.estimate(), 0.9F);
  ratio.reset();
  EXPECT_FLOAT_EQ(ratio.estimate(), 1.0F);
}

}  // namespace
}  // namespace klamm::record
