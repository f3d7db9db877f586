// Against the broker in KLAMM_TEST_BOOTSTRAP; skipped where that is not set.

#include <gtest/gtest.h>

#include <klamm/consumer.h>

#include <chrono>
#include <future>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "batches.h"
#include "client/client.h"
#include "protocol/00_produce.h"
#include "protocol/19_create_topics.h"

namespace klamm::consumer {
namespace {

using namespace std::chrono_literals;
using TextConsumer = Consumer<std::string, std::string>;

constexpr int kPartitions = 4;
constexpr int kRecordsPerPartition = 500;

class ConsumerOnRealBroker : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* bootstrap = std::getenv("KLAMM_TEST_BOOTSTRAP");
    if (bootstrap == nullptr) GTEST_SKIP() << "KLAMM_TEST_BOOTSTRAP is not set";
    bootstrap_ = bootstrap;
    name_ = "klamm-consumer-" + std::to_string(systemRandom().next() % 1'000'000'000);
    makeTopic();
  }
  Config config(const std::string& group) const {
    return {{"bootstrap.servers", bootstrap_}, {"group.id", group}, {"auto.offset.reset", "earliest"}, {"session.timeout.ms", "10000"}};
  }
  template <class Request>
  Result<typename Request::Response> ask(client::Client& client, client::NodeId node, Request request, std::int16_t maxVersion = 12) {
    auto promise = std::make_shared<std::promise<Result<typename Request::Response>>>();
    client.network().send(node, client::Channel::General, std::move(request), {.timeout = 30s, .maxVersion = maxVersion},
                          [promise](Result<typename Request::Response> answer) { promise->set_value(std::move(answer)); });
    return promise->get_future().get();
  }
  /// Four partitions with 500 records each, every partition with another codec.
  void makeTopic() {
    client::ClientSettings settings;
    settings.bootstrap = *client::parseBootstrap(bootstrap_);
    const auto client = *client::Client::start(settings);
    protocol::CreateTopicsRequest create;
    auto& topic = create.topics.emplace_back();
    topic.name = name_;
    topic.numPartitions = kPartitions;
    topic.replicationFactor = 1;
    create.timeoutMs = 30000;
    const auto created = ask(*client, client::kAnyNode, create);
    ASSERT_TRUE(created) << created.error().message();
    ASSERT_EQ(created->topics.at(0).errorCode, ErrorCode::None);
    client->metadata().setTopics({name_});
    std::uint64_t version = 0;
    for (;;) {
      const auto cluster = client::awaitUpdate(client->metadata(), version, client->loop().now() + 30s);
      ASSERT_TRUE(cluster) << cluster.error().message();
      version = (*cluster)->version;
      const auto* known = (*cluster)->partition(name_, kPartitions - 1);
      if (known != nullptr && known->leader >= 0) break;
      client->metadata().requestUpdate("the topic is new");
    }
    for (int partition = 0; partition < kPartitions; ++partition) {
      protocol::ProduceRequest produce;
      produce.acks = -1;
      produce.timeoutMs = 30000;
      auto& data = produce.topicData.emplace_back();
      data.name = name_;
      auto& entry = data.partitionData.emplace_back();
      entry.index = partition;
      entry.records = Parts(makeBatch({.count = kRecordsPerPartition, .codec = static_cast<compress::CompressionType>(partition)}));
      const auto cluster = client->metadata().snapshot();
      const auto* known = cluster->partition(name_, partition);
      ErrorCode error = ErrorCode::NotLeaderOrFollower;
      for (int attempt = 0; attempt < 100 && error == ErrorCode::NotLeaderOrFollower; ++attempt) {  // until the leader knows that it is one
        const auto answer = ask(*client, known->leader, produce);
        ASSERT_TRUE(answer) << answer.error().message();
        error = answer->responses.at(0).partitionResponses.at(0).errorCode;
        if (error != ErrorCode::None) std::this_thread::sleep_for(50ms);
      }
      ASSERT_EQ(error, ErrorCode::None);
    }
  }
  /// Polls until `done` or 30 s have passed; checks order and values.
  template <class Done>
  void pollUntil(TextConsumer& consumer, std::map<std::int32_t, std::int64_t>& next, Done done) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      for (const auto& record : consumer.poll(100ms)) {
        EXPECT_EQ(record.offset, next[record.partition]);
        next[record.partition] = record.offset + 1;
        EXPECT_EQ(record.value, valueAt(record.offset));
      }
    }
    EXPECT_TRUE(done());
  }
  static std::int64_t sum(const std::map<std::int32_t, std::int64_t>& next) {
    std::int64_t result = 0;
    for (const auto& [partition, offset] : next) result += offset;
    return result;
  }

  std::string bootstrap_;
  std::string name_;
};

