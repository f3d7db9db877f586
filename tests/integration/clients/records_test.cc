// What a record is on its way: keys, values, headers, timestamps, types, codecs; written by our producer, read by our consumer.

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

/// One record with everything that it carries, copied out of a poll. Threading: a value.
struct Seen {
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::int64_t offset = -1;
  std::int64_t timestamp = -1;
  TimestampType timestampType = TimestampType::NoTimestampType;
};

class RecordsList : public ClientTest {
 protected:
  static std::vector<Seen> readAll(const std::string& topic, std::size_t count) {
    TextConsumer consumer(reading(""));
    consumer.assign({{topic, 0}});
    std::vector<Seen> seen;
    eventually("all records are read", [&] {
      for (const auto& record : consumer.poll(100ms)) {
        Seen one{record.key, record.value, {}, record.offset, record.timestamp, record.timestampType};
        for (const Header& header : record.headers) {
          one.headers.emplace_back(header.key, header.value ? std::optional(std::string(asText(*header.value))) : std::nullopt);
        }
        seen.push_back(std::move(one));
      }
      return seen.size() >= count;
    });
    return seen;
  }
};

class RecordsOfEveryCodec : public RecordsList, public ::testing::WithParamInterface<const char*> {};

TEST_P(RecordsOfEveryCodec, ArriveWithKeysValuesHeadersAndTimestamps) {
  const std::string topic = makeTopic("records");
  const std::string large(200'000, 'x');
  const Header headers[] = {{"trace", asBytes("id-1")}, {"", std::nullopt}, {"trace", asBytes("")}, {"n\xC3\xA4me", asBytes("\xC3\xBC")}};
  {
    TextProducer producer(config({{"compression.type", GetParam()}, {"linger.ms", "20"}, {"max.request.size", "2000000"}}));
    std::vector<std::future<RecordMetadata>> sent;
    sent.push_back(producer.send({.topic = topic, .timestamp = firstTimestamp(), .key = "k", .value = "v", .headers = headers}));
    sent.push_back(producer.send({.topic = topic, .timestamp = firstTimestamp() + 7, .value = "no key"}));
    sent.push_back(producer.send({.topic = topic, .timestamp = firstTimestamp() - 7, .key = "tombstone"}));
    sent.push_back(producer.send({.topic = topic, .timestamp = firstTimestamp(), .key = "", .value = ""}));
    sent.push_back(producer.send({.topic = topic, .timestamp = firstTimestamp()}));
    sent.push_back(producer.send({.topic = topic, .timestamp = firstTimestamp(), .key = "large", .value = large}));
    producer.flush();
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const RecordMetadata at = sent[i].get();
      EXPECT_EQ(at.offset, static_cast<std::int64_t>(i));
      EXPECT_EQ(at.partition, 0);
    }
  }
  const std::vector<Seen> seen = readAll(topic, 6);
  ASSERT_EQ(seen.size(), 6U);
  EXPECT_EQ(seen[0].key, "k");
  EXPECT_EQ(seen[0].value, "v");
  const decltype(Seen::headers) expected = {{"trace", "id-1"}, {"", std::nullopt}, {"trace", ""}, {"n\xC3\xA4me", "\xC3\xBC"}};
  EXPECT_EQ(seen[0].headers, expected);
  EXPECT_EQ(seen[0].timestamp, firstTimestamp());
  EXPECT_EQ(seen[0].timestampType, TimestampType::CreateTime);
  EXPECT_EQ(seen[1].key, std::nullopt);
  EXPECT_EQ(seen[1].timestamp, firstTimestamp() + 7);
  EXPECT_TRUE(seen[1].headers.empty());
  EXPECT_EQ(seen[2].value, std::nullopt);
  EXPECT_EQ(seen[2].timestamp, firstTimestamp() - 7);
  EXPECT_EQ(seen[3].key, "");
  EXPECT_EQ(seen[3].value, "");
  EXPECT_TRUE(!seen[4].key && !seen[4].value);
  EXPECT_EQ(seen[5].value, large);
}

INSTANTIATE_TEST_SUITE_P(Records, RecordsOfEveryCodec, ::testing::Values("none", "gzip", "snappy", "lz4", "zstd"),
                         [](const auto& named) { return std::string(named.param); });

