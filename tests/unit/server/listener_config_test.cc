#include "server/listener_config.h"

#include <gtest/gtest.h>

#include "support/certificates.h"

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
  EXPECT_NE(refusal({{"listeners", "SASL_SSL://:1"}}).find("asks for SASL"), std::string::npos);
  EXPECT_NE(refusal({{"advertised.listeners", "PLAINTEXT://0.0.0.0:1"}}).find("nonroutable"), std::string::npos);
  EXPECT_NE(refusal({{"controller.listener.names", "PLAINTEXT"}}).find("no listener for clients"), std::string::npos);
}

TEST(ListenerConfig, GivesATlsListenerItsOwnKeysBeforeTheCommonOnes) {
  const test::Certificates certificates;
  const config::BrokerConfig::Entries common{{"listeners", "INSIDE://:1,OUTSIDE://:2,PLAINTEXT://:3"},
                                             {"listener.security.protocol.map", "INSIDE:SSL,OUTSIDE:ssl,PLAINTEXT:PLAINTEXT"},
                                             {"ssl.keystore.type", "PEM"},
                                             {"ssl.keystore.key", certificates.server.key},
                                             {"ssl.keystore.certificate.chain", certificates.server.certificate},
                                             {"listener.name.OUTSIDE.ssl.enabled.protocols", "TLSv1.3"}};
  const auto result = listeners(common);
  ASSERT_TRUE(result) << result.error().context();
  ASSERT_TRUE((*result)[0].tls && (*result)[1].tls);
  EXPECT_EQ((*result)[0].tls->versions(), "TLSv1.2, TLSv1.3");
  EXPECT_EQ((*result)[1].tls->versions(), "TLSv1.3");
  EXPECT_EQ((*result)[2].tls, nullptr);
  auto broken = common;
  broken.emplace_back("listener.name.inside.ssl.keystore.type", "JKS");
  EXPECT_EQ(refusal(broken).rfind("listener INSIDE: ", 0), 0U) << refusal(broken);
  auto mapped = common;
  mapped.emplace_back("ssl.principal.mapping.rules", "RULE:^CN=(.*?),.*$/$1/,DEFAULT");
  EXPECT_NE(refusal(mapped).find("for configuration ssl.principal.mapping.rules: only DEFAULT is supported"), std::string::npos) << refusal(mapped);
  mapped.back().second = "DEFAULT";
  EXPECT_EQ(refusal(mapped), "accepted");
  auto made = common;
  made.emplace_back("listener.name.outside.ssl.engine.factory.class", "org.example.Factory");
  EXPECT_EQ(refusal(made).rfind("listener OUTSIDE: ssl.engine.factory.class=org.example.Factory", 0), 0U) << refusal(made);
  EXPECT_NE(refusal({{"listeners", "SSL://:1"}}).find("listener SSL: a TLS listener needs a certificate"), std::string::npos);
}

TEST(ListenerConfig, HoldsTheInterBrokerListenerToThoseThereAre) {
  EXPECT_EQ(refusal({{"inter.broker.listener.name", "PLAINTEXT"}}), "accepted");
  EXPECT_EQ(refusal({{"security.inter.broker.protocol", "PLAINTEXT"}}), "accepted");
  EXPECT_NE(refusal({{"inter.broker.listener.name", "INSIDE"}}).find("Invalid value INSIDE for configuration inter.broker.listener.name"), std::string::npos);
  EXPECT_NE(refusal({{"security.inter.broker.protocol", "SSL"}}).find("Invalid value SSL for configuration security.inter.broker.protocol"), std::string::npos);
  EXPECT_NE(refusal({{"inter.broker.listener.name", "PLAINTEXT"}, {"security.inter.broker.protocol", "PLAINTEXT"}}).find("both set"), std::string::npos);
}

}  // namespace
}  // namespace klamm::broker::server
