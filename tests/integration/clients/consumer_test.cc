// The consumer's public calls.

#include <map>
#include <set>

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

constexpr int kPartitions = 4;
constexpr int kRecordsPerPartition = 500;

/// A topic of four partitions with 500 records each, every partition with another codec. Threading: one thread.
class ConsumerList : public ClientTest {
 protected:
  void SetUp() override {
    name_ = makeTopic("consumer", kPartitions);
    const std::vector<std::string> codecs = {"none", "gzip", "snappy", "lz4"};
    for (int partition = 0; partition < kPartitions; ++partition) {
      fill(name_, kRecordsPerPartition, partition, 0, config({{"compression.type", codecs[static_cast<std::size_t>(partition)]}}));
    }
  }
  /// Polls until `done` or the patience is at its end; checks order and values.
  template <class Done>
  void pollUntil(TextConsumer& consumer, std::map<std::int32_t, std::int64_t>& next, Done done) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      for (const auto& record : consumer.poll(100ms)) {
        EXPECT_EQ(record.offset, next[record.partition]);
        next[record.partition] = record.offset + 1;
        EXPECT_EQ(record.value, std::to_string(record.offset));
      }
    }
    EXPECT_TRUE(done());
  }
  static std::int64_t sum(const std::map<std::int32_t, std::int64_t>& next) {
    std::int64_t result = 0;
    for (const auto& [partition, offset] : next) result += offset;
    return result;
  }

  std::string name_;
};

TEST_F(ConsumerList, ReadsEveryCodecAndGoesOnFromItsCommitsAfterARestart) {
  constexpr std::int64_t total = kPartitions * kRecordsPerPartition;
  std::map<std::int32_t, std::int64_t> next;
  {
    Config settings = reading(name_);
    settings.set("max.poll.records", "300");
    TextConsumer consumer(settings);
    consumer.subscribe({name_});
    pollUntil(consumer, next, [&] { return sum(next) >= total / 2; });
    consumer.commitSync();
    OffsetMap committed = consumer.committed(consumer.assignment());
    for (const auto& [partition, offset] : next) {
      EXPECT_EQ((committed[{name_, partition}].offset), offset);
    }
    consumer.close(5s);
  }
  TextConsumer consumer(reading(name_));
  consumer.subscribe({name_});
  pollUntil(consumer, next, [&] { return sum(next) == total; });
  EXPECT_TRUE(consumer.poll(300ms).isEmpty()) << "nothing comes twice";
}

TEST_F(ConsumerList, TwoMembersShareTheTopicAndTheRestTakesOver) {
  TextConsumer first(reading(name_));
  TextConsumer second(reading(name_));
  first.subscribe({name_});
  second.subscribe({name_});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto pollBoth = [&](auto done) {
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      (void)first.poll(50ms);
      (void)second.poll(50ms);
    }
    return done();
  };
  EXPECT_TRUE(pollBoth([&] { return first.assignment().size() == 2 && second.assignment().size() == 2; }));
  std::set<TopicPartition> all;
  for (const auto* one : {&first, &second}) {
    for (const TopicPartition& partition : one->assignment()) all.insert(partition);
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kPartitions));
  second.close(5s);
  while (first.assignment().size() != kPartitions && std::chrono::steady_clock::now() < deadline) (void)first.poll(50ms);
  EXPECT_EQ(first.assignment().size(), static_cast<std::size_t>(kPartitions));
}

TEST_F(ConsumerList, SeeksAsksForOffsetsAndFollowsNewRecords) {
  TextConsumer consumer(reading(name_));
  const TopicPartition partition{name_, 2};
  consumer.assign({partition});
  consumer.seek(partition, 490);
  std::map<std::int32_t, std::int64_t> next{{2, 490}};
  pollUntil(consumer, next, [&] { return next[2] == kRecordsPerPartition; });
  EXPECT_EQ(consumer.position(partition), kRecordsPerPartition);
  EXPECT_EQ(consumer.endOffsets({partition}).at(partition), kRecordsPerPartition);
  EXPECT_EQ(consumer.beginningOffsets({partition}).at(partition), 0);
  const auto byTime = consumer.offsetsForTimes({{partition, firstTimestamp() + 250}});
  ASSERT_TRUE(byTime.at(partition));
  EXPECT_EQ(byTime.at(partition)->offset, 250);
  EXPECT_EQ(byTime.at(partition)->timestamp, firstTimestamp() + 250);
  EXPECT_FALSE(consumer.offsetsForTimes({{partition, 5'000'000'000'000}}).at(partition));
  consumer.seekToBeginning({partition});
  EXPECT_EQ(consumer.position(partition), 0);
  EXPECT_EQ(consumer.partitionsFor(name_).size(), static_cast<std::size_t>(kPartitions));
  EXPECT_EQ(consumer.listTopics().count(name_), 1U);
  EXPECT_EQ(consumer.currentLag(partition), kRecordsPerPartition);
}

TEST_F(ConsumerList, ResetsAnOffsetThatIsOutOfRange) {
  TextConsumer consumer(reading(name_));
  consumer.assign({{name_, 0}});
  consumer.seek({name_, 0}, 1'000'000);
  std::map<std::int32_t, std::int64_t> next;
  pollUntil(consumer, next, [&] { return next[0] == kRecordsPerPartition; });

  TextConsumer strict(reading(name_, {{"auto.offset.reset", "none"}}));
  strict.assign({{name_, 0}});
  EXPECT_THROW(for (;;) (void)strict.poll(100ms), NoOffsetForPartitionException);
  strict.seek({name_, 0}, 1'000'000);
  EXPECT_THROW(for (;;) (void)strict.poll(100ms), OffsetOutOfRangeException);
}

}  // namespace
}  // namespace klamm::test
