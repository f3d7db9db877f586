#include "controller/topics_control.h"

#include "unit/controller/cluster_fixture.h"

namespace klamm::broker::controller {
namespace {

using CreateRequest = protocol::CreateTopicsRequest;

class TopicsControl : public ClusterTest {
 protected:
  using ClusterTest::ClusterTest;
  static CreateRequest::CreatableTopic topic(std::string name, std::int32_t partitions = 1, std::int16_t replicas = 1) {
    CreateRequest::CreatableTopic topic;
    topic.name = std::move(name);
    topic.numPartitions = partitions;
    topic.replicationFactor = replicas;
    return topic;
  }
  static CreateRequest request(std::vector<CreateRequest::CreatableTopic> topics) {
    CreateRequest request;
    request.topics = std::move(topics);
    return request;
  }
  /// Creates one topic; returns its error.
  ErrorCode create(CreateRequest::CreatableTopic topic) {
    auto outcome = createTopics(context(), request({std::move(topic)}));
    apply(outcome.records);
    last_ = outcome.response.topics.at(0);
    return last_.errorCode;
  }
  protocol::CreateTopicsResponse::CreatableTopicResult last_;
};

class TopicsControlOfThree : public TopicsControl {
 protected:
  TopicsControlOfThree() : TopicsControl(3) {}
};

TEST_F(TopicsControl, MakesAllPartitionsWithLeaderAndDirectory) {
  ASSERT_EQ(create(topic("orders", 3)), ErrorCode::None);
  EXPECT_EQ(last_.numPartitions, 3);
  EXPECT_EQ(last_.replicationFactor, 1);
  EXPECT_EQ(last_.errorMessage, std::nullopt);
  const image::TopicImage* made = image_->topic("orders");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->id, last_.topicId);
  ASSERT_EQ(made->partitions.size(), 3U);
  EXPECT_EQ(made->partitions[2].leader, 1);
  EXPECT_EQ(made->partitions[2].isr, std::vector<std::int32_t>{1});
  EXPECT_EQ(made->partitions[2].directories, (std::vector<Uuid>{Uuid{5, 1}}));
}

TEST_F(TopicsControl, TakesTheDefaultsOfTheBroker) {
  config_.set("num.partitions", "4");
  ASSERT_EQ(create(topic("orders", -1, -1)), ErrorCode::None);
  EXPECT_EQ(last_.numPartitions, 4);
}

TEST_F(TopicsControl, RefusesNamesThatKafkaRefuses) {
  for (const char* name : {"", ".", "..", "a/b", "a b", "gr\xc3\xbc\xc3\x9f"}) EXPECT_EQ(create(topic(name)), ErrorCode::InvalidTopicException) << name;
  EXPECT_EQ(create(topic(std::string(250, 'x'))), ErrorCode::InvalidTopicException);
  EXPECT_EQ(create(topic(std::string("a\0b", 3))), ErrorCode::InvalidTopicException);
  EXPECT_EQ(create(topic("__cluster_metadata")), ErrorCode::InvalidRequest);
  EXPECT_EQ(create(topic(std::string(249, 'x'))), ErrorCode::None);
}

TEST_F(TopicsControl, RefusesANameThatCollidesInMetrics) {
  ASSERT_EQ(create(topic("a.b_c")), ErrorCode::None);
  EXPECT_EQ(create(topic("a_b.c")), ErrorCode::InvalidTopicException);
  EXPECT_EQ(last_.errorMessage, "Topic 'a_b.c' collides with existing topic: a.b_c");
  EXPECT_EQ(create(topic("a-b_c")), ErrorCode::None);
}

TEST_F(TopicsControl, RefusesATopicThatIsThere) {
  ASSERT_EQ(create(topic("orders")), ErrorCode::None);
  EXPECT_EQ(create(topic("orders")), ErrorCode::TopicAlreadyExists);
  EXPECT_EQ(last_.errorMessage, "Topic 'orders' already exists.");
}

TEST_F(TopicsControl, RefusesAbsurdCounts) {
  EXPECT_EQ(create(topic("t", 0)), ErrorCode::InvalidPartitions);
  EXPECT_EQ(create(topic("t", -2)), ErrorCode::InvalidPartitions);
  EXPECT_EQ(create(topic("t", 1, 0)), ErrorCode::InvalidReplicationFactor);
  EXPECT_EQ(create(topic("t", 1, 2)), ErrorCode::InvalidReplicationFactor);
  EXPECT_EQ(create(topic("t", 1, 32767)), ErrorCode::InvalidReplicationFactor);
  EXPECT_EQ(create(topic("t", 1'000'000)), ErrorCode::PolicyViolation);
  EXPECT_EQ(create(topic("t", 2147483647)), ErrorCode::PolicyViolation);
  EXPECT_EQ(image_->topics().size(), 0U);
}

TEST_F(TopicsControl, RefusesDuplicatesAsAWholeAndServesTheRest) {
  const auto outcome = createTopics(context(), request({topic("a"), topic("b"), topic("a")}));
  ASSERT_EQ(outcome.response.topics.size(), 2U);
  EXPECT_EQ(outcome.response.topics[0].errorCode, ErrorCode::InvalidRequest);
  EXPECT_EQ(outcome.response.topics[1].errorCode, ErrorCode::None);
}

TEST_F(TopicsControl, OnlyLooksWhenItIsToValidate) {
  CreateRequest asked = request({topic("orders", 2)});
  asked.validateOnly = true;
  const auto outcome = createTopics(context(), asked);
  EXPECT_EQ(outcome.response.topics[0].errorCode, ErrorCode::None);
  EXPECT_EQ(outcome.response.topics[0].numPartitions, 2);
  EXPECT_TRUE(outcome.records.empty());
}

TEST_F(TopicsControl, ChecksSettingsAgainstKafkasTable) {
  const auto with = [](const char* key, std::optional<std::string> value) {
    auto asked = topic("t");
    asked.configs.push_back({key, std::move(value), {}});
    return asked;
  };
  EXPECT_EQ(create(with("segment.bytes", "zero")), ErrorCode::InvalidConfig);
  EXPECT_EQ(last_.errorMessage, "Invalid value zero for configuration segment.bytes: Not a number of type INT");
  EXPECT_EQ(create(with("segment.byte", "1048576")), ErrorCode::InvalidConfig);
  EXPECT_EQ(create(with("segment.bytes", std::nullopt)), ErrorCode::InvalidConfig);
  EXPECT_EQ(create(with("segment.bytes", "1048576")), ErrorCode::None);
  EXPECT_TRUE(warnings_.empty());
  bool described = false;
  for (const auto& config : *last_.configs) described = described || (config.name == "segment.bytes" && config.value == "1048576" && config.configSource == 1);
  EXPECT_TRUE(described);
}

TEST_F(TopicsControl, WarnsOfASettingThatDoesNotActYet) {
  auto asked = topic("t");
  asked.configs.push_back({"cleanup.policy", "compact", {}});
  ASSERT_EQ(create(asked), ErrorCode::None);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("cleanup.policy=compact"), std::string::npos);
}