TEST_F(ConsumerOnRealBroker, ReadsEveryCodecAndGoesOnFromItsCommitsAfterARestart) {
  constexpr std::int64_t total = kPartitions * kRecordsPerPartition;
  std::map<std::int32_t, std::int64_t> next;
  {
    Config settings = config(name_);
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
  TextConsumer consumer(config(name_));
  consumer.subscribe({name_});
  pollUntil(consumer, next, [&] { return sum(next) == total; });
  EXPECT_TRUE(consumer.poll(300ms).isEmpty()) << "nothing comes twice";
}

TEST_F(ConsumerOnRealBroker, TwoMembersShareTheTopicAndTheRestTakesOver) {
  TextConsumer first(config(name_));
  TextConsumer second(config(name_));
  first.subscribe({name_});
  second.subscribe({name_});
  const auto deadline = std::chrono::steady_clock::now() + 30s;
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

TEST_F(ConsumerOnRealBroker, SeeksAsksForOffsetsAndFollowsNewRecords) {
  TextConsumer consumer(config(name_));
  const TopicPartition partition{name_, 2};
  consumer.assign({partition});
  consumer.seek(partition, 490);
  std::map<std::int32_t, std::int64_t> next{{2, 490}};
  pollUntil(consumer, next, [&] { return next[2] == kRecordsPerPartition; });
  EXPECT_EQ(consumer.position(partition), kRecordsPerPartition);
  EXPECT_EQ(consumer.endOffsets({partition}).at(partition), kRecordsPerPartition);
  EXPECT_EQ(consumer.beginningOffsets({partition}).at(partition), 0);
  const auto byTime = consumer.offsetsForTimes({{partition, 1250}});
  ASSERT_TRUE(byTime.at(partition));
  EXPECT_EQ(byTime.at(partition)->offset, 250);
  EXPECT_EQ(byTime.at(partition)->timestamp, 1250);
  EXPECT_FALSE(consumer.offsetsForTimes({{partition, 5'000'000'000'000}}).at(partition));
  consumer.seekToBeginning({partition});
  EXPECT_EQ(consumer.position(partition), 0);
  EXPECT_EQ(consumer.partitionsFor(name_).size(), static_cast<std::size_t>(kPartitions));
  EXPECT_EQ(consumer.listTopics().count(name_), 1U);
  EXPECT_EQ(consumer.currentLag(partition), kRecordsPerPartition);
}

TEST_F(ConsumerOnRealBroker, ResetsAnOffsetThatIsOutOfRange) {
  TextConsumer consumer(config(name_));
  consumer.assign({{name_, 0}});
  consumer.seek({name_, 0}, 1'000'000);
  std::map<std::int32_t, std::int64_t> next;
  pollUntil(consumer, next, [&] { return next[0] == kRecordsPerPartition; });

  Config none = config(name_);
  none.set("auto.offset.reset", "none");
  TextConsumer strict(none);
  strict.assign({{name_, 0}});
  EXPECT_THROW(for (;;) (void)strict.poll(100ms), NoOffsetForPartitionException);
  strict.seek({name_, 0}, 1'000'000);
  EXPECT_THROW(for (;;) (void)strict.poll(100ms), OffsetOutOfRangeException);
}

}  // namespace
}  // namespace klamm::consumer
