// Against the broker in KLAMM_TEST_BOOTSTRAP; skipped where that is not set.

#include <klamm/admin.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

namespace klamm {
namespace {

class RealBrokerAdmin : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* bootstrap = std::getenv("KLAMM_TEST_BOOTSTRAP");
    if (bootstrap == nullptr) GTEST_SKIP() << "KLAMM_TEST_BOOTSTRAP is not set";
    Config config;
    config.set("bootstrap.servers", bootstrap);
    config.set("client.id", "klamm-admin-test");
    admin_ = std::make_unique<Admin>(config);
  }
  void TearDown() override {
    if (admin_ && !topics_.empty()) (void)admin_->deleteTopics(topics_).all.wait_for(std::chrono::seconds(30));
  }
  /// Asks until the answer satisfies: what one broker has decided, another may hear of a moment later.
  template <class Ask, class Done>
  auto until(Ask ask, Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
      auto answer = ask();
      if (done(answer) || std::chrono::steady_clock::now() > end) return answer;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::string make(const std::string& what, std::int32_t partitions) {
    const std::string name = "klamm-admin-test-" + what + "-" + std::to_string(::getpid());
    topics_.push_back(name);
    const auto created = admin_->createTopics({{.name = name, .partitions = partitions, .replicationFactor = 1, .configs = {{"retention.ms", "86400000"}}}});
    created.all.get();
    EXPECT_EQ(created.values.at(name).get().partitions, partitions);
    until([&] { return admin_->listTopics().get(); }, [&](const auto& all) { return all.contains(name); });
    return name;
  }

  std::unique_ptr<Admin> admin_;
  std::vector<std::string> topics_;
};

TEST_F(RealBrokerAdmin, MakesDescribesGrowsAndDeletesATopic) {
  const std::string name = make("life", 3);
  const auto description = admin_->describeTopics({name}).values.at(name).get();
  EXPECT_EQ(description.partitions.size(), 3U);
  EXPECT_EQ(description.topicId.size(), 22U);
  EXPECT_FALSE(description.partitions[1].leader->isEmpty());
  const auto byId = admin_->describeTopicsById({description.topicId}).values.at(description.topicId).get();
  EXPECT_EQ(byId.name, name);
  EXPECT_THROW(admin_->createTopics({{.name = name}}).all.get(), TopicExistsException);
  admin_->createPartitions({{name, {.totalCount = 5}}}).all.get();
  const auto grown = until([&] { return admin_->describeTopics({name}).values.at(name).get(); },
                           [](const TopicDescription& topic) { return topic.partitions.size() == 5; });
  EXPECT_EQ(grown.partitions.size(), 5U);
  EXPECT_TRUE(admin_->listPartitionReassignments().get().empty());
  admin_->deleteTopicsById({description.topicId}).all.get();
  topics_.clear();
  const auto left = until([&] { return admin_->listTopics({.listInternal = true}).get(); }, [&](const auto& all) { return !all.contains(name); });
  EXPECT_FALSE(left.contains(name));
  EXPECT_THROW(admin_->describeTopics({name}).all.get(), UnknownTopicOrPartitionException);
}

TEST_F(RealBrokerAdmin, DescribesConfigurationsOfTopicsAndBrokers) {
  const std::string name = make("configs", 1);
  const auto cluster = admin_->describeCluster().get();
  ASSERT_FALSE(cluster.nodes.empty());
  EXPECT_TRUE(cluster.controller);
  const ConfigResource topic{ConfigResource::Type::Topic, name};
  const ConfigResource broker{ConfigResource::Type::Broker, std::to_string(cluster.nodes.front().id)};
  const auto configs = admin_->describeConfigs({topic, broker}, {.includeSynonyms = true});
  const auto entries = configs.values.at(topic).get();
  const auto retention = std::find_if(entries.begin(), entries.end(), [](const ConfigEntry& entry) { return entry.name == "retention.ms"; });
  ASSERT_NE(retention, entries.end());
  EXPECT_EQ(retention->value, "86400000");
  EXPECT_EQ(retention->source, ConfigSource::DynamicTopicConfig);
  ASSERT_FALSE(retention->synonyms.empty());
  EXPECT_EQ(retention->synonyms.front().source, ConfigSource::DynamicTopicConfig);
  EXPECT_GT(configs.values.at(broker).get().size(), 100U);
  EXPECT_THROW(admin_->describeConfigs({{ConfigResource::Type::Broker, "x"}}).all.get(), InvalidRequestException);
}

TEST_F(RealBrokerAdmin, FindsOffsetsOfAnEmptyTopic) {
  const std::string name = make("offsets", 2);
  const auto offsets = admin_->listOffsets({{{name, 0}, OffsetSpec::latest()}, {{name, 1}, OffsetSpec::forTimestamp(0)}});
  EXPECT_EQ(offsets.values.at({name, 0}).get().offset, 0);
  EXPECT_EQ(offsets.values.at({name, 1}).get().offset, -1);
  const auto missing = admin_->listOffsets({{{name, 7}, OffsetSpec::latest()}}, {.timeout = Millis(300)});
  EXPECT_THROW(missing.all.get(), TimeoutException);
}

TEST_F(RealBrokerAdmin, StoresListsAndDeletesOffsetsOfAGroup) {
  const std::string name = make("group", 2);
  const std::string group = name;
  admin_->alterConsumerGroupOffsets(group, {{{name, 0}, {.offset = 7, .metadata = "why"}}, {{name, 1}, {.offset = 9}}}).all.get();
  const auto stored = admin_->listConsumerGroupOffsets({{group, std::nullopt}}).values.at(group).get();
  EXPECT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored.at({name, 0}).metadata, "why");
  const auto some = admin_->listConsumerGroupOffsets({{group, TopicPartitions{{name, 1}, {name, 5}}}}).values.at(group).get();
  EXPECT_EQ(some, (OffsetMap{{{name, 1}, {.offset = 9}}}));
  const auto groups = admin_->listConsumerGroups({.groupStates = {"empty"}}).get();
  EXPECT_TRUE(std::any_of(groups.begin(), groups.end(), [&](const GroupListing& one) { return one.groupId == group && one.state == "Empty"; }));
  const auto description = admin_->describeConsumerGroups({group}).values.at(group).get();
  EXPECT_EQ(description.state, "Empty");
  EXPECT_TRUE(description.isSimpleConsumerGroup);
  EXPECT_FALSE(description.coordinator.isEmpty());
  admin_->deleteConsumerGroupOffsets(group, {{name, 0}}).all.get();
  EXPECT_EQ(admin_->listConsumerGroupOffsets({{group, std::nullopt}}).values.at(group).get().size(), 1U);
  admin_->deleteConsumerGroups({group}).all.get();
  EXPECT_THROW(admin_->deleteConsumerGroups({group}).all.get(), GroupIdNotFoundException);
  EXPECT_THROW(admin_->describeConsumerGroups({group}).all.get(), GroupIdNotFoundException);
}

TEST_F(RealBrokerAdmin, AfterCloseEveryCallFailsAtOnce) {
  admin_->close();
  EXPECT_THROW(admin_->listTopics().get(), IllegalStateException);
  EXPECT_THROW(admin_->listConsumerGroups().get(), IllegalStateException);
  EXPECT_THROW(admin_->describeConsumerGroups({"g"}).all.get(), IllegalStateException);
  admin_.reset();
}

}  // namespace
}  // namespace klamm
