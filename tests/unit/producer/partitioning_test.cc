#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include <klamm/partitioner.h>

#include "base/murmur2.h"
#include "producer/accumulator.h"
#include "producer/topic.h"
#include "support/manual_clock.h"

namespace klamm::producer {
namespace {

class Partitioning : public ::testing::Test {
 protected:
  ProducerSettings settings = [] {
    ProducerSettings s;
    s.batchSize = 1000;
    return s;
  }();
  klamm::test::ManualClock clock;
  std::unique_ptr<Random> random = seededRandom(7);
  Accumulator accumulator{settings, clock, *random};
  Topic& topic = accumulator.topics().findOrAdd("t");

  void setLeaders(const std::vector<client::NodeId>& leaders) {
    client::TopicMetadata metadata;
    metadata.name = "t";
    for (std::size_t i = 0; i < leaders.size(); ++i) {
      metadata.partitions.push_back({.partition = static_cast<std::int32_t>(i), .leader = leaders[i]});
    }
    topic.apply(metadata, ++version_);
  }
  std::int32_t appendSticky(std::size_t bytes) {
    const std::vector<std::byte> value(bytes);
    SendCallback none;
    TimePoint deadline = clock.now();
    const auto appended = accumulator.append(topic, -1, {.topic = "t", .value = BytesView(value)}, none, deadline);
    EXPECT_TRUE(appended);
    return appended->queue->partition;
  }
  /// As if the sender had taken everything.
  void drain() {
    for (const auto& queue : topic.queues) {
      const MutexLock lock(queue->mutex);
      queue->batches.clear();
      queue->updateReady(settings.linger, settings.batchSize, 1.0F);
    }
  }

 private:
  std::uint64_t version_ = 0;
};

TEST_F(Partitioning, StaysOnAPartitionForABatchOfBytesAndThenMoves) {
  setLeaders({1, 1, 1, 1});
  std::vector<std::int32_t> runs;
  std::int32_t last = -1;
  std::size_t length = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::int32_t partition = appendSticky(100);
    if (partition != last && last >= 0) {
      runs.push_back(static_cast<std::int32_t>(length));
      length = 0;
    }
    last = partition;
    ++length;
    if (i % 50 == 0) drain();
  }
  for (const std::int32_t run : runs) EXPECT_GE(run, 1000 / 136);
  EXPECT_GT(runs.size(), 100U);
}

TEST_F(Partitioning, APartitionThatIsGoneWhenMemoryComesIsTold) {
  settings.bufferMemory = settings.batchSize;
  Accumulator small(settings, clock, *random);
  Topic& shrinking = small.topics().findOrAdd("t");
  const auto withPartitions = [](std::int32_t count) {
    client::TopicMetadata metadata;
    metadata.name = "t";
    for (std::int32_t i = 0; i < count; ++i) metadata.partitions.push_back({.partition = i, .leader = 1});
    return metadata;
  };
  shrinking.apply(withPartitions(8), 1);
  SendCallback none;
  TimePoint deadline = clock.now();
  ASSERT_TRUE(small.append(shrinking, 0, {.topic = "t"}, none, deadline)) << "takes all the memory there is";
  small.onExhausted([&] {
    shrinking.apply(withPartitions(3), 2);
    const MutexLock lock(shrinking.queues[0]->mutex);
    shrinking.queues[0]->batches.clear();
  });
  const auto appended = small.append(shrinking, 7, {.topic = "t"}, none, deadline);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code(), ErrorCode::UnknownTopicOrPartition);
  EXPECT_EQ(small.appendToOpen(shrinking, 7, {.topic = "t"}, none).queue, nullptr);
}

TEST_F(Partitioning, SpreadsEvenlyOverPartitions) {
  setLeaders({1, 2, 3, 1, 2});
  std::map<std::int32_t, int> counts;
  for (int i = 0; i < 20000; ++i) {
    ++counts[appendSticky(100)];
    drain();
  }
  for (const auto& [partition, count] : counts) EXPECT_NEAR(count, 4000, 800) << partition;
  EXPECT_EQ(counts.size(), 5U);
}

TEST_F(Partitioning, LeavesOutPartitionsWithoutALeader) {
  setLeaders({1, -1, 1});
  for (int i = 0; i < 500; ++i) {
    EXPECT_NE(appendSticky(500), 1);
    drain();
  }
}

TEST_F(Partitioning, TakesAnyPartitionWhenNoneHasALeader) {
  setLeaders({-1, -1});
  EXPECT_GE(appendSticky(10), 0);
}

TEST_F(Partitioning, LongQueuesGetFewerRecords) {
  setLeaders({1, 1});
  topic.queues[0]->length = 9;
  topic.queues[1]->length = 0;
  std::map<std::int32_t, int> counts;
  for (int i = 0; i < 11000; ++i) ++counts[nextStickyPartition(*topic.table.load(), true, *random)];
  EXPECT_NEAR(counts[0], 1000, 200) << "1 part of 11";
  EXPECT_NEAR(counts[1], 10000, 200) << "10 parts of 11";
  counts.clear();
  for (int i = 0; i < 10000; ++i) ++counts[nextStickyPartition(*topic.table.load(), false, *random)];
  EXPECT_NEAR(counts[0], 5000, 400) << "not adaptive";
}

TEST_F(Partitioning, LeavesOutSlowBrokers) {
  setLeaders({1, 2});
  topic.queues[0]->slow = true;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(nextStickyPartition(*topic.table.load(), true, *random), 1);
}

TEST(RoundRobinPartitioner, GoesThroughThePartitionsThatHaveALeader) {
  RoundRobinPartitioner partitioner;
  const std::int32_t available[] = {0, 2};
  const PartitionContext context{.topic = "t", .partitionCount = 3, .available = available};
  EXPECT_EQ(partitioner.partition(context), 0);
  EXPECT_EQ(partitioner.partition(context), 2);
  EXPECT_EQ(partitioner.partition(context), 0);
}

/// From org.apache.kafka.common.utils.Utils of kafka-clients 4.3.1: murmur2, and toPositive(murmur2) % 12.
struct Vector {
  std::string_view key;
  std::int32_t hash;
  std::int32_t of12;
};
constexpr Vector kVectors[] = {
#include "unit/producer/murmur2_vectors.inc"
};

TEST(KeyHash, GivesJavasPartition) {
  for (const Vector& vector : kVectors) {
    const std::int32_t hash = murmur2(asBytes(vector.key));
    EXPECT_EQ(hash, vector.hash) << vector.key;
    EXPECT_EQ(toPositive(hash) % 12, vector.of12) << vector.key;
  }
}

TEST(TopicTable, FindsTopicsByNameAlsoWhenTheyShareASlot) {
  TopicTable table;
  EXPECT_EQ(table.find("missing"), nullptr);
  std::vector<Topic*> topics;
  for (int i = 0; i < 500; ++i) topics.push_back(&table.findOrAdd("topic-" + std::to_string(i)));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 500; ++i) EXPECT_EQ(table.find("topic-" + std::to_string(i)), topics[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(table.find("topic-500"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
  EXPECT_EQ(&table.findOrAdd("topic-7"), topics[7]);
  EXPECT_EQ(table.all().size(), 500U);
}

}  // namespace
}  // namespace klamm::producer
