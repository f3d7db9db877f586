// What a producer says when it cannot: the same errors as Java's client, at the same call.

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

class ProducerErrorsList : public ClientTest {};

TEST_F(ProducerErrorsList, ARecordThatThisTopicDoesNotTakeIsTooLarge) {
  const std::string topic = makeTopic("too-large", 1, {{"max.message.bytes", "1000"}});
  TextProducer producer(config());
  EXPECT_THROW(producer.send({.topic = topic, .value = std::string(5000, 'x')}).get(), RecordTooLargeException);
  EXPECT_EQ(producer.send({.topic = topic, .value = "small"}).get().offset, 0);
}

TEST_F(ProducerErrorsList, ABatchThatIsTooLargeOnlyAsAWholeIsSplit) {
  const std::string topic = makeTopic("split", 1, {{"max.message.bytes", "2000"}});
  TextProducer producer(config({{"linger.ms", "200"}, {"batch.size", "100000"}}));
  std::vector<std::future<RecordMetadata>> sent;
  for (int i = 0; i < 50; ++i) sent.push_back(producer.send({.topic = topic, .value = std::to_string(i) + std::string(300, '.')}));
  producer.flush();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sent[static_cast<std::size_t>(i)].get().offset, i);
}

TEST_F(ProducerErrorsList, ACompactedTopicTakesNoRecordWithoutAKey) {
  const std::string topic = makeTopic("compacted", 1, {{"cleanup.policy", "compact"}});
  TextProducer producer(config());
  EXPECT_THROW(producer.send({.topic = topic, .value = "x"}).get(), InvalidRecordException);
  EXPECT_EQ(producer.send({.topic = topic, .key = "k", .value = "x"}).get().offset, 0);
}

TEST_F(ProducerErrorsList, ATimestampOutsideTheTopicsRangeIsRefused) {
  const std::string topic = makeTopic("stamped", 1, {{"message.timestamp.before.max.ms", "60000"}});
  TextProducer producer(config());
  EXPECT_THROW(producer.send({.topic = topic, .timestamp = firstTimestamp(), .value = "x"}).get(), InvalidTimestampException);
  EXPECT_EQ(producer.send({.topic = topic, .value = "x"}).get().offset, 0);
}

TEST_F(ProducerErrorsList, WrongArgumentsAreToldAtOnce) {
  const std::string topic = makeTopic("arguments");
  TextProducer producer(config());
  EXPECT_THROW((void)producer.send({.topic = topic, .partition = -1, .value = "x"}), IllegalArgumentException);
  EXPECT_THROW((void)producer.send({.topic = topic, .timestamp = -1, .value = "x"}), IllegalArgumentException);
  EXPECT_THROW(producer.send({.topic = "", .value = "x"}).get(), InvalidTopicException);
  EXPECT_THROW(producer.send({.topic = "with blank", .value = "x"}).get(), InvalidTopicException);
  EXPECT_THROW(producer.send({.topic = std::string(250, 'x'), .value = "x"}).get(), InvalidTopicException);
  EXPECT_EQ(producer.send({.topic = topic, .value = "x"}).get().offset, 0);
}

TEST_F(ProducerErrorsList, ATopicOfAnIllegalNameIsRefusedAndWithoutABrokerATopicTimesOut) {
  TextProducer producer(config());
  EXPECT_THROW((void)producer.partitionsFor("no/topic"), InvalidTopicException);
  const Config nobody{{"bootstrap.servers", "127.0.0.1:1"}, {"max.block.ms", "300"}};
  TextProducer lonely(nobody);
  EXPECT_THROW((void)lonely.partitionsFor("topic"), TimeoutException);
  EXPECT_THROW(lonely.send({.topic = "topic", .value = "x"}).get(), TimeoutException);
}

TEST_F(ProducerErrorsList, ATopicComesIntoBeingWhenARecordIsSentToIt) {
  const std::string topic = uniqueName("auto");
  TextProducer producer(config());
  EXPECT_EQ(producer.send({.topic = topic, .value = "x"}).get().offset, 0);
  EXPECT_EQ(producer.partitionsFor(topic).size(), 1U);
}

