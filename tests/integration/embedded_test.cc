#include <klamm/broker/embedded.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <klamm/admin.h>
#include <klamm/exceptions.h>

namespace klamm::broker {
namespace {

TEST(Embedded, PicksAFreePortAndRemovesItsTemporaryFolder) {
  std::string folder;
  {
    Embedded broker = Embedded::start();
    EXPECT_TRUE(broker.isRunning());
    EXPECT_NE(broker.port(), 0);
    EXPECT_EQ(broker.bootstrapServers(), "127.0.0.1:" + std::to_string(broker.port()));
    folder = broker.dataFolder();
    EXPECT_TRUE(std::filesystem::exists(folder + "/meta.properties"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(Embedded, RefusesMoreBrokersThanThereCanBe) {
  EXPECT_THROW((void)Embedded::start({.brokers = 3}), KafkaException);
  EXPECT_THROW((void)Embedded::start({.brokers = 0}), KafkaException);
}

}  // namespace
}  // namespace klamm::broker
