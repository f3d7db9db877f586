#include "producer/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include <klamm/producer.h>

#include "unit/producer/client_fixture.h"

namespace klamm::producer {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using ::testing::HasSubstr;

class ProducerApi : public ::testing::Test {
 protected:
  ProducerSettings settings = [] {
    ProducerSettings s;
    s.linger = 1h;
    s.maxBlock = 50ms;
    return s;
  }();
  LoopClient* client = nullptr;  ///< the producer's

  Producer<std::string, std::string> start(std::shared_ptr<Partitioner> partitioner = nullptr) {
    auto own = std::make_unique<LoopClient>();
    client = own.get();
    client->metadata().setTopic("t", {1, 1, 1});
    return Producer<std::string, std::string>(
        std::make_unique<Core>(settings, std::move(own), std::move(partitioner), systemClock(), systemRandom()));
  }
};

TEST_F(ProducerApi, FlushWaitsForTheCallbacksOfEverythingSentBefore) {
  auto producer = start();
  std::atomic<int> reported = 0;
  for (int i = 0; i < 1000; ++i) producer.send({.topic = "t", .value = "x"}, [&](const auto&, const Error& error) { reported += error ? 0 : 1; });
  producer.flush();
  EXPECT_EQ(reported, 1000);
}

TEST_F(ProducerApi, CloseSendsWhatLingers) {
  auto producer = start();
  std::atomic<int> reported = 0;
  producer.send({.topic = "t", .value = "x"}, [&](const auto&, const Error& error) { reported += error ? 0 : 1; });
  producer.close();
  EXPECT_EQ(reported, 1);
  producer.close();
}

TEST_F(ProducerApi, CloseFailsWhatIsLeftAtItsTimeLimit) {
  auto producer = start();
  client->network().hold = true;
  std::future<RecordMetadata> sent = producer.send({.topic = "t", .value = "x"});
  producer.close(0ms);
  EXPECT_THROW(sent.get(), IllegalStateException);
}

TEST_F(ProducerApi, TheShorterOfTwoClosesEndsBoth) {
  for (const bool shorterFirst : {false, true}) {
    auto producer = start();
    client->network().hold = true;
    std::future<RecordMetadata> sent = producer.send({.topic = "t", .value = "x"});
    std::thread other([&] { producer.close(shorterFirst ? 20ms : Millis(1h)); });
    producer.close(shorterFirst ? Millis(1h) : 20ms);
    EXPECT_THROW(sent.get(), IllegalStateException);
    other.join();
  }
}

TEST_F(ProducerApi, TheDestructorCloses) {
  std::atomic<int> reported = 0;
  {
    auto producer = start();
    producer.send({.topic = "t", .value = "x"}, [&](const auto&, const Error& error) { reported += error ? 0 : 1; });
  }
  EXPECT_EQ(reported, 1);
}

TEST_F(ProducerApi, SendAfterCloseThrows) {
  auto producer = start();
  producer.close();
  EXPECT_THROW(producer.send({.topic = "t"}, nullptr), IllegalStateException);
  EXPECT_THROW(static_cast<void>(producer.partitionsFor("t")), IllegalStateException);
}

TEST_F(ProducerApi, RefusesArgumentsThatCannotBeRight) {
  auto producer = start();
  EXPECT_THROW(producer.send({.topic = "t", .partition = -1}, nullptr), IllegalArgumentException);
  EXPECT_THROW(producer.send({.topic = "t", .timestamp = -1}, nullptr), IllegalArgumentException);
  EXPECT_THROW(producer.send({.topic = ""}).get(), InvalidTopicException);
}

TEST_F(ProducerApi, AnUnknownTopicFailsAfterMaxBlockThroughTheCallback) {
  auto producer = start();
  EXPECT_THROW(producer.send({.topic = "missing"}).get(), TimeoutException);
  client->metadata().setError("secret", ErrorCode::TopicAuthorizationFailed);
  EXPECT_THROW(producer.send({.topic = "secret"}).get(), TopicAuthorizationException);
}

TEST_F(ProducerApi, ARecordLargerThanMaxRequestSizeFails) {
  settings.maxRequestSize = 1000;
  auto producer = start();
  EXPECT_THROW(producer.send({.topic = "t", .value = std::string(1000, 'x')}).get(), RecordTooLargeException);
}

TEST_F(ProducerApi, UsedUpMemoryIsAnErrorAfterMaxBlockAndSendsWhatLingers) {
  settings.batchSize = 1000;
  settings.bufferMemory = 2000;
  auto producer = start();
  client->network().hold = true;
  std::vector<std::future<RecordMetadata>> sent;
  for (int i = 0; i < 3; ++i) sent.push_back(producer.send({.topic = "t", .partition = 0, .value = std::string(700, 'x')}));
  EXPECT_THROW(sent[2].get(), BufferExhaustedException);
  producer.close(0ms);
}

TEST_F(ProducerApi, MemoryThatBecomesFreeLetsAWaitingSendGoOn) {
  settings.batchSize = 1000;
  settings.bufferMemory = 2000;
  settings.maxBlock = 10s;
  auto producer = start();
  std::atomic<int> reported = 0;
  for (int i = 0; i < 500; ++i) {
    producer.send({.topic = "t", .value = std::string(700, 'x')}, [&](const auto&, const Error& error) { reported += error ? 0 : 1; });
  }
  producer.flush();
  EXPECT_EQ(reported, 500);
}

TEST_F(ProducerApi, FlushAndCloseInsideACallbackDoNotWaitForThemselves) {
  auto producer = start();
  std::atomic<bool> refused = false;
  producer.send({.topic = "t"}, [&](const auto&, const Error&) {
    try {
      producer.flush();
    } catch (const IllegalStateException&) {
      refused = true;
    }
    producer.close();
  });
  producer.flush();
  EXPECT_TRUE(refused);
}

TEST_F(ProducerApi, ACallbackMayDestroyItsProducerAndWhatWasSentIsDelivered) {
  settings.linger = 20ms;
  auto producer = std::make_unique<Producer<std::string, std::string>>(start());
  client->network().hold = true;  // until both calls of send() have returned: the destructor must not meet another call
  std::promise<void> destroyed;
  producer->send({.topic = "t", .partition = 0}, [&](const auto&, const Error&) {
    producer.reset();
    destroyed.set_value();
  });
  std::future<RecordMetadata> other = producer->send({.topic = "t", .partition = 1});
  client->network().answerHeld();
  destroyed.get_future().get();
  EXPECT_EQ(other.get().partition, 1);
}

TEST_F(ProducerApi, AnUnknownTopicInsideACallbackFailsAtOnceInsteadOfWaitingForItself) {
  settings.maxBlock = 10s;
  auto producer = start();
  std::atomic<bool> timedOut = false;
  producer.send({.topic = "t"}, [&](const auto&, const Error&) {
    producer.send({.topic = "nobody-knows"}, [&](const auto&, const Error& error) { timedOut = error.code() == ErrorCode::RequestTimedOut; });
  });
  producer.flush();
  producer.close();
  EXPECT_TRUE(timedOut);
}

TEST_F(ProducerApi, SendsAtOnceAgainAfterABrokerWasAtItsLimitAndThenIdle) {
  settings.linger = 0ms;
  settings.maxInFlight = 2;
  auto producer = start();
  producer.send({.topic = "t", .partition = 0, .value = "warm"}).get();
  client->network().hold = true;
  auto first = producer.send({.topic = "t", .partition = 0, .value = "1"});
  auto second = producer.send({.topic = "t", .partition = 0, .value = "2"});
  client->network().answerHeld();
  first.get();
  second.get();
  auto third = producer.send({.topic = "t", .partition = 0, .value = "3"});
  EXPECT_EQ(third.wait_for(10s), std::future_status::ready) << "nothing was in flight whose answer would have sent it";
}

struct Fixed final : Partitioner {
  std::int32_t choice = 0;
  std::int32_t partition(const PartitionContext&) override { return choice; }
};

TEST_F(ProducerApi, AnOwnPartitionerDecidesAndIsChecked) {
  auto fixed = std::make_shared<Fixed>();
  settings.linger = 0ms;
  auto producer = start(fixed);
  fixed->choice = 2;
  EXPECT_EQ(producer.send({.topic = "t", .key = "k"}).get().partition, 2);
  fixed->choice = 3;
  EXPECT_THROW(producer.send({.topic = "t", .key = "k"}).get(), IllegalArgumentException);
}

TEST_F(ProducerApi, AnExplicitPartitionAndAKeyDecideAsInJava) {
  settings.linger = 0ms;
  auto producer = start();
  EXPECT_EQ(producer.send({.topic = "t", .partition = 1, .key = "k"}).get().partition, 1);
  // Utils.toPositive(Utils.murmur2("foobar".getBytes())) % 3 of kafka-clients 4.3.1.
  EXPECT_EQ(producer.send({.topic = "t", .key = "foobar"}).get().partition, 0);
}

TEST_F(ProducerApi, ThreadsSendWithoutLoss) {
  settings.linger = 0ms;
  auto producer = start();
  std::atomic<int> reported = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) producer.send({.topic = "t", .value = "x"}, [&](const auto&, const Error& error) { reported += error ? 0 : 1; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  producer.flush();
  EXPECT_EQ(reported, 8000);
}

// ---- Settings ------------------------------------------------------------------------------------------------------

std::string refusal(const Config& config) {
  const auto settings = producerSettings(config, Log());
  return settings ? "accepted" : settings.error().context();
}

TEST(ProducerSettings, IdempotenceIsTurnedOffQuietlyUnlessItWasAskedFor) {
  EXPECT_TRUE(producerSettings({}, Log())->idempotent);
  EXPECT_FALSE(producerSettings({{"acks", "1"}}, Log())->idempotent);
  EXPECT_FALSE(producerSettings({{"retries", "0"}}, Log())->idempotent);
  EXPECT_THAT(refusal({{"acks", "1"}, {"enable.idempotence", "true"}}), HasSubstr("acks"));
  EXPECT_THAT(refusal({{"retries", "0"}, {"enable.idempotence", "true"}}), HasSubstr("retries"));
  EXPECT_THAT(refusal({{"max.in.flight.requests.per.connection", "6"}, {"enable.idempotence", "true"}}), HasSubstr("at most 5"));
  EXPECT_EQ(refusal({{"acks", "1"}, {"enable.idempotence", "false"}}), "accepted");
}

TEST(ProducerSettings, DeliveryTimeoutMustCoverLingerAndRequest) {
  EXPECT_THAT(refusal({{"delivery.timeout.ms", "1000"}}), HasSubstr("delivery.timeout.ms"));
  const auto raised = producerSettings({{"request.timeout.ms", "200000"}}, Log());
  ASSERT_TRUE(raised);
  EXPECT_EQ(raised->deliveryTimeout, 200'005ms);
}

TEST(ProducerSettings, ATransactionalIdIsRefused) {
  EXPECT_THAT(refusal({{"transactional.id", "x"}}), HasSubstr("not available yet"));
}

TEST(ProducerSettings, TheCodecHasItsLevel) {
  const auto settings = producerSettings({{"compression.type", "zstd"}, {"compression.zstd.level", "7"}}, Log());
  EXPECT_EQ(settings->compression.type, compress::CompressionType::Zstd);
  EXPECT_EQ(settings->compression.level, 7);
}

TEST(MakeProducer, ABadConfigurationIsAConfigException) {
  using Texts = Producer<std::string, std::string>;
  EXPECT_THROW(Texts{Config()}, ConfigException) << "no bootstrap.servers";
  EXPECT_THROW(Texts({{"bootstrap.servers", "a:1"}, {"transactional.id", "x"}}), ConfigException);
}

}  // namespace
}  // namespace klamm::producer