TEST_F(ProducerErrorsList, ATopicThatIsDeletedUnderTheProducerComesAgain) {
  const std::string topic = makeTopic("deleted");
  TextProducer producer(config({{"metadata.max.age.ms", "500"}}));
  EXPECT_EQ(producer.send({.topic = topic, .value = "x"}).get().offset, 0);
  const auto idOf = [&] { return admin().describeTopics({topic}).values.at(topic).get().topicId; };
  const std::string deleted = idOf();
  admin().deleteTopics({topic}).all.get();
  eventually("a record reaches the new topic", [&] {
    try {
      return producer.send({.topic = topic, .value = "y"}).get().offset >= 0 && idOf() != deleted;
    } catch (const KafkaException&) {
      return false;
    }
  });
}

TEST_F(ProducerErrorsList, AfterCloseEveryCallIsRefused) {
  const std::string topic = makeTopic("closed");
  TextProducer producer(config());
  std::atomic<int> sent = 0;
  for (int i = 0; i < 100; ++i) producer.send({.topic = topic, .value = "x"}, [&](const RecordMetadata&, const Error& error) { sent += !error; });
  producer.close();
  EXPECT_EQ(sent, 100) << "close() sends what is there";
  EXPECT_THROW((void)producer.send({.topic = topic, .value = "x"}), IllegalStateException);
  producer.flush();
  producer.close();
}

TEST_F(ProducerErrorsList, CloseWithoutTimeFailsWhatIsLeft) {
  const std::string topic = makeTopic("hurried");
  TextProducer producer(config({{"linger.ms", "60000"}, {"delivery.timeout.ms", "120000"}}));
  std::atomic<int> failed = 0;
  producer.send({.topic = topic, .value = "x"}, [&](const RecordMetadata&, const Error& error) { failed += bool(error); });
  producer.close(0ms);
  EXPECT_EQ(failed, 1);
}

TEST_F(ProducerErrorsList, LingerIsCutShortByFlush) {
  const std::string topic = makeTopic("lingering");
  TextProducer producer(config({{"linger.ms", "60000"}, {"delivery.timeout.ms", "120000"}}));
  auto sent = producer.send({.topic = topic, .value = "x"});
  EXPECT_EQ(sent.wait_for(50ms), std::future_status::timeout);
  producer.flush();
  EXPECT_EQ(sent.wait_for(0ms), std::future_status::ready);
  EXPECT_EQ(sent.get().offset, 0);
}

TEST_F(ProducerErrorsList, EveryKindOfAcknowledgementAndNoIdempotenceWork) {
  const std::string topic = makeTopic("acks");
  std::int64_t next = 0;
  for (const char* acks : {"1", "all", "-1"}) {
    TextProducer producer(config({{"acks", acks}, {"enable.idempotence", "false"}, {"retries", "0"}}));
    EXPECT_EQ(producer.send({.topic = topic, .value = acks}).get().offset, next++);
  }
  EXPECT_THROW(TextProducer(config({{"acks", "1"}, {"enable.idempotence", "true"}})), ConfigException);
}

TEST_F(ProducerErrorsList, ACallbackMaySendButNotWait) {
  const std::string topic = makeTopic("callback");
  TextProducer producer(config());
  std::promise<std::int64_t> second;
  std::promise<std::string> flushed;
  producer.send({.topic = topic, .value = "first"}, [&](const RecordMetadata&, const Error&) {
    producer.send({.topic = topic, .value = "second"}, [&](const RecordMetadata& at, const Error&) { second.set_value(at.offset); });
    flushed.set_value(thrownBy([&] { producer.flush(); }));
  });
  EXPECT_NE(flushed.get_future().get(), "nothing");
  EXPECT_EQ(second.get_future().get(), 1);
}

}  // namespace
}  // namespace klamm::test
