#include "config/config_table.h"

#include <gtest/gtest.h>

#include "config/broker_config.h"

namespace klamm::broker::config {
namespace {

std::string refusal(const ConfigRow* row, std::string_view value) {
  const Status status = checkValue(*row, value);
  return status ? "" : status.error().context();
}

TEST(ConfigTable, StandsByRisingNameSoThatLookUpsMayHalve) {
  for (const auto rows : {brokerRows(), topicRows()}) {
    for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LT(rows[i - 1].name, rows[i].name);
  }
}

TEST(ConfigTable, AcceptsEveryDefaultOfItsOwn) {
  for (const auto rows : {brokerRows(), topicRows()}) {
    for (const ConfigRow& row : rows) {
      if (row.defaultValue != nullptr) {
        EXPECT_TRUE(checkValue(row, row.defaultValue)) << row.name;
      }
      EXPECT_FALSE(row.doc.empty()) << row.name;
    }
  }
}

TEST(ConfigTable, NamesABrokerKeyBehindEachTopicKeyThatHasOne) {
  for (const ConfigRow& row : topicRows()) {
    if (row.synonym.empty()) continue;
    EXPECT_NE(findBrokerRow(row.synonym), nullptr) << row.name;
  }
}

TEST(ConfigTable, SaysInKafkasWordsWhatIsWrong) {
  EXPECT_EQ(refusal(findTopicRow("segment.bytes"), "zero"), "Invalid value zero for configuration segment.bytes: Not a number of type INT");
  EXPECT_EQ(refusal(findTopicRow("segment.bytes"), "1"), "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576");
  EXPECT_EQ(refusal(findTopicRow("min.cleanable.dirty.ratio"), "1.5"),
            "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1");
  EXPECT_EQ(refusal(findTopicRow("compression.type"), "lzma"),
            "Invalid value lzma for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer");
  EXPECT_EQ(refusal(findTopicRow("cleanup.policy"), "delete,shred"),
            "Invalid value shred for configuration cleanup.policy: String must be one of: compact, delete");
  EXPECT_EQ(refusal(findTopicRow("compression.gzip.level"), "0"),
            "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1");
  EXPECT_EQ(refusal(findTopicRow("preallocate"), "yes"), "Invalid value yes for configuration preallocate: Expected value to be either true or false");
}

TEST(ConfigTable, TakesNoListWithEmptyOrDoubledItems) {
  EXPECT_EQ(refusal(findBrokerRow("log.dirs"), "/a,/b,/a"), "Configuration 'log.dirs' values must not be duplicated.");
  EXPECT_EQ(refusal(findBrokerRow("log.dirs"), "/a,,/b"), "Configuration 'log.dirs' values must not be empty.");
  EXPECT_EQ(refusal(findBrokerRow("log.dirs"), "/a,"), "Configuration 'log.dirs' values must not be empty.");
  EXPECT_EQ(refusal(findBrokerRow("log.dirs"), " "), "Configuration 'log.dirs' must not be empty. Valid values include: any non-empty value");
  EXPECT_EQ(refusal(findBrokerRow("process.roles"), ""), "Configuration 'process.roles' must not be empty. Valid values include: [broker, controller]");
  EXPECT_EQ(refusal(findTopicRow("cleanup.policy"), "delete, delete"), "Configuration 'cleanup.policy' values must not be duplicated.");
  EXPECT_EQ(refusal(findBrokerRow("metric.reporters"), ""), "") << "a list that may be empty";
  EXPECT_EQ(refusal(findTopicRow("leader.replication.throttled.replicas"), "0:1,0:1"), "");
  EXPECT_EQ(refusal(findBrokerRow("remote.log.storage.manager.class.name"), ""),
            "Invalid value  for configuration remote.log.storage.manager.class.name: String must be non-empty");
}

TEST(ConfigTable, TakesWhatKafkaTakes) {
  EXPECT_EQ(refusal(findTopicRow("preallocate"), " TRUE "), "");
  EXPECT_EQ(refusal(findTopicRow("segment.bytes"), " 1048576 "), "");
  EXPECT_EQ(refusal(findTopicRow("leader.replication.throttled.replicas"), "0:1, 1:2"), "");
  EXPECT_EQ(refusal(findTopicRow("leader.replication.throttled.replicas"), "*"), "");
  EXPECT_NE(refusal(findTopicRow("leader.replication.throttled.replicas"), "x"), "");
  EXPECT_EQ(refusal(findTopicRow("cleanup.policy"), "delete, compact"), "");
  EXPECT_EQ(refusal(findTopicRow("compression.gzip.level"), "-1"), "");
  EXPECT_NE(refusal(findTopicRow("compression.gzip.level"), "0"), "");
  EXPECT_EQ(refusal(findTopicRow("retention.ms"), "-1"), "");
  EXPECT_NE(refusal(findTopicRow("segment.bytes"), "99999999999"), "") << "more than an INT holds";
  EXPECT_NE(refusal(findTopicRow("segment.bytes"), ""), "");
}

TEST(ConfigTable, FindsTheNameThatWasMeant) {
  EXPECT_EQ(nearestName(brokerRows(), "num.partition"), "num.partitions");
  EXPECT_EQ(nearestName(brokerRows(), "log.retention.hour"), "log.retention.hours");
  EXPECT_EQ(nearestName(topicRows(), "retention.bytse"), "retention.bytes");
  EXPECT_EQ(nearestName(brokerRows(), "completely.unlike.anything.there.is"), "");
}

TEST(BrokerConfig, GivesDefaultsAndWhatWasSet) {
  const auto config = BrokerConfig::make({{"num.partitions", "3"}, {"num.partitions", "5"}, {"auto.create.topics.enable", "False"}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->number("num.partitions"), 5) << "the later entry wins";
  EXPECT_FALSE(config->flag("auto.create.topics.enable"));
  EXPECT_TRUE(config->flag("delete.topic.enable"));
  EXPECT_EQ(config->number("socket.request.max.bytes"), 104857600);
  EXPECT_TRUE(config->text("advertised.listeners").empty());
  EXPECT_EQ(config->list("process.roles").size(), 0U);
}

TEST(BrokerConfig, RefusesABadValueNamingKeyValueAndRange) {
  const auto config = BrokerConfig::make({{"num.partitions", "0"}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().context(), "Invalid value 0 for configuration num.partitions: Value must be at least 1 (allowed: [1,...])");
}

TEST(BrokerConfig, WarnsOfUnknownKeysWithTheNearestName) {
  std::vector<std::string> warnings;
  const auto config = BrokerConfig::make({{"num.partitoins", "3"}, {"zzz", "1"}, {"listener.name.plaintext.max.connections", "4"}}, &warnings);
  ASSERT_TRUE(config);
  EXPECT_EQ(warnings, (std::vector<std::string>{"unknown configuration key num.partitoins is ignored; did you mean num.partitions?",
                                                "unknown configuration key zzz is ignored"}));
}

TEST(BrokerConfig, WarnsOfKeysThatCannotCount) {
  std::vector<std::string> warnings;
  const auto config = BrokerConfig::make({{"listener.name.outsied.ssl.client.auth", "required"},
                                          {"listener.name.Outside.ssl.client.auth", "required"},
                                          {"listener.name.controller.max.connections", "4"},
                                          {"listeners", "INSIDE://:1,OUTSIDE://:2"},
                                          {"controller.listener.names", "CONTROLLER"},
                                          {"ssl.provider", "SunJSSE"}},
                                         &warnings);
  ASSERT_TRUE(config);
  EXPECT_EQ(warnings, (std::vector<std::string>{"configuration key ssl.provider is ignored: TLS is OpenSSL's here, and Java's providers do not count",
                                                "configuration key listener.name.outsied.ssl.client.auth is ignored: no listener has the name outsied "
                                                "(see listeners)"}));
}

}  // namespace
}  // namespace klamm::broker::config
