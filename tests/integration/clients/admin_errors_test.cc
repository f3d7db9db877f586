// The admin client's choices and errors.

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

class AdminErrorsList : public ClientTest {};

TEST_F(AdminErrorsList, EachTopicOfACreationHasItsOwnResult) {
  const std::string good = uniqueName("good");
  const std::string odd = uniqueName("odd");
  const auto made = admin().createTopics({{.name = good, .partitions = 2},
                                          {.name = "in/valid", .partitions = 1},
                                          {.name = odd + "-none", .partitions = 0},
                                          {.name = odd + "-copies", .partitions = 1, .replicationFactor = 99},
                                          {.name = odd + "-key", .partitions = 1, .configs = {{"no.such.key", "1"}}},
                                          {.name = odd + "-value", .partitions = 1, .configs = {{"retention.ms", "long"}}}});
  EXPECT_EQ(made.values.at(good).get().partitions, 2);
  EXPECT_EQ(made.values.at(good).get().topicId.size(), 22U);
  EXPECT_THROW(made.values.at("in/valid").get(), InvalidTopicException);
  EXPECT_THROW(made.values.at(odd + "-none").get(), InvalidPartitionsException);
  EXPECT_THROW(made.values.at(odd + "-copies").get(), InvalidReplicationFactorException);
  EXPECT_THROW(made.values.at(odd + "-key").get(), InvalidConfigurationException);
  EXPECT_THROW(made.values.at(odd + "-value").get(), InvalidConfigurationException);
  EXPECT_THROW(made.all.get(), KafkaException);
}

TEST_F(AdminErrorsList, ACheckAloneChangesNothing) {
  const std::string topic = uniqueName("validated");
  admin().createTopics({{.name = topic, .partitions = 3}}, {.validateOnly = true}).all.get();
  EXPECT_FALSE(admin().listTopics().get().contains(topic));
  EXPECT_THROW(admin().createTopics({{.name = "in/valid"}}, {.validateOnly = true}).all.get(), InvalidTopicException);
  const std::string there = makeTopic("there");
  admin().createPartitions({{there, {.totalCount = 4}}}, {.validateOnly = true}).all.get();
  EXPECT_EQ(admin().describeTopics({there}).values.at(there).get().partitions.size(), 1U);
}

TEST_F(AdminErrorsList, ReplicasMayBePlacedByHand) {
  const std::string topic = uniqueName("placed");
  const std::int32_t broker = admin().describeCluster().get().nodes.front().id;
  admin().createTopics({{.name = topic, .assignments = {{0, {broker}}, {1, {broker}}}}}).all.get();
  awaitLeaders(topic, 2);
  EXPECT_EQ(admin().describeTopics({topic}).values.at(topic).get().partitions.at(1).replicas.at(0).id, broker);
  EXPECT_THROW(admin().createTopics({{.name = topic + "x", .assignments = {{0, {4711}}}}}).all.get(), InvalidReplicaAssignmentException);
  EXPECT_THROW(admin().createTopics({{.name = topic + "x", .assignments = {{1, {broker}}}}}).all.get(), InvalidReplicaAssignmentException);
  EXPECT_THROW(admin().createTopics({{.name = topic + "x", .assignments = {{0, {broker, broker}}}}}).all.get(), InvalidReplicaAssignmentException);
}

TEST_F(AdminErrorsList, PartitionsOnlyGrow) {
  const std::string topic = makeTopic("growing", 2);
  EXPECT_THROW(admin().createPartitions({{topic, {.totalCount = 1}}}).all.get(), InvalidPartitionsException);
  EXPECT_THROW(admin().createPartitions({{topic, {.totalCount = 2}}}).all.get(), InvalidPartitionsException);
  EXPECT_THROW(admin().createPartitions({{uniqueName("nowhere"), {.totalCount = 2}}}).all.get(), UnknownTopicOrPartitionException);
  admin().createPartitions({{topic, {.totalCount = 3}}}).all.get();
  awaitLeaders(topic, 3);
}

TEST_F(AdminErrorsList, ATopicThatIsNotThereCannotBeDescribedOrDeleted) {
  const std::string nowhere = uniqueName("nowhere");
  EXPECT_THROW(admin().describeTopics({nowhere}).all.get(), UnknownTopicOrPartitionException);
  EXPECT_THROW(admin().describeTopics({"in/valid"}).all.get(), InvalidTopicException);
  EXPECT_THROW(admin().describeTopics({""}).all.get(), InvalidTopicException);
  EXPECT_THROW(admin().deleteTopics({""}).all.get(), InvalidTopicException);
  EXPECT_THROW(admin().createTopics({{.name = ""}}).all.get(), InvalidTopicException);
  EXPECT_THROW(admin().describeTopicsById({"AAAAAAAAAAAAAAAAAAAAAQ"}).all.get(), UnknownTopicIdException);
  EXPECT_THROW(admin().deleteTopics({nowhere}).all.get(), UnknownTopicOrPartitionException);
  EXPECT_THROW(admin().deleteTopicsById({"AAAAAAAAAAAAAAAAAAAAAQ"}).all.get(), UnknownTopicIdException);
  EXPECT_THROW(admin().describeConfigs({{ConfigResource::Type::Topic, nowhere}}).all.get(), UnknownTopicOrPartitionException);
  EXPECT_FALSE(admin().listTopics().get().contains(nowhere)) << "asking does not make it";
  EXPECT_TRUE(admin().describeTopics({}).values.empty());
}

