#include "server/listener_config.h"

#include <gtest/gtest.h>

namespace klamm::broker::server {
namespace {

Result<std::vector<ListenerConfig>> listeners(const config::BrokerConfig::Entries& entries) {
  return listenersOf(config::BrokerConfig::make(entries).value());
}

std::string refusal(const config::BrokerConfig::Entries& entries) {
  const auto result = listeners(entries);
  return result ? "accepted" : result.error().context();
}

TEST(ListenerConfig, ListensOnLoopbackUnlessTold) {
  const auto result = listeners({});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->size(), 1U);
  EXPECT_EQ((*result)[0].hosts, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ((*result)[0].port, 9092);
  EXPECT_FALSE((*result)[0].advertised);
}

TEST(ListenerConfig, TakesTheFileOfACombinedNodeUnchanged) {
  const auto result = listeners({{"controller.listener.names", "CONTROLLER"},
                                 {"listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:19391"},
                                 {"advertised.listeners", "PLAINTEXT://127.0.0.1:9092"},
                                 {"listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"}});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->size(), 1U) << "the controller's own listener serves no clients";
  EXPECT_EQ((*result)[0].hosts, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ((*result)[0].advertised, (net::Endpoint{"127.0.0.1", 9092}));
}

TEST(ListenerConfig, TakesSeveralNamesWithAMap) {
  const auto result = listeners({{"listeners", "INSIDE://:9092, outside://[::1]:9093"},
                                 {"listener.security.protocol.map", "INSIDE:PLAINTEXT,OUTSIDE:plaintext"},
                                 {"advertised.listeners", "OUTSIDE://broker.example.org:443"}});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->size(), 2U);
  EXPECT_EQ((*result)[0].hosts, (std::vector<std::string>{"0.0.0.0", "::"}));
  EXPECT_EQ((*result)[1].name, "OUTSIDE");
  EXPECT_EQ((*result)[1].hosts, std::vector<std::string>{"::1"});
  EXPECT_EQ((*result)[1].advertised->host, "broker.example.org");
}

TEST(ListenerConfig, RefusesWhatIsMalformedNamingIt) {
  for (const char* value : {"9092", "PLAINTEXT:9092", "PLAINTEXT://host", "PLAINTEXT://host:port", "PLAINTEXT://host:70000", "://host:1"}) {
    EXPECT_NE(refusal({{"listeners", value}}).find("Invalid value " + std::string(value) + " for configuration listeners"), std::string::npos) << value;
  }
  EXPECT_NE(refusal({{"listener.security.protocol.map", "PLAINTEXT"}}).find("listener.security.protocol.map"), std::string::npos);
  EXPECT_NE(refusal({{"listeners", "OTHER://:1"}}).find("no entry in listener.security.protocol.map"), std::string::npos);
  EXPECT_NE(refusal({{"listeners", "PLAINTEXT://:1,PLAINTEXT://:2"}}).find("stands twice"), std::string::npos);
  EXPECT_NE(refusal({{"listeners", "SSL://:1"}}).find("TLS or SASL"), std::string::npos);
  EXPECT_NE(refusal({{"advertised.listeners", "PLAINTEXT://0.0.0.0:1"}}).find("nonroutable"), std::string::npos);
  EXPECT_NE(refusal({{"controller.listener.names", "PLAINTEXT"}}).find("no listener for clients"), std::string::npos);
}

}  // namespace
}  // namespace klamm::broker::server
