#include "log/validator.h"

#include <gtest/gtest.h>

#include "unit/log/log_fixture.h"

namespace klamm::broker::log {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

std::vector<std::byte> bytesOf(const Buffer& buffer) { return {buffer.data(), buffer.data() + buffer.size()}; }

BatchValidation validate(const Buffer& bytes, const LogConfig& config = {}, AppendOrigin origin = AppendOrigin::Client) {
  return validateForAppend(bytes, {.origin = origin, .nowMillis = kNow}, config, "orders-0");
}
ErrorCode codeFor(const std::vector<std::byte>& bytes, const LogConfig& config = {}) { return validate(Buffer::copyOf(bytes), config).error.code(); }

/// A good batch with one header field changed and the CRC right again.
template <class T>
std::vector<std::byte> withField(std::size_t at, T value, const BatchSpec& spec = {.records = 3}) {
  auto bytes = bytesOf(batchOf(spec));
  storeBigEndian<T>(bytes.data() + at, value);
  record::updateCrc(bytes);
  return bytes;
}

TEST(Validator, TakesEveryCodec) {
  using record::CompressionType;
  for (const auto type : {CompressionType::None, CompressionType::Gzip, CompressionType::Snappy, CompressionType::Lz4, CompressionType::Zstd})
    EXPECT_FALSE(validate(batchOf({.records = 30, .compression = {type, {}}})).error);
}

TEST(Validator, AnswersBrokenBatchesAsKafkaDoes) {
  auto wrongCrc = bytesOf(batchOf({.records = 3}));
  wrongCrc.back() ^= std::byte{1};
  EXPECT_EQ(codeFor(wrongCrc), ErrorCode::CorruptMessage);
  EXPECT_EQ(codeFor(std::vector<std::byte>(100, std::byte{0x55})), ErrorCode::CorruptMessage) << "magic 85";
  EXPECT_EQ(codeFor(std::vector<std::byte>(100, std::byte{0})), ErrorCode::CorruptMessage) << "a length below the smallest";
  EXPECT_EQ(codeFor({}), ErrorCode::InvalidRecord);
  auto trailing = bytesOf(batchOf({}));
  trailing.resize(trailing.size() + 11);
  EXPECT_EQ(codeFor(trailing), ErrorCode::None) << "too little to be a batch is passed over";
  trailing.resize(trailing.size() + 1);
  EXPECT_EQ(codeFor(trailing), ErrorCode::CorruptMessage) << "a second batch of length 0";
  auto two = bytesOf(batchOf({}));
  two.insert(two.end(), two.begin(), two.end());
  EXPECT_EQ(codeFor(two), ErrorCode::InvalidRecord);
  auto cut = bytesOf(batchOf({}));
  cut.pop_back();
  EXPECT_EQ(codeFor(cut), ErrorCode::InvalidRecord);
  for (const std::int8_t magic : {0, 1}) EXPECT_EQ(codeFor(withField<std::int8_t>(16, magic)), ErrorCode::InvalidRecord);
  EXPECT_EQ(codeFor(withField<std::int16_t>(21, 0x20)), ErrorCode::InvalidRecord) << "control batch";
  EXPECT_EQ(codeFor(withField<std::int32_t>(23, 7)), ErrorCode::InvalidRecord) << "last offset delta";
  EXPECT_EQ(codeFor(withField<std::int32_t>(57, 2)), ErrorCode::InvalidRecord) << "count";
  EXPECT_EQ(codeFor(withField<std::int32_t>(57, -1)), ErrorCode::InvalidRecord);
  EXPECT_EQ(codeFor(withField<std::int64_t>(0, 5)), ErrorCode::InvalidRecord) << "base offset";
  EXPECT_EQ(codeFor(withField<std::int16_t>(21, 7)), ErrorCode::UnknownServerError) << "codec 7";
  EXPECT_EQ(codeFor(withField<std::int16_t>(21, 1)), ErrorCode::InvalidRecord) << "says gzip, is not";
  EXPECT_EQ(codeFor(withField<std::int16_t>(21, 8)), ErrorCode::InvalidTimestamp) << "a producer may not say LogAppendTime";
  EXPECT_EQ(codeFor(withField<std::int16_t>(21, 0x10)), ErrorCode::UnsupportedVersion) << "transactional";
  EXPECT_EQ(codeFor(withField<std::int64_t>(43, 9)), ErrorCode::InvalidRecord) << "a producer id without a sequence";
}

TEST(Validator, NoFlippedBitGetsThroughUnnoticed) {
  const auto good = bytesOf(batchOf({.records = 5, .producerId = 1, .epoch = 0, .sequence = 0}));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    const bool leaderEpoch = bit / 8 >= 12 && bit / 8 < 16;  // overwritten, whatever the client wrote there
    auto damaged = good;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_EQ(codeFor(damaged) == ErrorCode::None, leaderEpoch) << "bit " << bit;
  }
}

TEST(Validator, RefusesABatchAboveMaxMessageBytes) {
  const Buffer batch = batchOf({.records = 10});
  LogConfig config;
  config.maxMessageBytes = static_cast<std::int32_t>(batch.size());
  EXPECT_FALSE(validate(batch, config).error);
  config.maxMessageBytes -= 1;
  EXPECT_EQ(validate(batch, config).error.code(), ErrorCode::MessageTooLarge);
  EXPECT_FALSE(validate(batch, config, AppendOrigin::RaftLeader).error);
}

TEST(Validator, NamesEveryRecordThatIsTooYoung) {
  const auto found = validate(batchOf({.records = 4, .timestamp = kNow + 3'599'999}));
  EXPECT_EQ(found.error.code(), ErrorCode::InvalidTimestamp);
  ASSERT_EQ(found.recordErrors.size(), 2U);
  EXPECT_EQ(found.recordErrors[0].batchIndex, 2);
  EXPECT_EQ(found.recordErrors[1].batchIndex, 3);
}

TEST(Validator, ACompactedTopicWantsKeys) {
  LogConfig config;
  config.compact = true;
  EXPECT_FALSE(validate(batchOf({.records = 3}), config).error);
  const auto found = validate(batchOf({.records = 3, .keys = false}), config);
  EXPECT_EQ(found.error.code(), ErrorCode::InvalidRecord);
  EXPECT_EQ(found.recordErrors.size(), 3U);
}

TEST(Validator, CoordinatorsMayAppendSeveralBatchesAndControlBatches) {
  auto two = bytesOf(batchOf({.records = 2}));
  const Buffer control = record::controlBatch(record::ControlRecordType::LeaderChange, {}, kNow, {});
  two.insert(two.end(), control.data(), control.data() + control.size());
  const auto found = validate(Buffer::copyOf(two), {}, AppendOrigin::RaftLeader);
  EXPECT_FALSE(found.error) << found.error.message();
  EXPECT_EQ(found.batches.size(), 2U);
  two.pop_back();
  EXPECT_TRUE(validate(Buffer::copyOf(two), {}, AppendOrigin::RaftLeader).error);
}

}  // namespace
}  // namespace klamm::broker::log
