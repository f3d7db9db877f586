#include <klamm/config.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "client/client_config.h"
#include "client/config_table.h"

namespace klamm {
namespace {

using std::chrono_literals::operator""ms;
using ::testing::HasSubstr;

std::string refusal(std::string_view name, std::string_view value) {
  Config config;
  try {
    config.set(name, value);
  } catch (const ConfigException& e) {
    return e.error().context();
  }
  return "accepted";
}

TEST(Config, GivesKafkasDefaultsPerClient) {
  const Config config;
  EXPECT_EQ(config.get(config::lingerMs, ClientKind::Producer), 5ms);
  EXPECT_EQ(config.get(config::acks, ClientKind::Producer), Acks::All);
  EXPECT_EQ(config.get(config::connectionsMaxIdleMs, ClientKind::Producer), 540000ms);
  EXPECT_EQ(config.get(config::connectionsMaxIdleMs, ClientKind::Admin), 300000ms);
  EXPECT_EQ(config.get(config::receiveBufferBytes, ClientKind::Producer), 32768);
  EXPECT_EQ(config.get(config::receiveBufferBytes, ClientKind::Consumer), 65536);
  EXPECT_EQ(config.get(config::transactionalId, ClientKind::Producer), "");
}

TEST(ClientSettings, LeaveSocketBuffersToTheSystemUnlessTheyAreSet) {
  const auto settings = client::clientSettings({{"bootstrap.servers", "localhost:1"}}, ClientKind::Producer, "id");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->sendBuffer, -1);
  EXPECT_EQ(settings->receiveBuffer, -1);
  const auto set = client::clientSettings({{"bootstrap.servers", "localhost:1"}, {"send.buffer.bytes", "1000"}, {"receive.buffer.bytes", "2000"}},
                                          ClientKind::Consumer, "id");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->sendBuffer, 1000);
  EXPECT_EQ(set->receiveBuffer, 2000);
}

TEST(Config, TakesTypedKeysAndText) {
  Config config{{"linger.ms", " 7 "}};
  EXPECT_EQ(config.get(config::lingerMs, ClientKind::Producer), 7ms);
  config.set(config::lingerMs, 9ms).set(config::acks, Acks::Leader).set(config::bootstrapServers, {"a:1", "b:2"});
  EXPECT_EQ(config.find("linger.ms"), "9");
  EXPECT_EQ(config.find("acks"), "1");
  EXPECT_EQ(config.get(config::bootstrapServers, ClientKind::Producer), (std::vector<std::string>{"a:1", "b:2"}));
}

TEST(Config, ABadValueNamesKeyValueAndWhatIsAllowed) {
  EXPECT_EQ(refusal("linger.ms", "soon"), "linger.ms=soon is not a whole number of at least 0");
  EXPECT_EQ(refusal("linger.ms", "-1"), "linger.ms=-1 is not a whole number of at least 0");
  EXPECT_EQ(refusal("batch.size", "99999999999"), "batch.size=99999999999 is not a whole number of at least 0");
  EXPECT_EQ(refusal("compression.type", "brotli"), "compression.type=brotli is not one of: none, gzip, snappy, lz4, zstd");
  EXPECT_EQ(refusal("enable.idempotence", "yes"), "enable.idempotence=yes is not true or false");
  EXPECT_EQ(refusal("compression.gzip.level", "0"), "compression.gzip.level=0 is not a whole number from 1 to 9 or -1");
  EXPECT_EQ(refusal("compression.gzip.level", "-1"), "accepted");
  EXPECT_EQ(refusal("security.protocol", "ssl"), "accepted");
  EXPECT_EQ(refusal("auto.offset.reset", "by_duration:PT1H"), "accepted");
  EXPECT_EQ(refusal("auto.offset.reset", "by_duration:"), "auto.offset.reset=by_duration: is not one of: latest, earliest, none, by_duration:*");
}

