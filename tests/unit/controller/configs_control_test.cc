#include "controller/configs_control.h"

#include "controller/effective_config.h"
#include "controller/topics_control.h"
#include "unit/controller/cluster_fixture.h"

namespace klamm::broker::controller {
namespace {

enum Op : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

class ConfigsControl : public ClusterTest {
 protected:
  ConfigsControl() {
    protocol::CreateTopicsRequest request;
    request.topics.emplace_back();
    request.topics[0].name = "t";
    request.topics[0].numPartitions = 1;
    request.topics[0].replicationFactor = 1;
    apply(createTopics(context(), request).records);
  }
  ErrorCode alter(image::ConfigResource resource, Op op, const std::string& key, std::optional<std::string> value) {
    protocol::IncrementalAlterConfigsRequest request;
    request.resources.emplace_back();
    request.resources[0].resourceType = static_cast<std::int8_t>(resource.type);
    request.resources[0].resourceName = resource.name;
    request.resources[0].configs.push_back({key, op, std::move(value), {}});
    const auto outcome = incrementalAlterConfigs(context(), request);
    apply(outcome.records);
    return outcome.response.responses[0].errorCode;
  }
  ErrorCode alterTopic(Op op, const std::string& key, std::optional<std::string> value) {
    return alter({image::ConfigResourceType::Topic, "t"}, op, key, std::move(value));
  }
  EffectiveConfig effective(const char* key) {
    const ConfigView view(config_, *image_, 1);
    return view.topicConfig(*config::findTopicRow(key), image_->topicConfigs("t"));
  }
};

TEST_F(ConfigsControl, SetsAndDeletes) {
  ASSERT_EQ(alterTopic(kSet, "segment.ms", "60000"), ErrorCode::None);
  EXPECT_EQ(effective("segment.ms").value(), "60000");
  EXPECT_EQ(effective("segment.ms").source(), ConfigSource::Topic);
  ASSERT_EQ(alterTopic(kDelete, "segment.ms", std::nullopt), ErrorCode::None);
  EXPECT_EQ(effective("segment.ms").source(), ConfigSource::Default);
}

TEST_F(ConfigsControl, AppendsToAndSubtractsFromTheListThatHolds) {
  ASSERT_EQ(alterTopic(kAppend, "cleanup.policy", "compact"), ErrorCode::None);
  EXPECT_EQ(effective("cleanup.policy").value(), "delete,compact");
  ASSERT_EQ(alterTopic(kSubtract, "cleanup.policy", "delete"), ErrorCode::None);
  EXPECT_EQ(effective("cleanup.policy").value(), "compact");
  EXPECT_EQ(alterTopic(kAppend, "segment.ms", "1"), ErrorCode::InvalidConfig);
}

TEST_F(ConfigsControl, RefusesBadValuesUnknownKeysAndMissingResources) {
  EXPECT_EQ(alterTopic(kSet, "segment.ms", "0"), ErrorCode::InvalidConfig);
  EXPECT_EQ(alterTopic(kSet, "segment.mss", "1"), ErrorCode::InvalidConfig);
  EXPECT_EQ(alterTopic(kSet, "segment.ms", std::nullopt), ErrorCode::InvalidRequest);
  EXPECT_EQ(alterTopic(static_cast<Op>(9), "segment.ms", "1"), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({image::ConfigResourceType::Topic, "missing"}, kSet, "segment.ms", "1"), ErrorCode::UnknownTopicOrPartition);
  EXPECT_EQ(alter({static_cast<image::ConfigResourceType>(99), "t"}, kSet, "segment.ms", "1"), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({image::ConfigResourceType::Broker, "one"}, kSet, "log.segment.bytes", "1048576"), ErrorCode::InvalidRequest);
  EXPECT_TRUE(image_->topicConfigs("t").empty());
}

TEST_F(ConfigsControl, ChangesOfTheBrokerOnlyWhatMayChangeWhileItRuns) {
  EXPECT_EQ(alter({image::ConfigResourceType::Broker, "1"}, kSet, "node.id", "2"), ErrorCode::InvalidRequest);
  EXPECT_EQ(alter({image::ConfigResourceType::Broker, ""}, kSet, "log.segment.bytes", "2097152"), ErrorCode::None);
  EXPECT_EQ(effective("segment.bytes").value(), "2097152");
  EXPECT_EQ(effective("segment.bytes").source(), ConfigSource::DynamicDefaultBroker);
}

TEST_F(ConfigsControl, LetsTheNearestPlaceWin) {
  config_.set("log.segment.bytes", "3145728");
  ASSERT_EQ(alter({image::ConfigResourceType::Broker, ""}, kSet, "log.segment.bytes", "2097152"), ErrorCode::None);
  ASSERT_EQ(alter({image::ConfigResourceType::Broker, "1"}, kSet, "log.segment.bytes", "4194304"), ErrorCode::None);
  ASSERT_EQ(alterTopic(kSet, "segment.bytes", "1048576"), ErrorCode::None);
  std::vector<std::string> places;
  for (const auto& place : effective("segment.bytes").synonyms) places.push_back(place.name + "=" + place.value.value_or("null"));
  EXPECT_EQ(places, (std::vector<std::string>{"segment.bytes=1048576", "log.segment.bytes=4194304", "log.segment.bytes=2097152",
                                              "log.segment.bytes=3145728", "log.segment.bytes=1073741824"}));
}

TEST_F(ConfigsControl, ReadsHoursAndMinutesWhereNoMillisecondsAreSet) {
  config_.set("log.retention.hours", "2");
  EXPECT_EQ(effective("retention.ms").value(), "7200000");
  config_.set("log.retention.minutes", "3");
  EXPECT_EQ(effective("retention.ms").value(), "180000");
  config_.set("log.retention.ms", "5");
  EXPECT_EQ(effective("retention.ms").value(), "5");
}

TEST_F(ConfigsControl, ReplacesEverythingInTheOlderForm) {
  ASSERT_EQ(alterTopic(kSet, "segment.ms", "60000"), ErrorCode::None);
  protocol::AlterConfigsRequest request;
  request.resources.emplace_back();
  request.resources[0].resourceType = 2;
  request.resources[0].resourceName = "t";
  request.resources[0].configs.push_back({"retention.ms", "1000", {}});
  const auto outcome = alterConfigs(context(), request);
  EXPECT_EQ(outcome.response.responses[0].errorCode, ErrorCode::None);
  apply(outcome.records);
  EXPECT_EQ(image_->topicConfigs("t"), (image::ConfigMap{{"retention.ms", "1000"}}));
}

TEST_F(ConfigsControl, RefusesAResourceThatStandsTwice) {
  protocol::IncrementalAlterConfigsRequest request;
  request.resources.resize(2);
  for (auto& resource : request.resources) {
    resource.resourceType = 2;
    resource.resourceName = "t";
    resource.configs.push_back({"segment.ms", kSet, "60000", {}});
  }
  const auto outcome = incrementalAlterConfigs(context(), request);
  for (const auto& response : outcome.response.responses) EXPECT_EQ(response.errorCode, ErrorCode::InvalidRequest);
  EXPECT_TRUE(outcome.records.empty());
}

TEST_F(ConfigsControl, GivesEveryProducerIdOnce) {
  protocol::AllocateProducerIdsRequest request;
  request.brokerId = 1;
  request.brokerEpoch = image_->broker(1)->epoch;
  const auto first = allocateProducerIds(context(), request);
  EXPECT_EQ(first.response.producerIdStart, 0);
  EXPECT_EQ(first.response.producerIdLen, 1000);
  apply(first.records);
  EXPECT_EQ(allocateProducerIds(context(), request).response.producerIdStart, 1000);
  request.brokerEpoch = -5;
  EXPECT_EQ(allocateProducerIds(context(), request).response.errorCode, ErrorCode::StaleBrokerEpoch);
  request.brokerId = 9;
  EXPECT_EQ(allocateProducerIds(context(), request).response.errorCode, ErrorCode::BrokerIdNotRegistered);
}

}  // namespace
}  // namespace klamm::broker::controller
