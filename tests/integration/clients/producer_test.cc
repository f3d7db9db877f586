// The producer's public calls. KLAMM_TEST_RECORDS: records per test of volume (20,000).

#include <atomic>
#include <cstdlib>
#include <thread>

#include "client/client_config.h"
#include "integration/clients/client_test.h"
#include "producer/core.h"

namespace klamm::producer {
namespace {

using std::chrono_literals::operator""ms;

std::int64_t recordsToSend() {
  const char* text = std::getenv("KLAMM_TEST_RECORDS");
  return text != nullptr ? std::atoll(text) : 20'000;
}

/// What the callbacks of one producer said; they come on one thread.
struct Reports {
  std::atomic<std::int64_t> sent = 0;
  std::atomic<std::int64_t> failed = 0;
  std::string firstError = {};
  std::vector<std::int64_t> nextOffset = std::vector<std::int64_t>(64, 0);
  std::atomic<std::int64_t> gaps = 0;

  SendCallback callback() {
    return [this](const RecordMetadata& at, const Error& error) {
      if (error) {
        if (failed++ == 0) firstError = error.message();
        return;
      }
      ++sent;
      std::int64_t& next = nextOffset[static_cast<std::size_t>(at.partition)];
      // A record that was written twice moves those behind it; one without an offset was written before (a duplicate).
      if (at.offset >= 0 && at.offset != next) ++gaps;
      next = at.offset >= 0 ? at.offset + 1 : next + 1;
    };
  }
};

class ProducerList : public test::ClientTest {
 protected:
  void SetUp() override { topic = makeTopic("producer"); }
  std::string topic;
};

class EveryCodec : public ProducerList, public ::testing::WithParamInterface<const char*> {};

TEST_P(EveryCodec, EveryRecordIsWrittenOnceAndInOrder) {
  Producer<std::string_view, std::string_view> producer(config({{"compression.type", GetParam()}}));
  Reports reports;
  const std::int64_t count = recordsToSend();
  for (std::int64_t i = 0; i < count; ++i) {
    producer.send({.topic = topic, .key = std::to_string(i % 100), .value = "record number " + std::to_string(i)}, reports.callback());
  }
  producer.flush();
  EXPECT_EQ(reports.sent, count);
  EXPECT_EQ(reports.failed, 0) << reports.firstError;
  EXPECT_EQ(reports.gaps, 0);
}

INSTANTIATE_TEST_SUITE_P(Producer, EveryCodec, ::testing::Values("none", "gzip", "snappy", "lz4", "zstd"),
                         [](const auto& named) { return std::string(named.param); });

TEST_F(ProducerList, LosesAndDoublesNothingWhenItsConnectionsAreCutAgainAndAgain) {
  const Log log;
  const auto settings = producerSettings(config(), log);
  auto common = client::clientSettings(config(), ClientKind::Producer, "klamm-cut");
  ASSERT_TRUE(settings && common);
  common->threadName = "klamm-cut";
  common->maxInFlight = 7;
  auto client = client::Client::start(*common, log);
  ASSERT_TRUE(client);
  client::Client& under = **client;
  auto core = std::make_unique<Core>(*settings, *std::move(client), nullptr, systemClock(), systemRandom());
  Producer<std::string_view, std::string_view> producer(std::move(core));
  Reports reports;
  std::atomic<bool> done = false;
  std::thread cutter([&] {
    while (!done) {
      std::this_thread::sleep_for(20ms);
      const client::Snapshot snapshot = under.metadata().snapshot();
      for (const auto& [id, node] : snapshot->nodes) {
        under.network().disconnect(id, client::Channel::General, {ErrorCode::NetworkException, "cut by the test"});
      }
    }
  });
  const std::int64_t count = recordsToSend();
  for (std::int64_t i = 0; i < count; ++i) {
    producer.send({.topic = topic, .value = "record number " + std::to_string(i)}, reports.callback());
    if (i % 1000 == 999) std::this_thread::sleep_for(5ms);
  }
  done = true;
  cutter.join();
  producer.flush();
  EXPECT_EQ(reports.sent, count) << reports.firstError;
  EXPECT_EQ(reports.gaps, 0);
}

TEST_F(ProducerList, AFutureTellsTheOffsetAndAnErrorIsItsException) {
  Producer<std::int64_t, std::string> producer(config());
  const RecordMetadata first = producer.send({.topic = topic, .key = 1, .value = "x"}).get();
  EXPECT_EQ(first.topic, topic);
  EXPECT_EQ(first.offset, 0);
  EXPECT_EQ(first.serializedKeySize, 8);
  EXPECT_EQ(first.serializedValueSize, 1);
  EXPECT_EQ(producer.send({.topic = topic}).get().serializedValueSize, -1);
  EXPECT_THROW(producer.send({.topic = topic, .value = std::string(2 << 20, 'x')}).get(), RecordTooLargeException);
  EXPECT_THROW(producer.send({.topic = "not/legal"}).get(), InvalidTopicException);
  EXPECT_EQ(producer.partitionsFor(topic).size(), 1U);
}

TEST_F(ProducerList, APartitionThatIsNotThereTimesOutWithItsName) {
  Producer<std::string, std::string> producer(config({{"max.block.ms", "3000"}}));
  producer.send({.topic = topic, .value = "x"}).get();
  try {
    producer.send({.topic = topic, .partition = 17, .value = "x"}).get();
    FAIL() << "it was sent";
  } catch (const TimeoutException& e) {
    EXPECT_NE(std::string(e.what()).find("partition 17"), std::string::npos) << e.what();
  }
}

TEST_F(ProducerList, WithoutAcknowledgementsEverythingArrivesAsWell) {
  const std::int64_t count = 1000;
  {
    Producer<std::string, std::string> producer(config({{"acks", "0"}}));
    Reports reports;
    for (std::int64_t i = 0; i < count; ++i) producer.send({.topic = topic, .value = "x"}, reports.callback());
    producer.flush();
    EXPECT_EQ(reports.sent, count);
  }
  Producer<std::string, std::string> other(config());
  EXPECT_EQ(other.send({.topic = topic, .value = "last"}).get().offset, count);
}

TEST_F(ProducerList, ManyThreadsShareAProducer) {
  Producer<std::string, std::string> producer(config({{"linger.ms", "0"}}));
  Reports reports;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) producer.send({.topic = topic, .value = std::to_string(i)}, reports.callback());
    });
  }
  for (std::thread& thread : threads) thread.join();
  producer.flush();
  EXPECT_EQ(reports.sent, 20000) << reports.firstError;
  EXPECT_EQ(reports.gaps, 0);
}

}  // namespace
}  // namespace klamm::producer
