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
  klamm::Config config{{"bootstrap.servers", kafka.bootstrapServers()}, {"delivery.timeout.ms", "1000"}, {"request.timeout.ms", "500"},
                       {"max.block.ms", "500"}, {"linger.ms", "0"}};
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
  Shop shop(config);
  EXPECT_EQ(shop.sell("ann", "tea"), 0);
  kafka.kill();
  EXPECT_THROW(shop.sell("ann", "milk"), klamm::KafkaException);
}

}  // namespace
