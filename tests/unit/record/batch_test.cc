#include "record/batch.h"

#include <gtest/gtest.h>

#include <random>

#include "unit/record/kafka_batches.h"
#include "unit/record/support.h"

namespace klamm::record {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

RecordBatchView view(const Buffer& bytes) {
  auto batch = RecordBatchView::parse(bytes);
  EXPECT_TRUE(batch) << batch.error().message();
  return batch ? *batch : RecordBatchView();
}

TEST(RecordBatch, ReadsWhatKafkaWroteWithEveryFormOfNullAndEmpty) {
  const RecordBatchView batch = view(fromHex(golden::kThree));
  EXPECT_TRUE(batch.checkCrc());
  EXPECT_EQ(batch.header().count, 3);
  EXPECT_EQ(batch.header().lastOffset(), 2);
  EXPECT_EQ(batch.header().baseTimestamp, kTime);
  EXPECT_EQ(batch.header().maxTimestamp, kTime + 300);
  EXPECT_EQ(describeAll(batch), (std::vector<std::string>{"0@0 k1=v1", "1@300 ~=", "2@-3 =~ [h1=x] [=~] [h1=]"}));
}

TEST(RecordBatch, ReadsProducerStateAndFlagsOfATransactionalBatch) {
  const RecordBatchView batch = view(fromHex(golden::kTransactional));
  const BatchHeader& header = batch.header();
  EXPECT_TRUE(batch.checkCrc());
  EXPECT_EQ(header.baseOffset, 1234567890123);
  EXPECT_EQ(header.partitionLeaderEpoch, 17);
  EXPECT_EQ(header.producerId, 4000);
  EXPECT_EQ(header.producerEpoch, 3);
  EXPECT_EQ(header.baseSequence, 2147483646);
  EXPECT_EQ(header.lastSequence(), 0);  // 2147483646, 2147483647, 0
  EXPECT_TRUE(header.isTransactional());
  EXPECT_FALSE(header.isControl());
}

TEST(RecordBatch, GivesEveryRecordTheAppendTimeOfTheLog) {
  const RecordBatchView batch = view(fromHex(golden::kLogAppendTime));
  EXPECT_EQ(batch.header().timestampType(), TimestampType::LogAppendTime);
  EXPECT_EQ(describeAll(batch), (std::vector<std::string>{"5@99 k1=v1", "6@99 ~=", "7@99 =~ [h1=x] [=~] [h1=]"}));
}

TEST(RecordBatch, ReadsAllCodecsThatKafkaWrites) {
  const std::vector<std::string> expected = describeAll(view(fromHex(golden::kFortyNone)));
  ASSERT_EQ(expected.size(), 40U);
  EXPECT_EQ(expected[39], "39@273 key-39=value-39 value-39 value-39 value-39 value-39 ");
  for (std::string_view hex : {golden::kFortyGzip, golden::kFortySnappy, golden::kFortyLz4, golden::kFortyZstd}) {
    const RecordBatchView batch = view(fromHex(hex));
    EXPECT_TRUE(batch.header().isCompressed());
    EXPECT_EQ(describeAll(batch), expected);
  }
}

TEST(RecordBatch, HeaderIsWrittenAsItWasRead) {
  const Buffer bytes = fromHex(golden::kTransactional);
  std::vector<std::byte> written(BatchHeader::kSize);
  view(bytes).header().store(written.data());
  EXPECT_EQ(toHex(written), toHex(bytes.view().first(BatchHeader::kSize)));
}

TEST(RecordBatch, OffsetAndEpochChangeInPlaceWithoutTheCrc) {
  auto bytes = copyOf(fromHex(golden::kThree));
  stampOffsets(bytes.data(), 500, 8);
  const RecordBatchView batch = view(Buffer::adopt(std::move(bytes)));
  EXPECT_TRUE(batch.checkCrc());
  EXPECT_EQ(batch.header().baseOffset, 500);
  EXPECT_EQ(batch.header().partitionLeaderEpoch, 8);
  EXPECT_EQ(describeAll(batch)[2], "502@-3 =~ [h1=x] [=~] [h1=]");
}

TEST(RecordBatch, AppendTimeIsSetWithANewCrc) {
  auto bytes = copyOf(fromHex(golden::kThree));
  setMaxTimestamp(bytes, TimestampType::LogAppendTime, kTime + 42);
  const RecordBatchView batch = view(Buffer::adopt(std::move(bytes)));
  EXPECT_TRUE(batch.checkCrc());
  EXPECT_EQ(describeAll(batch)[0], "0@42 k1=v1");
}

TEST(RecordBatch, EveryFlippedBitBehindTheCrcIsFound) {
  const Buffer good = fromHex(golden::kThree);
  for (std::size_t at = 17; at < good.size(); ++at) {
    auto bytes = copyOf(good);
    bytes[at] ^= std::byte{0x10};
    const auto status = view(Buffer::adopt(std::move(bytes))).checkCrc();
    ASSERT_FALSE(status) << at;
    EXPECT_EQ(status.error().code(), ErrorCode::CorruptMessage);
  }
}

TEST(RecordBatch, EveryCutIsRefused) {
  const Buffer good = fromHex(golden::kThree);
  for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(RecordBatchView::parse(good.slice(0, length))) << length;
}

TEST(RecordBatch, OldAndUnknownMagicAreToldApart) {
  for (const auto& [magic, code] : {std::pair(0, ErrorCode::UnsupportedForMessageFormat), std::pair(1, ErrorCode::UnsupportedForMessageFormat),
                                    std::pair(3, ErrorCode::CorruptMessage), std::pair(-1, ErrorCode::CorruptMessage)}) {
    auto bytes = copyOf(fromHex(golden::kThree));
    bytes[16] = static_cast<std::byte>(magic);
    EXPECT_EQ(RecordBatchView::parse(Buffer::adopt(std::move(bytes))).error().code(), code) << magic;
  }
}

TEST(RecordBatch, AnUnassignedCodecIsRefused) {
  auto bytes = copyOf(fromHex(golden::kThree));
  bytes[22] = std::byte{6};
  EXPECT_EQ(view(Buffer::adopt(std::move(bytes))).records(kAny).error().code(), ErrorCode::UnsupportedCompressionType);
}

TEST(RecordBatch, DecompressionKeepsToItsLimit) {
  const RecordBatchView batch = view(fromHex(golden::kFortyZstd));
  EXPECT_EQ(batch.records(1000).error().code(), ErrorCode::MessageTooLarge);
}

TEST(RecordReader, DamagedRecordsEndTheReadingWithAnErrorAndNeverLeaveTheBatch) {
  const Buffer good = fromHex(golden::kThree);
  std::mt19937 random(6);
  int damaged = 0;
  for (int round = 0; round < 20000; ++round) {
    auto bytes = copyOf(good);
    for (int flips = 0; flips < 3; ++flips) bytes[57 + random() % (bytes.size() - 57)] = static_cast<std::byte>(random());
    const Buffer buffer = Buffer::adopt(std::move(bytes));
    auto reader = view(buffer).records(kAny);
    ASSERT_TRUE(reader);
    RecordView record;
    int read = 0;
    while (reader->next(record)) {
      ++read;
      std::size_t headers = 0;
      for (const RecordHeader& header : record.headers) headers += header.key.size() > 1000 ? 0 : 1;
      EXPECT_EQ(headers, record.headers.size());
    }
    EXPECT_LE(read, 40);
    damaged += reader->status() ? 0 : 1;
  }
  EXPECT_GT(damaged, 10000);
}

TEST(RecordReader, ACountBelowOrAboveTheRecordsIsDamage) {
  for (const int count : {2, 4, -1, 0x7FFFFFFF}) {
    auto bytes = copyOf(fromHex(golden::kThree));
    storeBigEndian<std::int32_t>(bytes.data() + 57, count);
    auto reader = view(Buffer::adopt(std::move(bytes))).records(kAny);
    ASSERT_TRUE(reader);
    RecordView record;
    while (reader->next(record)) {}
    EXPECT_EQ(reader->status().error().code(), ErrorCode::CorruptMessage) << count;
  }
}

TEST(BatchReader, GoesThroughManyBatchesAndStopsAtTheOneThatIsCutOff) {
  const Buffer three = fromHex(golden::kThree);
  const Buffer forty = fromHex(golden::kFortyLz4);
  auto bytes = copyOf(three);
  for (const std::byte byte : forty.view()) bytes.push_back(byte);
  const Buffer all = Buffer::adopt(std::move(bytes));
  for (std::size_t length = 0; length <= all.size(); ++length) {
    BatchReader reader(all.slice(0, length));
    std::vector<std::int32_t> counts;
    for (;;) {
      auto batch = reader.next();
      ASSERT_TRUE(batch) << length;
      if (!*batch) break;
      counts.push_back((*batch)->header().count);
      EXPECT_EQ((*batch)->bytes().owner(), all.owner());  // no copy
    }
    ASSERT_EQ(counts.size(), (length >= three.size() ? 1U : 0U) + (length == all.size() ? 1U : 0U)) << length;
  }
}

TEST(BatchReader, ALengthThatCannotBeIsAnError) {
  for (const int length : {-1, 0, 48, -2147483647}) {
    auto bytes = copyOf(fromHex(golden::kThree));
    storeBigEndian<std::int32_t>(bytes.data() + 8, length);
    BatchReader reader(Buffer::adopt(std::move(bytes)));
    EXPECT_EQ(reader.next().error().code(), ErrorCode::CorruptMessage) << length;
  }
}

TEST(BatchHeader, SequencesWrapBehindTheHighestNumber) {
  EXPECT_EQ(incrementSequence(5, 3), 8);
  EXPECT_EQ(incrementSequence(2147483647, 0), 2147483647);
  EXPECT_EQ(incrementSequence(2147483647, 1), 0);
  EXPECT_EQ(incrementSequence(2147483600, 100), 52);
  EXPECT_EQ(incrementSequence(5, -1157473436), -1157473431) << "a header that was not checked yet";
  EXPECT_EQ(incrementSequence(2147483647, -2147483647 - 1), -1);
}

TEST(ControlRecord, MarkersAndLeaderChangeOfKafkaAreRead) {
  struct Case {
    std::string_view hex;
    ControlRecordType type;
  };
  for (const Case& c : {Case{golden::kCommit, ControlRecordType::Commit}, Case{golden::kAbort, ControlRecordType::Abort},
                        Case{golden::kLeaderChange, ControlRecordType::LeaderChange}}) {
    const RecordBatchView batch = view(fromHex(c.hex));
    EXPECT_TRUE(batch.header().isControl());
    auto reader = batch.records(kAny);
    RecordView record;
    ASSERT_TRUE(reader && reader->next(record));
    ASSERT_TRUE(record.key);
    const auto key = ControlRecordKey::parse(*record.key);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->type, c.type);
    if (c.type == ControlRecordType::LeaderChange) continue;
    EXPECT_TRUE(batch.header().isTransactional());
    EXPECT_EQ(EndTransactionMarker::parse(*record.value)->coordinatorEpoch, 9);
  }
  EXPECT_FALSE(ControlRecordKey::parse(asBytes("abc")));
  EXPECT_EQ(controlRecordName(ControlRecordType::KRaftVoters), "KRAFT_VOTERS");
  EXPECT_EQ(controlRecordName(static_cast<ControlRecordType>(99)), "UNKNOWN");
}

}  // namespace
}  // namespace klamm::record