TEST(Config, TakesNoListWithEmptyOrDoubledEntriesButForgivesThemInBootstrapServers) {
  Config config;
  EXPECT_NO_THROW(config.set("ssl.enabled.protocols", "TLSv1.2, TLSv1.3").set("ssl.cipher.suites", "").set("bootstrap.servers", "a:1,,a:1,"));
  for (const char* list : {"TLSv1.2,TLSv1.2", "TLSv1.2,", ",TLSv1.2", "TLSv1.2,,TLSv1.3"}) {
    EXPECT_THROW(config.set("ssl.enabled.protocols", list), ConfigException) << list;
  }
}

TEST(Config, ReadsAPropertiesFileAndNamesTheLineOfABadValue) {
  const std::string path = ::testing::TempDir() + "klamm_config_test.properties";
  std::ofstream(path) << "# comment\nbootstrap.servers = localhost:9092\nacks=1\n";
  EXPECT_EQ(Config::fromFile(path).find("acks"), "1");
  std::ofstream(path) << "acks=all\nlinger.ms=x\n";
  try {
    static_cast<void>(Config::fromFile(path));
    FAIL() << "a bad value was accepted";
  } catch (const ConfigException& e) {
    EXPECT_EQ(e.error().context(), path + ":2: linger.ms=x is not a whole number of at least 0");
  }
  EXPECT_THROW(static_cast<void>(Config::fromFile("/no/such/file")), ConfigException);
}

class CheckConfig : public ::testing::Test {
 protected:
  std::string linesFor(const Config& config, ClientKind client = ClientKind::Producer) {
    std::string lines;
    const Log log([&lines](LogLevel, std::string_view line) { lines.append(line).append("\n"); });
    const Status status = client::checkConfig(config, client, log);
    return status ? lines : "refused: " + status.error().context();
  }
};

TEST_F(CheckConfig, AnUnknownKeyGetsTheNearestKnownName) {
  EXPECT_EQ(linesFor({{"linger.sm", "5"}}), "configuration linger.sm is not known: did you mean linger.ms?\n");
  EXPECT_EQ(linesFor({{"compresion.type", "x"}}), "configuration compresion.type is not known: did you mean compression.type?\n");
  EXPECT_EQ(linesFor({{"something.entirely.else", "x"}}), "configuration something.entirely.else is not known\n");
}

TEST_F(CheckConfig, ANameOfOtherTimesGetsAdvice) {
  EXPECT_EQ(linesFor({{"metadata.broker.list", "x"}}), "configuration metadata.broker.list is not known: use bootstrap.servers\n");
}

TEST_F(CheckConfig, AKeyOfAnotherClientIsNoWarning) { EXPECT_EQ(linesFor({{"group.id", "g"}}), ""); }

TEST_F(CheckConfig, AJavaClassPassesWhenItChangesNothingAndIsRefusedWithAdviceOtherwise) {
  EXPECT_EQ(linesFor({{"key.serializer", "org.apache.kafka.common.serialization.StringSerializer"}}), "");
  EXPECT_THAT(linesFor({{"key.serializer", "com.example.Avro"}}), HasSubstr("ProducerOptions::keySerializer"));
  EXPECT_THAT(linesFor({{"interceptor.classes", "com.example.Audit"}}), HasSubstr("interceptors are not supported"));
  EXPECT_EQ(linesFor({{"interceptor.classes", ""}}), "");
}

TEST(ConfigTable, EveryDefaultIsAllowedByItsOwnRow) {
  for (const client::ConfigRow& row : client::configRows()) {
    if (row.defaultText == nullptr) continue;
    Config config;
    EXPECT_FALSE(config.trySet(row.name, row.defaultText)) << row.name;
  }
}

TEST(Exceptions, AreNamedAsInKafkaAndKnowWhetherToTryAgain) {
  EXPECT_THROW(throwError(ErrorCode::RequestTimedOut), TimeoutException);
  EXPECT_THROW(throwError(ErrorCode::RequestTimedOut), RetriableException);
  EXPECT_THROW(throwError(ErrorCode::InvalidClientConfig), ConfigException);
  EXPECT_THROW(throwError(ErrorCode::ResolveFailed), NetworkException);
  EXPECT_THROW(throwIfError(Error(ErrorCode::Closed, "x")), IllegalStateException);
  EXPECT_NO_THROW(throwIfError(Error()));
}

}  // namespace
}  // namespace klamm
