#include "record/validate.h"

#include <gtest/gtest.h>

#include <random>

#include "unit/record/kafka_batches.h"
#include "unit/record/support.h"

namespace klamm::record {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

BatchVerdict judged(std::vector<std::byte> bytes, const BatchRules& rules = {}) {
  updateCrc(bytes);
  const auto batch = RecordBatchView::parse(Buffer::adopt(std::move(bytes)));
  EXPECT_TRUE(batch);
  return validateBatch(*batch, rules);
}
std::vector<std::byte> three() { return copyOf(fromHex(golden::kThree)); }

TEST(ValidateBatch, TakesWhatKafkaWroteInEveryCodec) {
  for (std::string_view hex : {golden::kFortyNone, golden::kFortyGzip, golden::kFortySnappy, golden::kFortyLz4, golden::kFortyZstd}) {
    const BatchVerdict verdict = validateBatch(*RecordBatchView::parse(fromHex(hex)), {.requiresKey = true});
    EXPECT_FALSE(verdict.error) << verdict.error.message();
    EXPECT_EQ(verdict.maxTimestamp, kTime + 273);
    EXPECT_EQ(verdict.offsetDeltaOfMaxTimestamp, 39);
  }
}

TEST(ValidateBatch, FindsTheFirstRecordWithTheLargestTimestamp) {
  const BatchVerdict verdict = judged(three());
  EXPECT_FALSE(verdict.error);
  EXPECT_EQ(verdict.maxTimestamp, kTime + 300);
  EXPECT_EQ(verdict.offsetDeltaOfMaxTimestamp, 1);
}

TEST(ValidateBatch, AppendTimeTakesThePlaceOfTheRecordsTimestamps) {
  const BatchVerdict verdict = judged(three(), {.timestampType = TimestampType::LogAppendTime, .nowMillis = 77, .timestampAfterMaxMillis = 1});
  EXPECT_FALSE(verdict.error);
  EXPECT_EQ(verdict.maxTimestamp, 77);
  EXPECT_EQ(verdict.offsetDeltaOfMaxTimestamp, 0);
}

TEST(ValidateBatch, AWrongCrcIsCorrupt) {
  auto bytes = three();
  bytes.back() ^= std::byte{1};
  const BatchVerdict verdict = validateBatch(*RecordBatchView::parse(Buffer::adopt(std::move(bytes))), {});
  EXPECT_EQ(verdict.error.code(), ErrorCode::CorruptMessage);
}

TEST(ValidateBatch, CountAndLastOffsetDeltaMustFitTheRecords) {
  struct Case {
    std::int32_t count;
    std::int32_t lastOffsetDelta;
  };
  for (const Case& c : {Case{0, -1}, Case{-1, 2}, Case{3, 3}, Case{2, 2}, Case{2, 1}, Case{4, 3}, Case{0x7FFFFFFF, 0x7FFFFFFE}}) {
    auto bytes = three();
    storeBigEndian(bytes.data() + 57, c.count);
    storeBigEndian(bytes.data() + 23, c.lastOffsetDelta);
    EXPECT_EQ(judged(std::move(bytes)).error.code(), ErrorCode::InvalidRecord) << c.count << " " << c.lastOffsetDelta;
  }
}

TEST(ValidateBatch, OffsetDeltasMustCountUp) {
  auto bytes = three();
  // record 0: length, attributes, timestampDelta, offsetDelta
  bytes[61 + 3] = std::byte{2};
  const BatchVerdict verdict = judged(std::move(bytes));
  EXPECT_EQ(verdict.error.code(), ErrorCode::InvalidRecord);
  EXPECT_EQ(verdict.badRecord, 0);
}

TEST(ValidateBatch, ARecordWithoutAKeyIsNamedWhereOneIsRequired) {
  const BatchVerdict verdict = judged(three(), {.requiresKey = true});
  EXPECT_EQ(verdict.error.code(), ErrorCode::InvalidRecord);
  EXPECT_EQ(verdict.badRecord, 1);
}

TEST(ValidateBatch, TimestampsMustLieWithinTheRules) {
  EXPECT_FALSE(judged(three(), {.nowMillis = kTime + 100, .timestampBeforeMaxMillis = 103, .timestampAfterMaxMillis = 200}).error);
  BatchVerdict verdict = judged(three(), {.nowMillis = kTime + 100, .timestampAfterMaxMillis = 199});
  EXPECT_EQ(verdict.error.code(), ErrorCode::InvalidTimestamp);
  EXPECT_EQ(verdict.badRecord, 1);
  verdict = judged(three(), {.nowMillis = kTime + 100, .timestampBeforeMaxMillis = 102});
  EXPECT_EQ(verdict.error.code(), ErrorCode::InvalidTimestamp);
  EXPECT_EQ(verdict.badRecord, 2);
}

TEST(ValidateBatch, ClientsMayNotSetWhatIsTheBrokers) {
  const auto flagged = [](std::int16_t flag) {
    auto bytes = three();
    storeBigEndian(bytes.data() + 21, flag);
    return bytes;
  };
  EXPECT_EQ(judged(flagged(BatchHeader::kControlFlag)).error.code(), ErrorCode::InvalidRecord);
  EXPECT_EQ(judged(flagged(BatchHeader::kTimestampTypeFlag)).error.code(), ErrorCode::InvalidTimestamp);
  EXPECT_FALSE(judged(flagged(BatchHeader::kControlFlag), {.fromClient = false}).error);
  EXPECT_EQ(judged(flagged(5)).error.code(), ErrorCode::UnknownServerError);
  auto noSequence = three();
  storeBigEndian<std::int64_t>(noSequence.data() + 43, 5);
  EXPECT_EQ(judged(std::move(noSequence)).error.code(), ErrorCode::InvalidRecord);
}

TEST(ValidateBatch, DamagedOrFalselyLabelledPayloadIsInvalidAndNeverWorse) {
  for (const int codec : {1, 2, 3, 4}) {
    auto bytes = three();
    storeBigEndian(bytes.data() + 21, static_cast<std::int16_t>(codec));
    EXPECT_EQ(judged(std::move(bytes)).error.code(), ErrorCode::InvalidRecord) << codec;
  }
  std::mt19937 random(7);
  for (std::string_view hex : {golden::kThree, golden::kFortyGzip, golden::kFortySnappy, golden::kFortyLz4, golden::kFortyZstd}) {
    int refused = 0;
    for (int round = 0; round < 2000; ++round) {
      auto bytes = copyOf(fromHex(hex));
      for (int flips = 0; flips < 2; ++flips) bytes[57 + random() % (bytes.size() - 57)] = static_cast<std::byte>(random());
      refused += judged(std::move(bytes)).error ? 1 : 0;
    }
    EXPECT_GT(refused, 100);
  }
}

TEST(ValidateBatch, AgreesWithTheReaderOnEveryBatchItTakes) {
  std::mt19937 random(8);
  for (int round = 0; round < 20000; ++round) {
    auto bytes = three();
    bytes[61 + random() % (bytes.size() - 61)] = static_cast<std::byte>(random());
    updateCrc(bytes);
    const auto batch = RecordBatchView::parse(Buffer::adopt(std::move(bytes)));
    const bool taken = !validateBatch(*batch, {}).error;
    auto reader = batch->records(kAny);
    ASSERT_TRUE(reader);
    RecordView record;
    std::int64_t expected = 0;
    while (reader->next(record) && record.offset == expected) ++expected;
    EXPECT_EQ(taken, expected == 3 && reader->status()) << round;
  }
}

TEST(ValidateBatch, RecordsThatSpanPiecesOfTheStreamAreCheckedLikeOthers) {
  std::mt19937 random(9);
  for (const auto type : {CompressionType::None, CompressionType::Gzip, CompressionType::Snappy, CompressionType::Lz4, CompressionType::Zstd}) {
    BatchBuilder builder;
    const RecordHeader headers[] = {{"name", asBytes("value")}, {"none", std::nullopt}};
    for (int i = 0; i < 300; ++i) {
      std::string value(i == 77 ? 200000 : random() % 3000, '\0');
      for (char& c : value) c = static_cast<char>(random() % 50);
      const bool keyless = i == 250;
      ASSERT_TRUE(builder.append(kTime + i, keyless ? std::nullopt : std::optional(asBytes("key")), asBytes(value), i % 2 == 0 ? std::span(headers) : std::span<const RecordHeader>()));
    }
    const auto batch = RecordBatchView::parse(*builder.close({.compression = {type, {}}}));
    const BatchVerdict verdict = validateBatch(*batch, {});
    EXPECT_FALSE(verdict.error) << verdict.error.message();
    EXPECT_EQ(verdict.offsetDeltaOfMaxTimestamp, 299);
    const BatchVerdict refused = validateBatch(*batch, {.requiresKey = true});
    EXPECT_EQ(refused.error.code(), ErrorCode::InvalidRecord);
    EXPECT_EQ(refused.badRecord, 250);
  }
}

TEST(ParseProduced, TakesExactlyOneWholeBatch) {
  const Buffer good = fromHex(golden::kThree);
  EXPECT_TRUE(parseProduced(good));
  EXPECT_EQ(parseProduced(Buffer()).error().code(), ErrorCode::InvalidRecord);
  EXPECT_EQ(parseProduced(good.slice(0, good.size() - 1)).error().code(), ErrorCode::InvalidRecord);
  auto twice = three();
  for (const std::byte byte : good.view()) twice.push_back(byte);
  EXPECT_EQ(parseProduced(Buffer::adopt(std::move(twice))).error().code(), ErrorCode::InvalidRecord);
  auto old = three();
  old[16] = std::byte{1};
  EXPECT_EQ(parseProduced(Buffer::adopt(std::move(old))).error().code(), ErrorCode::InvalidRecord);
  EXPECT_EQ(parseProduced(Buffer::copyOf(std::string(80, '\xff'))).error().code(), ErrorCode::CorruptMessage);
  EXPECT_EQ(parseProduced(Buffer::copyOf(std::string(80, '\x7f'))).error().code(), ErrorCode::CorruptMessage);
}

}  // namespace
}  // namespace klamm::record