TEST_F(TopicsControlOfThree, SpreadsReplicas) {
  ASSERT_EQ(create(topic("orders", 6, 2)), ErrorCode::None);
  std::map<std::int32_t, int> leaders;
  for (const auto& partition : image_->topic("orders")->partitions) {
    EXPECT_EQ(partition.replicas.size(), 2U);
    EXPECT_NE(partition.replicas[0], partition.replicas[1]);
    ++leaders[partition.leader];
  }
  EXPECT_EQ(leaders, (std::map<std::int32_t, int>{{1, 2}, {2, 2}, {3, 2}}));
}

TEST_F(TopicsControlOfThree, TakesReplicasThatTheClientChose) {
  auto asked = topic("orders", -1, -1);
  asked.assignments.push_back({1, {3, 1}, {}});
  asked.assignments.push_back({0, {2, 3}, {}});
  ASSERT_EQ(create(asked), ErrorCode::None);
  EXPECT_EQ(image_->partition("orders", 0)->replicas, (std::vector<std::int32_t>{2, 3}));
  EXPECT_EQ(image_->partition("orders", 1)->leader, 3);
}

TEST_F(TopicsControlOfThree, RefusesReplicasThatMakeNoSense) {
  const auto assigned = [&](std::vector<std::pair<std::int32_t, std::vector<std::int32_t>>> partitions, std::int32_t count = -1) {
    auto asked = topic("t", count, -1);
    for (auto& [index, brokers] : partitions) asked.assignments.push_back({index, std::move(brokers), {}});
    return create(asked);
  };
  EXPECT_EQ(assigned({{0, {1}}}, 1), ErrorCode::InvalidRequest);
  EXPECT_EQ(assigned({{1, {1}}}), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(assigned({{0, {}}}), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(assigned({{0, {1, 1}}}), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(assigned({{0, {9}}}), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(assigned({{0, {1}}, {0, {2}}}), ErrorCode::InvalidReplicaAssignment);
  EXPECT_EQ(assigned({{0, {1}}, {1, {1, 2}}}), ErrorCode::InvalidReplicaAssignment);
}

TEST_F(TopicsControl, DeletesByNameAndById) {
  ASSERT_EQ(create(topic("a")), ErrorCode::None);
  ASSERT_EQ(create(topic("b")), ErrorCode::None);
  protocol::DeleteTopicsRequest asked;
  asked.topics.resize(4);
  asked.topics[0].name = "a";
  asked.topics[1].topicId = last_.topicId;
  asked.topics[2].name = "missing";
  asked.topics[3].topicId = Uuid{4, 4};
  for (int i : {1, 3}) asked.topics[static_cast<std::size_t>(i)].name = std::nullopt;
  const auto outcome = deleteTopics(context(), asked);
  EXPECT_EQ(outcome.response.responses[0].errorCode, ErrorCode::None);
  EXPECT_EQ(outcome.response.responses[1].name, "b");
  EXPECT_EQ(outcome.response.responses[2].errorCode, ErrorCode::UnknownTopicOrPartition);
  EXPECT_EQ(outcome.response.responses[3].errorCode, ErrorCode::UnknownTopicId);
  apply(outcome.records);
  EXPECT_TRUE(image_->topics().empty());
}

TEST_F(TopicsControl, DeletesNothingWhenThatIsForbidden) {
  ASSERT_EQ(create(topic("a")), ErrorCode::None);
  config_.set("delete.topic.enable", "false");
  protocol::DeleteTopicsRequest asked;
  asked.topicNames = {"a"};
  const auto outcome = deleteTopics(context(), asked);
  EXPECT_EQ(outcome.response.responses[0].errorCode, ErrorCode::TopicDeletionDisabled);
  EXPECT_TRUE(outcome.records.empty());
}

TEST_F(TopicsControl, AddsPartitionsButNeverTakesAny) {
  ASSERT_EQ(create(topic("a", 2)), ErrorCode::None);
  const auto grow = [&](std::int32_t count) {
    protocol::CreatePartitionsRequest asked;
    asked.topics.emplace_back();
    asked.topics[0].name = "a";
    asked.topics[0].count = count;
    asked.topics[0].assignments = std::nullopt;
    const auto outcome = createPartitions(context(), asked);
    apply(outcome.records);
    return outcome.response.results[0].errorCode;
  };
  EXPECT_EQ(grow(2), ErrorCode::InvalidPartitions);
  EXPECT_EQ(grow(1), ErrorCode::InvalidPartitions);
  EXPECT_EQ(grow(-1), ErrorCode::InvalidPartitions);
  EXPECT_EQ(grow(2147483647), ErrorCode::PolicyViolation);
  EXPECT_EQ(grow(5), ErrorCode::None);
  EXPECT_EQ(image_->topic("a")->partitions.size(), 5U);
}

}  // namespace
}  // namespace klamm::broker::controller
