// A unit test with a broker inside, in somebody else's project.

#include <gtest/gtest.h>

#include <string>

#include <klamm/broker/embedded.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

TEST(Orders, ComeBackFromTheBrokerInside) {
  auto kafka = klamm::broker::Embedded::start();
  const klamm::Config config{{"bootstrap.servers", kafka.bootstrapServers()}};
  klamm::Producer<std::string, std::string> producer(config);
  producer.send({.topic = "orders", .value = "first"}, nullptr);
  producer.flush();
  klamm::Consumer<std::string, std::string> consumer(config);
  consumer.assign({{"orders", 0}});
  consumer.seekToBeginning();
  std::string value;
  for (int polls = 0; value.empty() && polls < 100; ++polls) {
    for (const auto& record : consumer.poll(std::chrono::milliseconds(100))) value = record.value.value_or("null");
  }
  EXPECT_EQ(value, "first");
}

TEST(Broker, SaysWhichSettingItRefuses) {
  EXPECT_THROW((void)klamm::broker::Embedded::start({.config = {{"num.partitions", "many"}}}), klamm::KafkaException);
}
