// A consumer without a group: positions, seeks, resets, pauses, offsets by time, wake-ups.

#include <cmath>

#include "client/client.h"
#include "client/client_config.h"
#include "integration/clients/client_test.h"
#include "protocol/21_delete_records.h"

namespace klamm::test {
namespace {

class PositionsList : public ClientTest {
 protected:
  /// Deletes what lies before an offset, at the leader. Returns the new first offset.
  std::int64_t deleteRecords(const TopicPartition& partition, std::int64_t before) {
    auto settings = client::clientSettings(config(), ClientKind::Admin, "delete-records");
    const auto client = *client::Client::start(*settings);
    const auto described = admin().describeTopics({partition.topic}).values.at(partition.topic).get();
    protocol::DeleteRecordsRequest request;
    request.timeoutMs = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = partition.topic;
    auto& one = topic.partitions.emplace_back();
    one.partitionIndex = partition.partition;
    one.offset = before;
    client->metadata().setTopics({partition.topic});
    (void)client::awaitUpdate(client->metadata(), 0, client->loop().now() + kPatience);
    std::promise<Result<protocol::DeleteRecordsResponse>> promise;
    client->network().send(described.partitions.at(static_cast<std::size_t>(partition.partition)).leader->id, client::Channel::General, std::move(request), {},
                           [&](Result<protocol::DeleteRecordsResponse> answer) { promise.set_value(std::move(answer)); });
    const auto answer = promise.get_future().get();
    EXPECT_TRUE(answer) << answer.error().message();
    if (!answer) return -1;
    EXPECT_EQ(answer->topics.at(0).partitions.at(0).errorCode, ErrorCode::None);
    return answer->topics.at(0).partitions.at(0).lowWatermark;
  }
};

TEST_F(PositionsList, PositionsFollowSeeksAndWhatWasRead) {
  const std::string topic = makeTopic("seek");
  fill(topic, 100);
  const TopicPartition tp{topic, 0};
  TextConsumer consumer(reading("", {{"max.poll.records", "10"}}));
  consumer.assign({tp});
  EXPECT_EQ(consumer.position(tp), 0);
  EXPECT_EQ(take(consumer, 10), numbers(0, 10));
  EXPECT_EQ(consumer.position(tp), 10);
  consumer.seek(tp, 95);
  EXPECT_EQ(consumer.position(tp), 95);
  EXPECT_EQ(take(consumer, 5), numbers(95, 100));
  consumer.seekToBeginning({tp});
  EXPECT_EQ(take(consumer, 10), numbers(0, 10));
  consumer.seekToEnd();
  EXPECT_EQ(consumer.position(tp), 100);
  EXPECT_TRUE(consumer.poll(50ms).isEmpty());
  consumer.seek(tp, OffsetAndMetadata{.offset = 50, .metadata = "half"});
  EXPECT_EQ(takeOne(consumer), "50");
  EXPECT_THROW(consumer.seek(tp, -1), IllegalArgumentException);
  EXPECT_THROW(consumer.seek({topic, 1}, 0), IllegalStateException);
  EXPECT_THROW(consumer.seekToEnd({{topic, 1}}), IllegalStateException);
  EXPECT_THROW((void)consumer.position({topic, 1}), IllegalStateException);
}

TEST_F(PositionsList, APausedPartitionKeepsItsPlace) {
  const std::string topic = makeTopic("pause", 2);
  fill(topic, 50, 0);
  fill(topic, 50, 1);
  TextConsumer consumer(reading("", {{"max.poll.records", "10"}}));
  consumer.assign({{topic, 0}, {topic, 1}});
  consumer.pause({{topic, 1}});
  EXPECT_EQ(consumer.paused(), (TopicPartitions{{topic, 1}}));
  EXPECT_EQ(take(consumer, 50), numbers(0, 50));
  EXPECT_TRUE(consumer.poll(100ms).isEmpty());
  consumer.resume({{topic, 1}});
  EXPECT_TRUE(consumer.paused().empty());
  EXPECT_EQ(take(consumer, 10), numbers(0, 10));
  consumer.pause({{topic, 1}});
  EXPECT_TRUE(consumer.poll(100ms).isEmpty()) << "what was fetched before stays back as well";
  const std::int64_t at = consumer.position({topic, 1});
  consumer.resume({{topic, 1}});
  EXPECT_EQ(takeOne(consumer), std::to_string(at));
  EXPECT_THROW(consumer.pause({{topic, 7}}), IllegalStateException);
  EXPECT_THROW(consumer.resume({{topic, 7}}), IllegalStateException);
}

TEST_F(PositionsList, WithoutACommitTheResetPolicyDecides) {
  const std::string topic = makeTopic("reset");
  fill(topic, 20);
  const TopicPartition tp{topic, 0};
  {
    TextConsumer consumer(reading("", {{"auto.offset.reset", "latest"}}));
    consumer.assign({tp});
    EXPECT_EQ(consumer.position(tp), 20);
    fill(topic, 1, 0, 20);
    EXPECT_EQ(takeOne(consumer), "20");
  }
  {
    TextConsumer consumer(reading("", {{"auto.offset.reset", "earliest"}}));
    consumer.assign({tp});
    EXPECT_EQ(consumer.position(tp), 0);
  }
  {
    TextConsumer consumer(reading("", {{"auto.offset.reset", "none"}}));
    consumer.assign({tp});
    EXPECT_THROW((void)consumer.position(tp), NoOffsetForPartitionException);
    EXPECT_THROW((void)take(consumer, 1), NoOffsetForPartitionException);
  }
  {
    TextConsumer consumer(reading("", {{"auto.offset.reset", "by_duration:PT30M"}}));
    consumer.assign({tp});
    EXPECT_EQ(consumer.position(tp), 21) << "all records are an hour old";
  }
  {
    TextConsumer consumer(reading("", {{"auto.offset.reset", "by_duration:PT2H"}}));
    consumer.assign({tp});
    EXPECT_EQ(consumer.position(tp), 0);
  }
  EXPECT_THROW(TextConsumer(reading("", {{"auto.offset.reset", "sometime"}})), ConfigException);
}

TEST_F(PositionsList, AnOffsetOutOfRangeIsResetOrTold) {
  const std::string topic = makeTopic("range");
  fill(topic, 20);
  const TopicPartition tp{topic, 0};
  {
    TextConsumer consumer(reading("", {{"auto.offset.reset", "latest"}}));
    consumer.assign({tp});
    consumer.seek(tp, 1'000);
    eventually("the position is at the end", [&] {
      EXPECT_TRUE(consumer.poll(50ms).isEmpty());
      return consumer.position(tp) == 20;
    });
  }
  {
    TextConsumer consumer(reading(""));
    consumer.assign({tp});
    consumer.seek(tp, 1'000);
    EXPECT_EQ(take(consumer, 20), numbers(0, 20));
  }
  TextConsumer consumer(reading("", {{"auto.offset.reset", "none"}}));
  consumer.assign({tp});
  consumer.seek(tp, 1'000);
  EXPECT_THROW((void)take(consumer, 1), OffsetOutOfRangeException);
  consumer.seek(tp, 19);
  EXPECT_EQ(takeOne(consumer), "19");
}

TEST_F(PositionsList, RecordsThatWereDeletedAreSkippedByTheReset) {
  const std::string topic = makeTopic("deleted");
  fill(topic, 50);
  const TopicPartition tp{topic, 0};
  EXPECT_EQ(deleteRecords(tp, 30), 30);
  TextConsumer consumer(reading(""));
  consumer.assign({tp});
  EXPECT_EQ(consumer.beginningOffsets({tp}).at(tp), 30);
  consumer.seek(tp, 3);
  EXPECT_EQ(take(consumer, 20), numbers(30, 50));
  EXPECT_EQ(admin().listOffsets({{tp, OffsetSpec::earliest()}}).values.at(tp).get().offset, 30);
  EXPECT_EQ(deleteRecords(tp, -1), 50) << "-1 means all";
  EXPECT_EQ(consumer.beginningOffsets({tp}).at(tp), 50);
}

TEST_F(PositionsList, OffsetsAreFoundByTime) {
  const std::string topic = makeTopic("times", 2);
  fill(topic, 30);
  const TopicPartition tp{topic, 0};
  const TopicPartition empty{topic, 1};
  TextConsumer consumer(reading(""));
  const auto found = consumer.offsetsForTimes({{tp, firstTimestamp() + 10}, {empty, firstTimestamp()}});
  ASSERT_TRUE(found.at(tp));
  EXPECT_EQ(found.at(tp)->offset, 10);
  EXPECT_EQ(found.at(tp)->timestamp, firstTimestamp() + 10);
  EXPECT_FALSE(found.at(empty));
  EXPECT_EQ(consumer.offsetsForTimes({{tp, 0}}).at(tp)->offset, 0);
  EXPECT_FALSE(consumer.offsetsForTimes({{tp, firstTimestamp() + 30}}).at(tp));
  EXPECT_THROW((void)consumer.offsetsForTimes({{tp, -1}}), IllegalArgumentException);
  EXPECT_EQ(consumer.endOffsets({tp, empty}), (TextConsumer::Offsets{{tp, 30}, {empty, 0}}));
  EXPECT_EQ(consumer.beginningOffsets({tp, empty}), (TextConsumer::Offsets{{tp, 0}, {empty, 0}}));
  EXPECT_TRUE(consumer.endOffsets({}).empty());
  EXPECT_THROW((void)consumer.endOffsets({{topic, 9}}, 400ms), TimeoutException);
}

TEST_F(PositionsList, TheLagIsWhatIsLeftToRead) {
  const std::string topic = makeTopic("lag");
  fill(topic, 30);
  const TopicPartition tp{topic, 0};
  TextConsumer consumer(reading("", {{"max.poll.records", "10"}}));
  consumer.assign({tp});
  EXPECT_EQ(take(consumer, 10).size(), 10U);
  EXPECT_EQ(consumer.currentLag(tp), 20);
  consumer.seek(tp, 25);
  EXPECT_EQ(consumer.currentLag(tp), 5);
  EXPECT_THROW((void)consumer.currentLag({topic, 4}), IllegalStateException);
}

TEST_F(PositionsList, TopicsAndTheirPartitionsAreTold) {
  const std::string topic = makeTopic("told", 3);
  TextConsumer consumer(reading("", {{"allow.auto.create.topics", "false"}}));
  const auto partitions = consumer.partitionsFor(topic);
  ASSERT_EQ(partitions.size(), 3U);
  EXPECT_EQ(partitions[0].topic, topic);
  ASSERT_TRUE(partitions[0].leader);
  EXPECT_EQ(partitions[0].replicas.size(), static_cast<std::size_t>(std::min(3, TestCluster::get().nodes())));
  EXPECT_TRUE(consumer.partitionsFor(uniqueName("nowhere")).empty());
  EXPECT_THROW((void)consumer.partitionsFor("in/valid"), InvalidTopicException);
  const auto all = consumer.listTopics();
  ASSERT_TRUE(all.contains(topic));
  EXPECT_EQ(all.at(topic).size(), 3U);
}

TEST_F(PositionsList, CallsThatDoNotFitAreRefused) {
  const std::string topic = makeTopic("refused");
  TextConsumer consumer(reading(""));
  EXPECT_THROW((void)consumer.poll(10ms), IllegalStateException) << "nothing is subscribed or assigned";
  EXPECT_THROW(consumer.subscribe({topic}), InvalidGroupIdException);
  TextConsumer grouped(reading(uniqueName("group")));
  grouped.subscribe({topic});
  EXPECT_THROW(grouped.assign({{topic, 0}}), IllegalStateException);
  EXPECT_THROW(grouped.subscribePattern("x.*"), IllegalStateException);
  grouped.unsubscribe();
  grouped.assign({{topic, 0}});
  EXPECT_THROW(grouped.subscribe({topic}), IllegalStateException);
  consumer.assign({{topic, 0}});
  EXPECT_THROW(consumer.commitSync(), InvalidGroupIdException);
  EXPECT_THROW((void)consumer.committed({{topic, 0}}), InvalidGroupIdException);
  EXPECT_THROW((void)consumer.groupMetadata(), InvalidGroupIdException);
  EXPECT_THROW(consumer.assign({{"", 0}}), IllegalArgumentException);
  consumer.assign({});
  EXPECT_TRUE(consumer.assignment().empty());
  consumer.close();
  EXPECT_THROW((void)consumer.poll(10ms), IllegalStateException);
  EXPECT_THROW((void)consumer.assignment(), IllegalStateException);
  consumer.close();
}

TEST_F(PositionsList, WakeupEndsTheCallThatWaitsOrTheNextOne) {
  const std::string topic = makeTopic("wakeup");
  TextConsumer consumer(reading(""));
  consumer.assign({{topic, 0}});
  consumer.wakeup();
  EXPECT_THROW((void)consumer.poll(10s), WakeupException);
  const auto begin = std::chrono::steady_clock::now();
  std::thread waker([&] {
    std::this_thread::sleep_for(100ms);
    consumer.wakeup();
  });
  EXPECT_THROW((void)consumer.poll(30s), WakeupException);
  waker.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  fill(topic, 1);
  EXPECT_EQ(takeOne(consumer), "0") << "the consumer goes on";
}

TEST_F(PositionsList, PollTakesAtMostItsTime) {
  const std::string topic = makeTopic("quiet");
  TextConsumer consumer(reading(""));
  consumer.assign({{topic, 0}});
  for (const auto timeout : {0ms, 1ms, 250ms}) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(consumer.poll(timeout).isEmpty());
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(took, timeout + 5s);
    EXPECT_GE(took + 1ms, timeout);
  }
}

TEST_F(PositionsList, NobodyThereIsATimeout) {
  const Config nobody{{"bootstrap.servers", "127.0.0.1:1"}, {"group.id", "g"}, {"default.api.timeout.ms", "300"}, {"request.timeout.ms", "300"}};
  TextConsumer consumer(nobody);
  EXPECT_THROW((void)consumer.listTopics(), TimeoutException);
  EXPECT_THROW((void)consumer.partitionsFor("topic"), TimeoutException);
  EXPECT_THROW((void)consumer.endOffsets({{"topic", 0}}), TimeoutException);
  consumer.assign({{"topic", 0}});
  EXPECT_THROW((void)consumer.committed({{"topic", 0}}), TimeoutException);
  EXPECT_THROW(consumer.commitSync({{{"topic", 0}, {.offset = 1}}}), TimeoutException);
  EXPECT_THROW((void)consumer.position({"topic", 0}), TimeoutException);
  EXPECT_TRUE(consumer.poll(100ms).isEmpty());
}

}  // namespace
}  // namespace klamm::test
