#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "verifiable/events.h"
#include "verifiable/numbered_records.h"

namespace klamm::tools {
namespace {

/// The lines that `tell` writes, stamped 1, 2, 3, ...
class VerifiableEventLines : public ::testing::Test {
 protected:
  VerifiableEventLines() {
    std::string name = ::testing::TempDir() + "verifiable-XXXXXX";
    descriptor_ = ::mkstemp(name.data());
    EXPECT_GE(descriptor_, 0);
    path_ = name;
  }
  ~VerifiableEventLines() override {
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  template <class Tell>
  std::string lines(Tell&& tell) {
    std::int64_t time = 0;
    VerifiableEvents events(descriptor_, [&time] { return ++time; });
    tell(events);
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

 private:
  int descriptor_ = -1;
  std::string path_;
};

// The expected lines are those that Kafka 4.3.1's tools printed for the same events.

TEST_F(VerifiableEventLines, TellsSendsAsKafkasProducerDoes) {
  const std::string expected =
      R"j({"timestamp":1,"name":"startup_complete"})j" "\n"
      R"j({"timestamp":2,"name":"producer_send_success","key":null,"value":"0","offset":5,"topic":"v","partition":1})j" "\n"
      R"j({"timestamp":3,"name":"producer_send_success","key":"1","value":"7.1","offset":-1,"topic":"v","partition":0})j" "\n"
      R"j({"timestamp":4,"name":"producer_send_error","topic":"v","key":"1","value":"2",)j"
      R"j("exception":"class org.apache.kafka.common.errors.RecordTooLargeException",)j"
      R"j("message":"86 bytes: a record batch is larger than the broker accepts (MESSAGE_TOO_LARGE)"})j" "\n"
      R"j({"timestamp":5,"name":"shutdown_complete"})j" "\n"
      R"j({"timestamp":6,"name":"tool_data","sent":3,"acked":2,"target_throughput":-1,"avg_throughput":0.5})j" "\n"
      R"j({"timestamp":7,"name":"tool_data","sent":0,"acked":0,"target_throughput":9,"avg_throughput":0.0})j" "\n";
  EXPECT_EQ(lines([](VerifiableEvents& events) {
              events.startupComplete();
              events.sendSucceeded(std::nullopt, "0", {.topic = "v", .partition = 1, .offset = 5});
              events.sendSucceeded("1", "7.1", {.topic = "v", .partition = 0, .offset = -1});
              events.sendFailed("v", "1", "2", {ErrorCode::MessageTooLarge, "86 bytes"});
              events.shutdownComplete();
              events.toolData(3, 2, -1, 0.5);
              events.toolData(0, 0, 9, 0.0);
            }),
            expected);
}

TEST_F(VerifiableEventLines, TellsConsumptionAsKafkasConsumerDoes) {
  const std::string expected =
      R"j({"timestamp":1,"name":"partitions_assigned","partitions":[{"topic":"v","partition":0},{"topic":"v","partition":1}]})j" "\n"
      R"j({"timestamp":2,"name":"record_data","key":"1","value":"7.1","topic":"v","partition":1,"offset":4})j" "\n"
      R"j({"timestamp":3,"name":"records_consumed","count":7,"partitions":[{"topic":"v","partition":1,"count":2,"minOffset":4,"maxOffset":5}]})j" "\n"
      R"j({"timestamp":4,"name":"offsets_committed","offsets":[{"topic":"v","partition":1,"offset":6}],"success":true})j" "\n"
      R"j({"timestamp":5,"name":"offsets_committed","offsets":[{"topic":"v","partition":1,"offset":6}],)j"
      R"j("error":"the group is rebalancing: rejoin (REBALANCE_IN_PROGRESS)","success":false})j" "\n"
      R"j({"timestamp":6,"name":"partitions_revoked","partitions":[]})j" "\n"
      R"j({"timestamp":7,"name":"shutdown_requested"})j" "\n";
  EXPECT_EQ(lines([](VerifiableEvents& events) {
              events.partitionsAssigned({{"v", 0}, {"v", 1}});
              ConsumerRecord<std::string_view, std::string_view> record;
              record.topic = "v";
              record.partition = 1;
              record.offset = 4;
              record.key = "1";
              record.value = "7.1";
              events.recordData(record);
              events.recordsConsumed(7, {{.partition = {"v", 1}, .count = 2, .minOffset = 4, .maxOffset = 5}});
              const OffsetMap offsets{{{"v", 1}, {.offset = 6}}};
              events.offsetsCommitted(offsets, {});
              events.offsetsCommitted(offsets, ErrorCode::RebalanceInProgress);
              events.partitionsRevoked({});
              events.shutdownRequested();
            }),
            expected);
}

TEST_F(VerifiableEventLines, EscapesTextAndReplacesWhatIsNoUtf8) {
  ConsumerRecord<std::string_view, std::string_view> record;
  record.topic = "t";
  record.value = "\"\\\n\x01 \xc3\xa4 \xff";
  EXPECT_EQ(lines([&](VerifiableEvents& events) { events.recordData(record); }),
            R"j({"timestamp":1,"name":"record_data","key":null,"value":"\"\\\n\u0001 )j" "\xc3\xa4 \xef\xbf\xbd"
            R"j(","topic":"t","partition":0,"offset":0})j" "\n");
}

TEST(VerifiableEvents, TellsWhenNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  VerifiableEvents events(ends[1], [] { return 0; });
  EXPECT_FALSE(events.failed());
  events.startupComplete();
  EXPECT_TRUE(events.failed());
  std::signal(SIGPIPE, before);
  ::close(ends[1]);
}

TEST(VerifiableEvents, NamesTheClassesThatJavaThrows) {
  EXPECT_EQ(javaClassOf(ErrorCode::RequestTimedOut), "org.apache.kafka.common.errors.TimeoutException");
  EXPECT_EQ(javaClassOf(ErrorCode::InvalidTopicException), "org.apache.kafka.common.errors.InvalidTopicException");
  EXPECT_EQ(javaClassOf(ErrorCode::BufferExhausted), "org.apache.kafka.clients.producer.BufferExhaustedException");
  EXPECT_EQ(javaClassOf(ErrorCode::CommitFailed), "org.apache.kafka.clients.consumer.CommitFailedException");
  EXPECT_EQ(javaClassOf(ErrorCode::Closed), "java.lang.IllegalStateException");
}

TEST(NumberedRecords, CountInValuesAndGoRoundInKeys) {
  const NumberedRecords plain;
  EXPECT_EQ(plain.value(0), "0");
  EXPECT_EQ(plain.key(3), std::nullopt);
  const NumberedRecords dressed{.valuePrefix = 7, .repeatingKeys = 2};
  EXPECT_EQ(dressed.value(12), "7.12");
  EXPECT_EQ(dressed.key(0), "0");
  EXPECT_EQ(dressed.key(3), "1");
  EXPECT_EQ(NumberedRecords{.repeatingKeys = 0}.key(5), "5");
}

TEST(NumberedRecords, AreDueAsKafkasThrottleLetsThemGo) {
  using std::chrono::milliseconds;
  EXPECT_EQ(dueAfter(1000, -1), milliseconds(0));
  EXPECT_EQ(dueAfter(0, 10), milliseconds(0));
  EXPECT_EQ(dueAfter(1, 10), milliseconds(0));
  EXPECT_EQ(dueAfter(2, 10), milliseconds(100));
  EXPECT_EQ(dueAfter(101, 10), milliseconds(10'000));
  EXPECT_EQ(dueAfter(1, 0), milliseconds(0));
  EXPECT_EQ(dueAfter(2, 0), std::nullopt);
}

}  // namespace
}  // namespace klamm::tools
