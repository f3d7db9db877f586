#include "consumer/fetched_partition.h"

#include <gtest/gtest.h>

#include <klamm/consumer_records.h>

#include "base/random.h"
#include "batches.h"
#include "record/batch_header.h"

namespace klamm::consumer {
namespace {

using Records = ConsumerRecords<std::string_view, std::string_view>;

FetchedSource source(std::int64_t fetchOffset = 0) {
  FetchedSource source;
  source.partition = std::make_shared<const TopicPartition>(TopicPartition{"t", 3});
  source.fetchOffset = fetchOffset;
  return source;
}

std::vector<std::int64_t> offsetsOf(FetchedPartition& fetched, std::size_t limit = 1000) {
  detail::FetchedRecords out;
  const Status status = fetched.take(limit, out);
  EXPECT_TRUE(status) << status.error().message();
  std::vector<std::int64_t> offsets;
  for (const auto& record : Records(std::move(out), {})) {
    EXPECT_EQ(*record.value, valueAt(record.offset, record.value->size()));
    offsets.push_back(record.offset);
  }
  return offsets;
}

TEST(FetchedPartition, GivesEveryFieldOfARecord) {
  auto fetched = FetchedPartition::arrive(source(), makeBatch({.baseOffset = 7, .count = 2}));
  detail::FetchedRecords out;
  ASSERT_TRUE(fetched->take(10, out));
  const Records records(std::move(out), {});
  ASSERT_EQ(records.count(), 2U);
  const auto second = *++records.begin();
  EXPECT_EQ(second.topic, "t");
  EXPECT_EQ(second.partition, 3);
  EXPECT_EQ(second.offset, 8);
  EXPECT_EQ(second.timestamp, 1008);
  EXPECT_EQ(second.timestampType, TimestampType::CreateTime);
  EXPECT_EQ(second.key, "k8");
  EXPECT_EQ(second.serializedKeySize, 2);
  EXPECT_EQ(second.value, valueAt(8));
  EXPECT_EQ(second.leaderEpoch, 5);
  ASSERT_EQ(second.headers.size(), 1U);
  EXPECT_EQ(second.headers.begin()->key, "h");
  EXPECT_EQ(records.nextOffsets().at({"t", 3}), (OffsetAndMetadata{9, 5, ""}));
  EXPECT_EQ(records.partitions(), (TopicPartitions{{"t", 3}}));
  EXPECT_EQ(records.records({"t", 3}).size(), 2U);
  EXPECT_TRUE(records.records({"t", 4}).empty());
}

/// Writes down what it is shown.
struct Witness final : Deserializer<std::string> {
  std::string deserialize(std::string_view topic, const HeadersView& headers, BytesView bytes) override {
    std::string seen = std::string(topic) + " " + std::string(asText(bytes));
    for (const Header& header : headers) seen += " " + std::string(header.key);
    return seen;
  }
};

TEST(FetchedPartition, ShowsADeserializerTopicHeadersAndBytes) {
  auto fetched = FetchedPartition::arrive(source(), makeBatch({.baseOffset = 7, .count = 2}));
  detail::FetchedRecords out;
  ASSERT_TRUE(fetched->take(10, out));
  const ConsumerRecords<std::string, std::string> records(std::move(out), {std::make_shared<Witness>(), std::make_shared<Witness>()});
  const auto second = *++records.begin();
  EXPECT_EQ(second.key, "t k8 h");
  EXPECT_EQ(second.value, "t " + std::string(valueAt(8)) + " h");
  EXPECT_EQ(second.headers.size(), 1U);
}

TEST(FetchedPartition, SkipsRecordsBeforeTheFetchOffset) {
  auto fetched = FetchedPartition::arrive(source(5), joined({makeBatch({.baseOffset = 0, .count = 3}), makeBatch({.baseOffset = 3, .count = 5})}));
  EXPECT_EQ(fetched->nextFetch(), 8);
  EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{5, 6, 7}));
  EXPECT_TRUE(offsetsOf(*fetched).empty());
  EXPECT_TRUE(fetched->drained());
  EXPECT_EQ(fetched->position(), 8);
}

