// Tests of Shop against a broker inside this process.

#include "shop.h"

#include <gtest/gtest.h>
#include <klamm/broker/embedded.h>
#include <klamm/consumer.h>

#include <chrono>
#include <string>

namespace {

/// A broker for each case: a port and a folder of its own, gone at the end.
class ShopTest : public testing::Test {
 protected:
  klamm::broker::Embedded kafka = klamm::broker::Embedded::start();
  /// A first send connects and creates the topic: limits that a slow machine keeps.
  klamm::Config config{{"bootstrap.servers", kafka.bootstrapServers()}, {"delivery.timeout.ms", "10000"}, {"request.timeout.ms", "5000"},
                       {"max.block.ms", "5000"}, {"linger.ms", "0"}};
};

TEST_F(ShopTest, StoresAnOrderUnderItsCustomer) {
  Shop shop(config);
  EXPECT_EQ(shop.sell("ann", "tea"), 0);
  EXPECT_EQ(shop.sell("ann", "milk"), 1);

  klamm::Consumer<std::string, std::string> consumer({{"bootstrap.servers", kafka.bootstrapServers()}});
  consumer.assign({{"orders", 0}});
  consumer.seekToBeginning();
  std::string orders;
  while (consumer.position({"orders", 0}) < 2) {
    for (const auto& record : consumer.poll(std::chrono::seconds(1))) orders += *record.key + ":" + *record.value + " ";
  }
  EXPECT_EQ(orders, "ann:tea ann:milk ");
}

TEST_F(ShopTest, SaysSoWhenTheBrokerIsGone) {
  Shop(config).sell("ann", "tea");
  kafka.kill();
  Shop shop(config.set("max.block.ms", "500"));  // nobody answers: no need to wait long
  EXPECT_THROW(shop.sell("ann", "milk"), klamm::KafkaException);
}

}  // namespace