TEST_F(AdminErrorsList, ASecondTopicOfTheNameIsToldWithoutSayingItTwice) {
  const std::string topic = makeTopic("twice");
  EXPECT_EQ(thrownBy([&] { admin().createTopics({{.name = topic, .partitions = 1}}).all.get(); }),
            "Topic '" + topic + "' already exists. (TOPIC_ALREADY_EXISTS)");
}

TEST_F(AdminErrorsList, InternalTopicsAreListedOnRequest) {
  const std::string topic = makeTopic("visible");
  admin().alterConsumerGroupOffsets(uniqueName("group"), {{{topic, 0}, {.offset = 0}}}).all.get();
  EXPECT_FALSE(admin().listTopics().get().contains("__consumer_offsets"));
  const auto all = admin().listTopics({.listInternal = true}).get();
  ASSERT_TRUE(all.contains("__consumer_offsets"));
  EXPECT_TRUE(all.at("__consumer_offsets").isInternal);
  EXPECT_TRUE(admin().describeTopics({"__consumer_offsets"}).values.at("__consumer_offsets").get().isInternal);
}

TEST_F(AdminErrorsList, ConfigurationsComeWithTheirSourceTypeAndText) {
  const std::string topic = makeTopic("described", 1, {{"cleanup.policy", "compact,delete"}});
  const ConfigResource resource{ConfigResource::Type::Topic, topic};
  const auto entries = admin().describeConfigs({resource}, {.includeDocumentation = true}).values.at(resource).get();
  const auto find = [&](const std::string& name) -> const ConfigEntry& {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const ConfigEntry& one) { return one.name == name; });
    EXPECT_NE(found, entries.end()) << name;
    return *found;
  };
  EXPECT_EQ(find("cleanup.policy").value, "compact,delete");
  EXPECT_EQ(find("cleanup.policy").source, ConfigSource::DynamicTopicConfig);
  EXPECT_EQ(find("segment.bytes").value, "1073741824");
  EXPECT_TRUE(find("segment.bytes").isDefault());
  EXPECT_FALSE(find("segment.bytes").isReadOnly);
  EXPECT_TRUE(find("segment.bytes").documentation && !find("segment.bytes").documentation->empty());
}

TEST_F(AdminErrorsList, OffsetsAreFoundByEverySpec) {
  const std::string topic = makeTopic("offsets");
  const TopicPartition tp{topic, 0};
  fill(topic, 10);
  {
    TextProducer producer(config());
    producer.send({.topic = topic, .timestamp = firstTimestamp() + 500, .value = "the newest"}).get();
    producer.send({.topic = topic, .timestamp = firstTimestamp() + 3, .value = "late"}).get();
  }
  const auto ask = [&](OffsetSpec spec) { return admin().listOffsets({{tp, spec}}).values.at(tp).get(); };
  EXPECT_EQ(ask(OffsetSpec::earliest()).offset, 0);
  EXPECT_EQ(ask(OffsetSpec::latest()).offset, 12);
  EXPECT_EQ(ask(OffsetSpec::maxTimestamp()).offset, 10);
  EXPECT_EQ(ask(OffsetSpec::maxTimestamp()).timestamp, firstTimestamp() + 500);
  EXPECT_EQ(ask(OffsetSpec::forTimestamp(firstTimestamp() + 4)).offset, 4);
  EXPECT_EQ(ask(OffsetSpec::forTimestamp(firstTimestamp() + 501)).offset, -1);
  EXPECT_EQ(ask(OffsetSpec::earliestLocal()).offset, 0);
  EXPECT_EQ(admin().listOffsets({{tp, OffsetSpec::latest()}}, {.readCommitted = true}).values.at(tp).get().offset, 12);
  const auto missing = admin().listOffsets({{{uniqueName("nowhere"), 0}, OffsetSpec::latest()}}, {.timeout = 500ms});
  EXPECT_THROW(missing.all.get(), KafkaException);
}