TEST_F(RecordsList, NumbersAndBytesAreKafkasOwnSerialisation) {
  const std::string topic = makeTopic("types");
  {
    Producer<std::int32_t, double> producer(config());
    producer.send({.topic = topic, .key = -2, .value = 2.5}).get();
  }
  {
    Consumer<std::int32_t, double> consumer(reading(""));
    consumer.assign({{topic, 0}});
    int count = 0;
    eventually("the record is read", [&] {
      for (const auto& record : consumer.poll(100ms)) {
        EXPECT_EQ(record.key, -2);
        EXPECT_EQ(record.value, 2.5);
        ++count;
      }
      return count == 1;
    });
  }
  const auto seen = readAll(topic, 1);
  EXPECT_EQ(seen.at(0).key, std::string("\xFF\xFF\xFF\xFE", 4));
  EXPECT_EQ(seen.at(0).value, std::string("\x40\x04\0\0\0\0\0\0", 8));
}

TEST_F(RecordsList, AValueThatIsNotOfTheTypeIsASerializationException) {
  const std::string topic = makeTopic("mistyped");
  fill(topic, 1);
  Consumer<std::string, std::int64_t> consumer(reading(""));
  consumer.assign({{topic, 0}});
  const std::string said = thrownBy([&] {
    for (;;) {
      for (const auto& record : consumer.poll(100ms)) (void)record;
    }
  });
  EXPECT_NE(said.find(topic + "-0 at offset 0"), std::string::npos) << said;
}

TEST_F(RecordsList, ABrokersTimestampIsToldToProducerAndConsumer) {
  const std::string topic = makeTopic("append-time", 1, {{"message.timestamp.type", "LogAppendTime"}});
  TextProducer producer(config());
  const std::int64_t before = systemClock().wallMillis();
  const RecordMetadata at = producer.send({.topic = topic, .timestamp = firstTimestamp(), .value = "x"}).get();
  EXPECT_GE(at.timestamp, before - 1000);
  const auto seen = readAll(topic, 1);
  EXPECT_EQ(seen.at(0).timestamp, at.timestamp);
  EXPECT_EQ(seen.at(0).timestampType, TimestampType::LogAppendTime);
}

TEST_F(RecordsList, AKeyAlwaysMeetsThePartitionThatJavaGivesIt) {
  const std::string topic = makeTopic("keyed", 8);
  TextProducer producer(config());
  // murmur2 of the key, without its sign, modulo 8: computed by Kafka's own Utils.murmur2.
  const std::map<std::string, std::int32_t> expected = {{"21", 4}, {"foobar", 6}, {"a-little-bit-long-string", 0}, {"abc", 3}};
  for (const auto& [key, partition] : expected) {
    EXPECT_EQ(producer.send({.topic = topic, .key = key, .value = "x"}).get().partition, partition) << key;
  }
}

TEST_F(RecordsList, FetchSizesSmallerThanABatchStillMoveOn) {
  const std::string topic = makeTopic("small-fetch");
  {
    TextProducer producer(config({{"linger.ms", "20"}, {"batch.size", "100000"}}));
    for (int i = 0; i < 200; ++i) producer.send({.topic = topic, .value = std::to_string(i) + std::string(500, '.')}, nullptr);
  }
  TextConsumer consumer(reading("", {{"max.partition.fetch.bytes", "100"}, {"fetch.max.bytes", "100"}, {"max.poll.records", "7"}}));
  consumer.assign({{topic, 0}});
  int next = 0;
  eventually("all 200 records are read", [&] {
    const auto records = consumer.poll(100ms);
    EXPECT_LE(records.count(), 7U);
    for (const auto& record : records) EXPECT_EQ(record.offset, next++);
    return next == 200;
  });
}

TEST_F(RecordsList, ManyPartitionsAreReadTogetherAndNothingIsLeftOut) {
  constexpr int kPartitions = 20;
  const std::string topic = makeTopic("many", kPartitions);
  TextProducer producer(config());
  std::vector<std::future<RecordMetadata>> sent;
  for (int i = 0; i < 2000; ++i) sent.push_back(producer.send({.topic = topic, .partition = i % kPartitions, .value = std::to_string(i)}));
  producer.flush();
  for (auto& one : sent) (void)one.get();
  TextConsumer consumer(reading(""));
  TopicPartitions all;
  for (int p = 0; p < kPartitions; ++p) all.push_back({topic, p});
  consumer.assign(all);
  std::vector<std::string> values = take(consumer, 2000);
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
  EXPECT_EQ(values, numbers(0, 2000));
}

}  // namespace
}  // namespace klamm::test
