// The producer against the broker in KLAMM_TEST_BOOTSTRAP; skipped where that is not set.
// KLAMM_TEST_RECORDS: records per test (100,000).

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include <klamm/producer.h>

#include "producer/core.h"

namespace klamm::producer {
namespace {

using std::chrono_literals::operator""ms;

std::int64_t recordsToSend() {
  const char* text = std::getenv("KLAMM_TEST_RECORDS");
  return text != nullptr ? std::atoll(text) : 100'000;
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

class RealBroker : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* bootstrap = std::getenv("KLAMM_TEST_BOOTSTRAP");
    if (bootstrap == nullptr) GTEST_SKIP() << "KLAMM_TEST_BOOTSTRAP is not set";
    config.set("bootstrap.servers", bootstrap);
    Uuid id = Uuid::random(systemRandom());
    topic = "klamm-producer-test-" + id.toString();
  }
  Config config;
  std::string topic;
};

class EveryCodec : public RealBroker, public ::testing::WithParamInterface<const char*> {};

TEST_P(EveryCodec, EveryRecordIsWrittenOnceAndInOrder) {
  config.set("compression.type", GetParam());
  Producer<std::string_view, std::string_view> producer(config);
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

TEST_F(RealBroker, LosesAndDoublesNothingWhenItsConnectionsAreCutAgainAndAgain) {
  const Log log;
  const auto settings = producerSettings(config, log);
  client::ClientSettings common;
  common.bootstrap = *client::parseBootstrap(*config.find("bootstrap.servers"));
  common.clientId = "klamm-cut";
  common.threadName = "klamm-cut";
  common.maxInFlight = 7;
  auto client = client::Client::start(common, log);
  ASSERT_TRUE(client);
  client::Client& under = **client;
  auto core = std::make_unique<Core>(*settings, *std::move(client), nullptr, systemClock(), systemRandom());
  Producer<std::string_view, std::string_view> producer(std::move(core));
  Reports reports;
  std::atomic<bool> done = false;
  std::thread cutter([&] {
    while (!done) {
      std::this_thread::sleep_for(20ms);
      for (const auto& [id, node] : under.metadata().snapshot()->nodes) {
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

TEST_F(RealBroker, AFutureTellsTheOffsetAndAnErrorIsItsException) {
  Producer<std::int64_t, std::string> producer(config);
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

TEST_F(RealBroker, APartitionThatIsNotThereTimesOutWithItsName) {
  config.set("max.block.ms", "300");
  Producer<std::string, std::string> producer(config);
  producer.send({.topic = topic, .value = "x"}).get();
  try {
    producer.send({.topic = topic, .partition = 17, .value = "x"}).get();
    FAIL() << "it was sent";
  } catch (const TimeoutException& e) {
    EXPECT_NE(std::string(e.what()).find("partition 17"), std::string::npos) << e.what();
  }
}

TEST_F(RealBroker, WithoutAcknowledgementsEverythingArrivesAsWell) {
  config.set("acks", "0");
  const std::int64_t count = 1000;
  {
    Producer<std::string, std::string> producer(config);
    Reports reports;
    for (std::int64_t i = 0; i < count; ++i) producer.send({.topic = topic, .value = "x"}, reports.callback());
    producer.flush();
    EXPECT_EQ(reports.sent, count);
  }
  Producer<std::string, std::string> other({{"bootstrap.servers", *config.find("bootstrap.servers")}});
  EXPECT_EQ(other.send({.topic = topic, .value = "last"}).get().offset, count);
}

TEST_F(RealBroker, ManyThreadsShareAProducer) {
  config.set("linger.ms", "0");
  Producer<std::string, std::string> producer(config);
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
