#include <klamm/broker/embedded.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <stdlib.h>

#include <gtest/gtest.h>

#include <klamm/admin.h>
#include <klamm/exceptions.h>

namespace klamm::broker {
namespace {

using namespace std::chrono_literals;

class EmbeddedTest : public testing::Test {
 protected:
  EmbeddedTest() {
    std::string name = (std::filesystem::temp_directory_path() / "klamm-embedded-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~EmbeddedTest() override { std::filesystem::remove_all(folder_); }

  static Admin admin(const Embedded& broker) { return Admin(Config{{"bootstrap.servers", broker.bootstrapServers()}}); }
  static void createTopic(const Embedded& broker, const std::string& name, int partitions = 1) {
    admin(broker).createTopics({{.name = name, .partitions = partitions, .replicationFactor = 1}}).all.get();
  }
  static std::set<std::string> topics(const Embedded& broker) {
    std::set<std::string> names;
    for (const auto& [name, listing] : admin(broker).listTopics().get()) names.insert(name);
    return names;
  }
  /// What starting with these options says; "started" when it does.
  static std::string refusal(EmbeddedOptions options) {
    try {
      (void)Embedded::start(std::move(options));
      return "started";
    } catch (const KafkaException& error) {
      return error.what();
    }
  }
  LogSink lines() {
    return [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    };
  }
  bool logged(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  std::string folder_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(EmbeddedTest, PicksAFreePortAndRemovesItsTemporaryFolder) {
  std::string folder;
  {
    const Embedded broker = Embedded::start();
    EXPECT_TRUE(broker.isRunning());
    EXPECT_NE(broker.port(), 0);
    EXPECT_EQ(broker.bootstrapServers(), "127.0.0.1:" + std::to_string(broker.port()));
    folder = broker.dataFolder();
    EXPECT_TRUE(std::filesystem::exists(folder + "/meta.properties"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(EmbeddedTest, RefusesAClusterForTheTimeBeing) {
  EXPECT_NE(refusal({.brokers = 3}).find("3 brokers"), std::string::npos);
  EXPECT_NE(refusal({.brokers = 0}), "started");
}

TEST_F(EmbeddedTest, RunsTwoBrokersInOneProcessThatKnowNothingOfEachOther) {
  const Embedded first = Embedded::start({.brokers = 1});
  const Embedded second = Embedded::start({.brokers = 1});
  EXPECT_NE(first.port(), second.port());
  createTopic(first, "here");
  createTopic(second, "there");
  EXPECT_EQ(topics(first), std::set<std::string>{"here"});
  EXPECT_EQ(topics(second), std::set<std::string>{"there"});
  EXPECT_NE(admin(first).describeCluster().get().clusterId, admin(second).describeCluster().get().clusterId);
}

TEST_F(EmbeddedTest, KeepsTopicsPortAndClusterAcrossStopAndKill) {
  Embedded broker = Embedded::start({.dataFolder = folder_});
  const auto port = broker.port();
  const auto cluster = admin(broker).describeCluster().get().clusterId;
  createTopic(broker, "orders", 3);
  const auto id = admin(broker).describeTopics({"orders"}).values.at("orders").get().topicId;
  broker.stop();
  EXPECT_FALSE(broker.isRunning());
  broker.restart();
  createTopic(broker, "payments");
  broker.kill();
  broker.restart();
  EXPECT_EQ(broker.port(), port);
  EXPECT_EQ(admin(broker).describeCluster().get().clusterId, cluster);
  EXPECT_EQ(topics(broker), (std::set<std::string>{"orders", "payments"}));
  const auto described = admin(broker).describeTopics({"orders"}).values.at("orders").get();
  EXPECT_EQ(described.topicId, id);
  EXPECT_EQ(described.partitions.size(), 3U);
}

TEST_F(EmbeddedTest, RefusesAFolderThatIsInUse) {
  const Embedded broker = Embedded::start({.dataFolder = folder_});
  EXPECT_NE(refusal({.dataFolder = folder_}).find(folder_), std::string::npos);
  EXPECT_EQ(topics(broker), std::set<std::string>());
}

TEST_F(EmbeddedTest, RefusesAFolderOfAnotherNodeAndLeavesItAlone) {
  { const Embedded broker = Embedded::start({.dataFolder = folder_}); }
  EXPECT_NE(refusal({.config = {{"node.id", "2"}}, .dataFolder = folder_}).find("belongs to node 1, not to node 2"), std::string::npos);
  EXPECT_EQ(refusal({.dataFolder = folder_}), "started");
}

TEST_F(EmbeddedTest, RefusesFoldersOfTwoClusters) {
  { const Embedded broker = Embedded::start({.dataFolder = folder_ + "/a"}); }
  { const Embedded broker = Embedded::start({.dataFolder = folder_ + "/b"}); }
  EXPECT_NE(refusal({.config = {{"log.dirs", folder_ + "/a," + folder_ + "/b"}}, .dataFolder = folder_ + "/a"}).find("belongs to cluster"),
            std::string::npos);
}

TEST_F(EmbeddedTest, RefusesAFolderThatHoldsOtherThings) {
  std::ofstream(folder_ + "/letters.txt") << "dear all";
  EXPECT_NE(refusal({.dataFolder = folder_}).find("it is no Kafka data folder"), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "nothing was added";
}

TEST_F(EmbeddedTest, RefusesAPortInUseWithoutATrace) {
  const Embedded broker = Embedded::start();
  EXPECT_NE(refusal({.dataFolder = folder_, .port = broker.port()}).find("127.0.0.1:" + std::to_string(broker.port())), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(EmbeddedTest, RefusesBadSettingsAndWarnsOfUnknownOnes) {
  EXPECT_NE(refusal({.config = {{"num.partitions", "many"}}}).find("Invalid value many for configuration num.partitions"), std::string::npos);
  EXPECT_NE(refusal({.config = {{"controller.quorum.voters", "1@a:1,2@b:1"}}}).find("controller.quorum.voters"), std::string::npos);
  const Embedded broker = Embedded::start({.config = {{"num.partitons", "3"}}, .log = lines()});
  EXPECT_TRUE(logged("did you mean num.partitions?"));
}

TEST_F(EmbeddedTest, SpreadsPartitionsOverSeveralFolders) {
  const std::string folders = folder_ + "/a," + folder_ + "/b";
  Embedded broker = Embedded::start({.config = {{"log.dirs", folders}}, .dataFolder = folder_ + "/a"});
  createTopic(broker, "orders", 4);
  int found = 0;
  for (const char* folder : {"/a", "/b"}) {
    for (int p = 0; p < 4; ++p) found += std::filesystem::exists(folder_ + folder + "/orders-" + std::to_string(p)) ? 1 : 0;
    EXPECT_TRUE(std::filesystem::exists(folder_ + folder + "/meta.properties"));
  }
  EXPECT_EQ(found, 4);
  broker.kill();
  broker.restart();
  EXPECT_EQ(topics(broker), std::set<std::string>{"orders"});
}

TEST_F(EmbeddedTest, PrintsEachRequestWhenAsked) {
  const Embedded broker = Embedded::start({.log = lines(), .logRequests = true});
  (void)topics(broker);
  EXPECT_TRUE(logged("request Metadata(3) v13"));
}

TEST_F(EmbeddedTest, DeletesATopicWithItsFolder) {
  const Embedded broker = Embedded::start({.dataFolder = folder_});
  createTopic(broker, "orders");
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/orders-0"));
  admin(broker).deleteTopics({"orders"}).all.get();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/orders-0"));
  EXPECT_TRUE(topics(broker).empty());
  createTopic(broker, "orders", 2);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/orders-1"));
}

}  // namespace
}  // namespace klamm::broker