TEST(FetchedPartition, TakesAtMostTheLimitAndGoesOnInTheMiddleOfABatch) {
  auto fetched = FetchedPartition::arrive(source(), joined({makeBatch({.baseOffset = 0, .count = 4}), makeBatch({.baseOffset = 4, .count = 4})}));
  EXPECT_EQ(offsetsOf(*fetched, 3), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(fetched->position(), 3);
  EXPECT_EQ(offsetsOf(*fetched, 3), (std::vector<std::int64_t>{3, 4, 5}));
  EXPECT_EQ(offsetsOf(*fetched, 3), (std::vector<std::int64_t>{6, 7}));
  EXPECT_TRUE(fetched->drained());
}

TEST(FetchedPartition, ReadsEveryCodec) {
  for (int codec = 0; codec <= 4; ++codec) {
    auto fetched = FetchedPartition::arrive(source(1), makeBatch({.count = 4, .codec = static_cast<compress::CompressionType>(codec), .valueSize = 5000}));
    EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{1, 2, 3})) << codec;
  }
}

TEST(FetchedPartition, SkipsControlBatchesButMovesThePositionOverThem) {
  auto fetched = FetchedPartition::arrive(source(), joined({makeBatch({.count = 2, .transactionOf = 9}), makeMarker(2, 9, true)}));
  EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{0, 1}));
  EXPECT_TRUE(fetched->drained());
  EXPECT_EQ(fetched->position(), 3);
}

TEST(FetchedPartition, HidesAbortedTransactionsFromReadCommittedOnly) {
  const Buffer log = joined({makeBatch({.baseOffset = 0, .count = 2, .transactionOf = 9}), makeBatch({.baseOffset = 2, .count = 2, .transactionOf = 8}),
                             makeMarker(4, 9, false), makeBatch({.baseOffset = 5, .count = 1, .transactionOf = 9}), makeMarker(6, 9, true), makeMarker(7, 8, true)});
  auto uncommitted = FetchedPartition::arrive(source(), log);
  EXPECT_EQ(offsetsOf(*uncommitted), (std::vector<std::int64_t>{0, 1, 2, 3, 5}));
  FetchedSource committed = source();
  committed.readCommitted = true;
  protocol::FetchResponse::AbortedTransaction aborted;
  aborted.producerId = 9;
  aborted.firstOffset = 0;
  committed.aborted.push_back(aborted);
  auto fetched = FetchedPartition::arrive(std::move(committed), log);
  EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{2, 3, 5}));
  EXPECT_EQ(fetched->position(), 8);
}

TEST(FetchedPartition, GoesOverTheGapsThatCompactionLeaves) {
  // Offsets 0 and 3 of 0..4 are left, and the batch still ends at 4.
  record::BatchBuilder builder;
  ASSERT_TRUE(builder.append(1, asBytes("a"), asBytes(valueAt(0)), {}));
  record::BatchFields fields;
  Buffer one = *builder.close(fields);
  std::vector<std::byte> bytes(one.view().begin(), one.view().end());
  storeBigEndian<std::int32_t>(bytes.data() + 23, 4);  // lastOffsetDelta
  FetchedSource unchecked = source();
  unchecked.checkCrcs = false;
  auto fetched = FetchedPartition::arrive(std::move(unchecked), joined({Buffer::adopt(bytes), makeBatch({.baseOffset = 9, .count = 1})}));
  EXPECT_EQ(fetched->nextFetch(), 10);
  EXPECT_EQ(offsetsOf(*fetched, 1), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(fetched->position(), 5);
  EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{9}));
}

TEST(FetchedPartition, IgnoresABatchThatIsCutOffAtTheEnd) {
  const Buffer second = makeBatch({.baseOffset = 2, .count = 50});
  auto fetched = FetchedPartition::arrive(source(), joined({makeBatch({.baseOffset = 0, .count = 2}), second.slice(0, second.size() - 1)}));
  EXPECT_TRUE(fetched->sound());
  EXPECT_EQ(fetched->nextFetch(), 2);
  EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{0, 1}));
}