TEST_F(AdminErrorsList, AGroupWithMembersIsDescribedAndProtected) {
  const std::string topic = makeTopic("members", 3);
  const std::string group = uniqueName("members");
  TextConsumer first(reading(group, {{"client.id", "first"}}));
  TextConsumer second(reading(group, {{"client.id", "second"}, {"group.instance.id", "static"}}));
  first.subscribe({topic});
  second.subscribe({topic});
  eventually("they share", [&] {
    (void)first.poll(20ms);
    (void)second.poll(20ms);
    return !first.assignment().empty() && !second.assignment().empty();
  });
  first.commitSync(OffsetMap{{first.assignment().front(), {.offset = 0}}});
  ConsumerGroupDescription described;
  eventually("the group is stable", [&] {
    (void)first.poll(10ms);
    (void)second.poll(10ms);
    described = admin().describeConsumerGroups({group}).values.at(group).get();
    return described.state == "Stable";
  });
  EXPECT_EQ(described.type, "Classic");
  EXPECT_EQ(described.partitionAssignor, "range");
  EXPECT_FALSE(described.isSimpleConsumerGroup);
  ASSERT_EQ(described.members.size(), 2U);
  std::size_t partitions = 0;
  for (const MemberDescription& member : described.members) {
    partitions += member.assignment.size();
    EXPECT_EQ(member.groupInstanceId.has_value(), member.clientId == "second");
    EXPECT_EQ(member.host, "/127.0.0.1");
  }
  EXPECT_EQ(partitions, 3U);
  EXPECT_THROW(admin().deleteConsumerGroups({group}).all.get(), GroupNotEmptyException);
  EXPECT_THROW(admin().deleteConsumerGroupOffsets(group, {{topic, 0}}).all.get(), GroupSubscribedToTopicException);
  EXPECT_THROW(admin().alterConsumerGroupOffsets(group, {{{topic, 0}, {.offset = 1}}}).all.get(), UnknownMemberIdException);
  const auto listed = admin().listGroups({.groupStates = {"Stable"}, .groupTypes = {"Classic"}}).get();
  EXPECT_TRUE(std::any_of(listed.begin(), listed.end(), [&](const GroupListing& one) { return one.groupId == group && one.protocolType == "consumer"; }));
  const auto empty = admin().listGroups({.groupStates = {"Empty"}}).get();
  EXPECT_FALSE(std::any_of(empty.begin(), empty.end(), [&](const GroupListing& one) { return one.groupId == group; }));
}

TEST_F(AdminErrorsList, AGroupThatIsNotThereSaysSo) {
  const std::string topic = makeTopic("lonely");
  const std::string group = uniqueName("nobody");
  EXPECT_THROW(admin().describeConsumerGroups({group}).all.get(), GroupIdNotFoundException);
  EXPECT_THROW(admin().deleteConsumerGroups({group}).all.get(), GroupIdNotFoundException);
  EXPECT_THROW(admin().deleteConsumerGroupOffsets(group, {{topic, 0}}).all.get(), GroupIdNotFoundException);
  EXPECT_TRUE(admin().listConsumerGroupOffsets({{group, std::nullopt}}).values.at(group).get().empty());
  EXPECT_THROW(admin().alterConsumerGroupOffsets(group, {{{uniqueName("nowhere"), 0}, {.offset = 1}}}).all.get(), UnknownTopicOrPartitionException);
}

TEST_F(AdminErrorsList, ManyCallsAtOnceAreAnsweredEach) {
  std::vector<AdminResult<std::string, CreatedTopic>> made;
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back(uniqueName("many"));
    made.push_back(admin().createTopics({{.name = names.back(), .partitions = 1}}));
  }
  for (auto& one : made) one.all.get();
  for (const std::string& name : names) awaitLeaders(name, 1);
  admin().deleteTopics(names).all.get();
}

TEST_F(AdminErrorsList, NobodyThereIsATimeoutThatNamesWhatWasTried) {
  Admin lonely(Config{{"bootstrap.servers", "127.0.0.1:1"}, {"default.api.timeout.ms", "400"}, {"request.timeout.ms", "400"}});
  EXPECT_THROW(lonely.listTopics().get(), TimeoutException);
  EXPECT_THROW(lonely.describeCluster().get(), TimeoutException);
  EXPECT_THROW(lonely.createTopics({{.name = "t", .partitions = 1}}).all.get(), TimeoutException);
  EXPECT_THROW(lonely.describeConsumerGroups({"g"}).all.get(), TimeoutException);
  EXPECT_THROW(lonely.listOffsets({{{"t", 0}, OffsetSpec::latest()}}).all.get(), TimeoutException);
  EXPECT_THROW(lonely.listTopics({.timeout = 10ms}).get(), TimeoutException);
}

}  // namespace
}  // namespace klamm::test
