// The admin client's public calls.

#include <algorithm>

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

class AdminList : public ClientTest {
 protected:
  /// Asks until the answer satisfies: what one broker has decided, another may hear of a moment later.
  template <class Ask, class Done>
  auto until(Ask ask, Done done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      auto answer = ask();
      if (done(answer) || std::chrono::steady_clock::now() > end) return answer;
      std::this_thread::sleep_for(20ms);
    }
  }
};

TEST_F(AdminList, MakesDescribesGrowsAndDeletesATopic) {
  const std::string name = makeTopic("life", 3);
  const auto description = admin().describeTopics({name}).values.at(name).get();
  EXPECT_EQ(description.partitions.size(), 3U);
  EXPECT_EQ(description.topicId.size(), 22U);
  EXPECT_FALSE(description.partitions[1].leader->isEmpty());
  const auto byId = admin().describeTopicsById({description.topicId}).values.at(description.topicId).get();
  EXPECT_EQ(byId.name, name);
  EXPECT_THROW(admin().createTopics({{.name = name}}).all.get(), TopicExistsException);
  admin().createPartitions({{name, {.totalCount = 5}}}).all.get();
  const auto grown = until([&] { return admin().describeTopics({name}).values.at(name).get(); },
                           [](const TopicDescription& topic) { return topic.partitions.size() == 5; });
  EXPECT_EQ(grown.partitions.size(), 5U);
  EXPECT_TRUE(admin().listPartitionReassignments().get().empty());
  admin().deleteTopicsById({description.topicId}).all.get();
  const auto left = until([&] { return admin().listTopics({.listInternal = true}).get(); }, [&](const auto& all) { return !all.contains(name); });
  EXPECT_FALSE(left.contains(name));
  EXPECT_THROW(admin().describeTopics({name}).all.get(), UnknownTopicOrPartitionException);
}

TEST_F(AdminList, DescribesConfigurationsOfTopicsAndBrokers) {
  const std::string name = makeTopic("configs", 1, {{"retention.ms", "86400000"}});
  const auto cluster = admin().describeCluster().get();
  ASSERT_FALSE(cluster.nodes.empty());
  EXPECT_TRUE(cluster.controller);
  const ConfigResource topic{ConfigResource::Type::Topic, name};
  const ConfigResource broker{ConfigResource::Type::Broker, std::to_string(cluster.nodes.front().id)};
  const auto configs = admin().describeConfigs({topic, broker}, {.includeSynonyms = true});
  const auto entries = configs.values.at(topic).get();
  const auto retention = std::find_if(entries.begin(), entries.end(), [](const ConfigEntry& entry) { return entry.name == "retention.ms"; });
  ASSERT_NE(retention, entries.end());
  EXPECT_EQ(retention->value, "86400000");
  EXPECT_EQ(retention->source, ConfigSource::DynamicTopicConfig);
  ASSERT_FALSE(retention->synonyms.empty());
  EXPECT_EQ(retention->synonyms.front().source, ConfigSource::DynamicTopicConfig);
  EXPECT_GT(configs.values.at(broker).get().size(), 100U);
  EXPECT_THROW(admin().describeConfigs({{ConfigResource::Type::Broker, "x"}}).all.get(), InvalidRequestException);
}

TEST_F(AdminList, FindsOffsetsOfAnEmptyTopic) {
  const std::string name = makeTopic("offsets", 2);
  const auto offsets = admin().listOffsets({{{name, 0}, OffsetSpec::latest()}, {{name, 1}, OffsetSpec::forTimestamp(0)}});
  EXPECT_EQ(offsets.values.at({name, 0}).get().offset, 0);
  EXPECT_EQ(offsets.values.at({name, 1}).get().offset, -1);
  const auto missing = admin().listOffsets({{{name, 7}, OffsetSpec::latest()}}, {.timeout = Millis(300)});
  EXPECT_THROW(missing.all.get(), TimeoutException);
}

TEST_F(AdminList, StoresListsAndDeletesOffsetsOfAGroup) {
  const std::string name = makeTopic("group", 2);
  const std::string group = name;
  admin().alterConsumerGroupOffsets(group, {{{name, 0}, {.offset = 7, .metadata = "why"}}, {{name, 1}, {.offset = 9}}}).all.get();
  const auto stored = admin().listConsumerGroupOffsets({{group, std::nullopt}}).values.at(group).get();
  EXPECT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored.at({name, 0}).metadata, "why");
  const auto some = admin().listConsumerGroupOffsets({{group, TopicPartitions{{name, 1}, {name, 5}}}}).values.at(group).get();
  EXPECT_EQ(some, (OffsetMap{{{name, 1}, {.offset = 9}}}));
  const auto groups = admin().listConsumerGroups({.groupStates = {"empty"}}).get();
  EXPECT_TRUE(std::any_of(groups.begin(), groups.end(), [&](const GroupListing& one) { return one.groupId == group && one.state == "Empty"; }));
  const auto description = admin().describeConsumerGroups({group}).values.at(group).get();
  EXPECT_EQ(description.state, "Empty");
  EXPECT_TRUE(description.isSimpleConsumerGroup);
  EXPECT_FALSE(description.coordinator.isEmpty());
  admin().deleteConsumerGroupOffsets(group, {{name, 0}}).all.get();
  EXPECT_EQ(admin().listConsumerGroupOffsets({{group, std::nullopt}}).values.at(group).get().size(), 1U);
  admin().deleteConsumerGroups({group}).all.get();
  EXPECT_THROW(admin().deleteConsumerGroups({group}).all.get(), GroupIdNotFoundException);
  EXPECT_THROW(admin().describeConsumerGroups({group}).all.get(), GroupIdNotFoundException);
}

TEST_F(AdminList, AfterCloseEveryCallFailsAtOnce) {
  admin().close();
  EXPECT_THROW(admin().listTopics().get(), IllegalStateException);
  EXPECT_THROW(admin().listConsumerGroups().get(), IllegalStateException);
  EXPECT_THROW(admin().describeConsumerGroups({"g"}).all.get(), IllegalStateException);
}

}  // namespace
}  // namespace klamm::test
