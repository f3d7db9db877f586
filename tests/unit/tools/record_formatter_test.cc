#include "console/record_formatter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace klamm::tools {
namespace {

using Record = RecordFormatter::Record;

/// What a formatter with these properties prints.
std::string printed(const PropertyMap& properties, const Record& record) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  {
    Output out(ends[1]);
    RecordFormatter(properties).print(record, out);
  }
  close(ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], text.data(), text.size()))));
  close(ends[0]);
  return text;
}

// 2 headers: "h1" -> "a", "h2" -> null, as in a record batch.
const Bytes kHeaders = [] {
  Bytes bytes;
  for (const char byte : {'\4', 'h', '1', '\2', 'a', '\4', 'h', '2', '\1'}) bytes.push_back(static_cast<std::byte>(byte));
  return bytes;
}();

Record sample() {
  Record record;
  record.topic = "t";
  record.partition = 3;
  record.offset = 42;
  record.timestamp = 1700000000000;
  record.key = asBytes("key");
  record.value = asBytes("value");
  record.headers = HeadersView(2, kHeaders);
  record.leaderEpoch = 5;
  return record;
}

TEST(RecordFormatter, PrintsTheValueAlone) { EXPECT_EQ(printed({}, sample()), "value\n"); }

// The line is one that Kafka's own console consumer 4.3.1 printed, with our numbers.
TEST(RecordFormatter, PrintsEverythingInKafkasOrder) {
  const PropertyMap all{{"print.timestamp", "true"}, {"print.partition", "true"}, {"print.offset", "true"}, {"print.delivery", "true"},
                        {"print.epoch", "true"},     {"print.headers", "true"},   {"print.key", "true"}};
  EXPECT_EQ(printed(all, sample()),
            "CreateTime:1700000000000\tPartition:3\tOffset:42\tDelivery:NOT_PRESENT\tEpoch:NOT_PRESENT\th1:a,h2:null\tkey\tvalue\n");
}

TEST(RecordFormatter, NullsSeparatorsAndMissingHeadersHaveTheirText) {
  Record record = sample();
  record.key.reset();
  record.value.reset();
  record.headers = {};
  record.timestampType = TimestampType::LogAppendTime;
  EXPECT_EQ(printed({{"print.key", "true"}, {"print.headers", "true"}, {"print.timestamp", "true"}, {"key.separator", "|"}, {"null.literal", "NIL"}, {"line.separator", "$"}}, record),
            "LogAppendTime:1700000000000|NO_HEADERS|NIL|NIL$");
}

TEST(RecordFormatter, PrintsNothingWhenNothingIsAskedFor) { EXPECT_EQ(printed({{"print.value", "false"}}, sample()), ""); }

TEST(RecordFormatter, KafkasOwnDeserializersTurnBytesIntoNumbers) {
  Record record = sample();
  const Bytes number(7, std::byte{0});
  Bytes seven = number;
  seven.push_back(std::byte{7});
  record.value = seven;
  EXPECT_EQ(printed({{"value.deserializer", "org.apache.kafka.common.serialization.LongDeserializer"}}, record), "7\n");
  record.value = number;
  EXPECT_THROW(static_cast<void>(printed({{"value.deserializer", "LongDeserializer"}}, record)), KafkaException);
  EXPECT_THROW(RecordFormatter(PropertyMap{{"value.deserializer", "com.example.Mine"}}), UsageError);
}

TEST(Output, SaysWhenNobodyReadsAnyMore) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  Output out(ends[1]);
  out.write(std::string(1 << 20, 'x'));
  EXPECT_TRUE(out.failed());
  close(ends[1]);
}

}  // namespace
}  // namespace klamm::tools