TEST(FetchedPartition, SaysSoWhenNotEvenTheFirstBatchIsWhole) {
  const Buffer batch = makeBatch({.count = 50});
  auto fetched = FetchedPartition::arrive(source(), batch.slice(0, batch.size() - 1));
  EXPECT_FALSE(fetched->sound());
  detail::FetchedRecords out;
  const Status status = fetched->take(10, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::MessageTooLarge);
}

TEST(FetchedPartition, GivesTheSoundBatchesAndThenNamesTheDamagedOne) {
  const Buffer bad = makeBatch({.baseOffset = 2, .count = 2});
  std::vector<std::byte> bytes(bad.view().begin(), bad.view().end());
  bytes.back() ^= std::byte{1};
  auto fetched = FetchedPartition::arrive(source(), joined({makeBatch({.baseOffset = 0, .count = 2}), Buffer::adopt(bytes)}));
  EXPECT_FALSE(fetched->sound());
  EXPECT_EQ(offsetsOf(*fetched), (std::vector<std::int64_t>{0, 1}));
  for (int again = 0; again < 2; ++again) {
    detail::FetchedRecords out;
    const Status status = fetched->take(10, out);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::CorruptMessage);
    EXPECT_NE(status.error().message().find("t-3 at offset 2"), std::string::npos) << status.error().message();
    EXPECT_FALSE(fetched->drained());
  }
}

/// Wraps bytes as the records of a batch that says it holds `count` of them.
Buffer batchOf(const std::vector<std::byte>& records, std::int32_t count) {
  std::vector<std::byte> bytes(record::BatchHeader::kSize);
  record::BatchHeader header;
  header.batchLength = static_cast<std::int32_t>(bytes.size() - record::BatchHeader::kLogOverhead + records.size());
  header.lastOffsetDelta = std::max(0, count - 1);
  header.count = count;
  header.store(bytes.data());
  bytes.insert(bytes.end(), records.begin(), records.end());
  return Buffer::adopt(std::move(bytes));
}

TEST(FetchedPartition, NeverReadsOutsideOfBytesThatAHostileBrokerMadeUp) {
  const auto random = seededRandom(7);
  const Buffer good = makeBatch({.count = 20});
  const std::vector<std::byte> records(good.view().begin() + record::BatchHeader::kSize, good.view().end());
  std::size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> changed = records;
    for (std::uint64_t i = 0; i <= random->below(4); ++i) changed[random->below(changed.size())] = static_cast<std::byte>(random->next());
    if (random->below(8) == 0) changed.resize(random->below(changed.size()));
    FetchedSource unchecked = source();
    unchecked.checkCrcs = false;
    auto fetched = FetchedPartition::arrive(std::move(unchecked), batchOf(changed, static_cast<std::int32_t>(random->below(40))));
    std::size_t bytes = 0;
    for (int calls = 0; calls < 50 && !fetched->drained(); ++calls) {
      detail::FetchedRecords out;
      const Status status = fetched->take(1 + random->below(7), out);
      std::size_t count = 0;
      for (const auto& record : Records(out, {})) {
        ++count;
        if (record.key) bytes += record.key->size();
        if (record.value) bytes += record.value->size();
        for (const Header& header : record.headers) bytes += header.key.size() + (header.value ? header.value->size() : 0);
      }
      EXPECT_EQ(count, out.count);
      if (!status) {
        ++refused;
        break;
      }
    }
    EXPECT_LE(bytes, changed.size());
  }
  EXPECT_GT(refused, 1000U);
}

TEST(FetchedPartition, RefusesOffsetsThatMakeNoSense) {
  const Buffer good = makeBatch({.count = 2});
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, std::int32_t>>{{23, -1}, {57, -5}, {0, -1}}) {
    std::vector<std::byte> bytes(good.view().begin(), good.view().end());
    storeBigEndian(bytes.data() + at, value);
    FetchedSource unchecked = source();
    unchecked.checkCrcs = false;
    auto fetched = FetchedPartition::arrive(std::move(unchecked), Buffer::adopt(bytes));
    EXPECT_FALSE(fetched->sound()) << at;
    EXPECT_EQ(fetched->nextFetch(), 0);
  }
}

}  // namespace
}  // namespace klamm::consumer
