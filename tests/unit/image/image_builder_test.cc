#include "image/image_builder.h"

#include <gtest/gtest.h>

#include "protocol/records/abort_transaction_record.h"
#include "protocol/records/begin_transaction_record.h"
#include "protocol/records/broker_registration_change_record.h"
#include "protocol/records/config_record.h"
#include "protocol/records/end_transaction_record.h"
#include "protocol/records/feature_level_record.h"
#include "protocol/records/no_op_record.h"
#include "protocol/records/partition_change_record.h"
#include "protocol/records/partition_record.h"
#include "protocol/records/producer_ids_record.h"
#include "protocol/records/register_broker_record.h"
#include "protocol/records/remove_topic_record.h"
#include "protocol/records/topic_record.h"

namespace klamm::broker::image {
namespace {

constexpr Uuid kOrders{1, 1};
constexpr Uuid kPayments{2, 2};

class ImageBuilderTest : public testing::Test {
 protected:
  template <class R>
  Status replay(ImageBuilder& builder, const R& record) {
    return builder.replay(protocol::encodeMetadata(record, R::kVersions.last).value(), nextOffset_++);
  }
  protocol::TopicRecord topic(const std::string& name, const Uuid& id) {
    protocol::TopicRecord record;
    record.name = name;
    record.topicId = id;
    return record;
  }
  protocol::PartitionRecord partition(const Uuid& id, std::int32_t number) {
    protocol::PartitionRecord record;
    record.partitionId = number;
    record.topicId = id;
    record.replicas = record.isr = {1};
    record.leader = 1;
    record.leaderEpoch = record.partitionEpoch = 0;
    record.directories = {Uuid{7, 7}};
    return record;
  }
  protocol::ConfigRecord config(const std::string& topic, const std::string& name, std::optional<std::string> value) {
    protocol::ConfigRecord record;
    record.resourceType = 2;
    record.resourceName = topic;
    record.name = name;
    record.value = std::move(value);
    return record;
  }
  /// An image with the topics orders (2 partitions, one setting) and payments.
  std::shared_ptr<const ClusterImage> twoTopics() {
    ImageBuilder builder(std::make_shared<ClusterImage>());
    EXPECT_TRUE(replay(builder, topic("payments", kPayments)));
    EXPECT_TRUE(replay(builder, partition(kPayments, 0)));
    EXPECT_TRUE(replay(builder, topic("orders", kOrders)));
    EXPECT_TRUE(replay(builder, config("orders", "segment.bytes", "1048576")));
    EXPECT_TRUE(replay(builder, partition(kOrders, 0)));
    EXPECT_TRUE(replay(builder, partition(kOrders, 1)));
    return builder.finish(3).first;
  }
  std::int64_t nextOffset_ = 0;
};

TEST_F(ImageBuilderTest, FindsTopicsByNameAndById) {
  const auto image = twoTopics();
  EXPECT_EQ(image->offset(), 5);
  EXPECT_EQ(image->epoch(), 3);
  ASSERT_EQ(image->topics().size(), 2U);
  EXPECT_EQ(image->topics()[0]->name, "orders");
  EXPECT_EQ(image->topics()[1]->name, "payments");
  EXPECT_EQ(image->topic("orders")->partitions.size(), 2U);
  EXPECT_EQ(image->topic(kPayments)->name, "payments");
  EXPECT_EQ(image->topic("order"), nullptr);
  EXPECT_EQ(image->partition("orders", 2), nullptr);
  EXPECT_EQ(image->partition("orders", -1), nullptr);
  EXPECT_EQ(image->topicConfigs("orders").at("segment.bytes"), "1048576");
  EXPECT_TRUE(image->topicConfigs("payments").empty());
}

TEST_F(ImageBuilderTest, NamingALeaderBeginsANewEpochEvenIfItIsTheSame) {
  ImageBuilder builder(twoTopics());
  protocol::PartitionChangeRecord change;
  change.partitionId = 1;
  change.topicId = kOrders;
  change.leader = 1;
  ASSERT_TRUE(replay(builder, change));
  protocol::PartitionChangeRecord shrink;
  shrink.partitionId = 1;
  shrink.topicId = kOrders;
  shrink.isr = std::vector<std::int32_t>{};
  ASSERT_TRUE(replay(builder, shrink));
  const auto [image, delta] = builder.finish(4);
  EXPECT_EQ(image->partition("orders", 1)->leaderEpoch, 1);
  EXPECT_EQ(image->partition("orders", 1)->partitionEpoch, 2);
  EXPECT_TRUE(image->partition("orders", 1)->isr.empty());
  EXPECT_EQ(image->partition("orders", 0)->leaderEpoch, 0);
  ASSERT_EQ(delta.changedTopics.size(), 1U);
  EXPECT_EQ(delta.changedTopics[0]->name, "orders");
}

TEST_F(ImageBuilderTest, LeavesTheImageItBeganWithAsItWas) {
  const auto before = twoTopics();
  ImageBuilder builder(before);
  protocol::RemoveTopicRecord removal;
  removal.topicId = kOrders;
  ASSERT_TRUE(replay(builder, removal));
  const auto [after, delta] = builder.finish(3);
  EXPECT_NE(before->topic("orders"), nullptr);
  EXPECT_EQ(after->topic("orders"), nullptr);
  EXPECT_EQ(after->topic(kOrders), nullptr);
  EXPECT_TRUE(after->topicConfigs("orders").empty());
  ASSERT_EQ(delta.removedTopics.size(), 1U);
  EXPECT_EQ(delta.removedTopics[0]->partitions.size(), 2U);
  EXPECT_EQ(after->topic("payments"), before->topic("payments")) << "what did not change is shared";
}

TEST_F(ImageBuilderTest, TakesATopicThatIsMadeAnewUnderItsOldName) {
  ImageBuilder builder(twoTopics());
  protocol::RemoveTopicRecord removal;
  removal.topicId = kOrders;
  constexpr Uuid kAgain{3, 3};
  ASSERT_TRUE(replay(builder, removal));
  ASSERT_TRUE(replay(builder, topic("orders", kAgain)));
  ASSERT_TRUE(replay(builder, partition(kAgain, 0)));
  const auto [image, delta] = builder.finish(3);
  EXPECT_EQ(image->topic("orders")->id, kAgain);
  EXPECT_EQ(image->topic("orders")->partitions.size(), 1U);
  EXPECT_EQ(image->topics().size(), 2U);
  EXPECT_EQ(delta.removedTopics.size(), 1U);
  EXPECT_EQ(delta.changedTopics.size(), 1U);
}

TEST_F(ImageBuilderTest, RemovesASettingWhoseValueIsNull) {
  ImageBuilder builder(twoTopics());
  ASSERT_TRUE(replay(builder, config("orders", "segment.bytes", std::nullopt)));
  const auto [image, delta] = builder.finish(3);
  EXPECT_TRUE(image->topicConfigs("orders").empty());
  EXPECT_TRUE(delta.changedConfigs.contains({ConfigResourceType::Topic, "orders"}));
}

TEST_F(ImageBuilderTest, FollowsABrokerFromFencedToLive) {
  ImageBuilder builder(std::make_shared<ClusterImage>());
  protocol::RegisterBrokerRecord broker;
  broker.brokerId = 1;
  broker.brokerEpoch = 2;
  broker.logDirs = {Uuid{7, 7}};
  broker.endPoints.push_back({"PLAINTEXT", "localhost", 9092, 0, {}});
  ASSERT_TRUE(replay(builder, broker));
  auto image = builder.finish(1).first;
  EXPECT_TRUE(image->liveBrokers().empty());
  EXPECT_EQ(image->broker(1)->endpoint("PLAINTEXT")->port, 9092);
  EXPECT_EQ(image->broker(1)->endpoint("OTHER"), nullptr);
  ImageBuilder next(image);
  protocol::BrokerRegistrationChangeRecord live;
  live.brokerId = 1;
  live.fenced = -1;
  ASSERT_TRUE(replay(next, live));
  const auto [after, delta] = next.finish(1);
  EXPECT_EQ(after->liveBrokers(), std::vector<std::int32_t>{1});
  EXPECT_TRUE(delta.brokersChanged);
}

TEST_F(ImageBuilderTest, KeepsFeatureLevelsAndTheNextProducerId) {
  ImageBuilder builder(std::make_shared<ClusterImage>());
  protocol::FeatureLevelRecord level;
  level.name = "metadata.version";
  level.featureLevel = 30;
  ASSERT_TRUE(replay(builder, level));
  level.name = "group.version";
  ASSERT_TRUE(replay(builder, level));
  level.featureLevel = 0;
  ASSERT_TRUE(replay(builder, level));
  protocol::ProducerIdsRecord ids;
  ids.nextProducerId = 3000;
  ASSERT_TRUE(replay(builder, ids));
  const auto image = builder.finish(1).first;
  EXPECT_EQ(image->features(), (std::map<std::string, std::int16_t>{{"metadata.version", 30}}));
  EXPECT_EQ(image->nextProducerId(), 3000);
}

TEST_F(ImageBuilderTest, TakesAnAbortedTransactionBack) {
  ImageBuilder builder(twoTopics());
  ASSERT_TRUE(replay(builder, protocol::BeginTransactionRecord{}));
  ASSERT_TRUE(replay(builder, topic("half", Uuid{9, 9})));
  ASSERT_TRUE(replay(builder, config("orders", "segment.bytes", "2097152")));
  ASSERT_TRUE(replay(builder, partition(kOrders, 2)));
  ASSERT_TRUE(replay(builder, protocol::AbortTransactionRecord{}));
  const auto [image, delta] = builder.finish(3);
  EXPECT_EQ(image->topic("half"), nullptr);
  EXPECT_EQ(image->topicConfigs("orders").at("segment.bytes"), "1048576");
  EXPECT_EQ(image->topic("orders")->partitions.size(), 2U);
  EXPECT_EQ(image->offset(), nextOffset_ - 1);
  EXPECT_TRUE(delta.empty());
}

TEST_F(ImageBuilderTest, PassesOverRecordsThatCarryNothingForIt) {
  ImageBuilder builder(twoTopics());
  ASSERT_TRUE(replay(builder, protocol::NoOpRecord{}));
  EXPECT_TRUE(builder.finish(3).second.empty());
}

TEST_F(ImageBuilderTest, RefusesADamagedLog) {
  ImageBuilder builder(twoTopics());
  protocol::RemoveTopicRecord removal;
  removal.topicId = Uuid{9, 9};
  EXPECT_FALSE(replay(builder, removal)) << "no such topic";
  EXPECT_FALSE(replay(builder, partition(Uuid{9, 9}, 0)));
  EXPECT_FALSE(replay(builder, partition(kOrders, 7))) << "a gap";
  EXPECT_FALSE(replay(builder, partition(kOrders, -1)));
  protocol::BrokerRegistrationChangeRecord unknown;
  unknown.brokerId = 8;
  EXPECT_FALSE(replay(builder, unknown));
  const auto cut = protocol::encodeMetadata(topic("cut", Uuid{4, 4}), 0).value();
  for (std::size_t length = 0; length < cut.size(); ++length) {
    EXPECT_FALSE(builder.replay(cut.slice(0, length), 99)) << length;
  }
}

}  // namespace
}  // namespace klamm::broker::image
