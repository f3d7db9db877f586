// Routing, retries and fallbacks of the admin client, with a network and a time that the test moves.

#include <gtest/gtest.h>

#include "admin/core.h"
#include "base/bytes.h"
#include "client/coordinator_driver.h"
#include "client/metadata_driver.h"
#include "protocol/02_list_offsets.h"
#include "protocol/03_metadata.h"
#include "protocol/10_find_coordinator.h"
#include "protocol/15_describe_groups.h"
#include "protocol/16_list_groups.h"
#include "protocol/19_create_topics.h"
#include "protocol/69_consumer_group_describe.h"
#include "protocol/75_describe_topic_partitions.h"
#include "protocol/records/consumer_protocol_assignment.h"
#include "protocol/stored_record.h"
#include "support/manual_loop.h"
#include "support/mock_network_client.h"

namespace klamm::admin {
namespace {

using klamm::testing::ManualLoop;
using klamm::testing::MockNetworkClient;

class FakeClient final : public client::Client {
 public:
  [[nodiscard]] const client::ClientSettings& settings() const override { return settings_; }
  [[nodiscard]] const Log& log() const override { return log_; }
  [[nodiscard]] ManualLoop& loop() override { return loop_; }
  [[nodiscard]] MockNetworkClient& network() override { return network_; }
  [[nodiscard]] client::Metadata& metadata() override { return metadata_; }
  [[nodiscard]] client::CoordinatorFinder& coordinators() override { return coordinators_; }
  void close() override {
    loop_.runPosted();
    metadata_.shutDown();
    coordinators_.shutDown();
  }

 private:
  client::ClientSettings settings_;
  Log log_;
  ManualLoop loop_;
  MockNetworkClient network_;
  std::unique_ptr<Random> random_ = seededRandom(4);
  client::MetadataDriver metadata_{settings_, loop_, network_, *random_, log_};
  client::CoordinatorDriver coordinators_{settings_, loop_, network_, *random_, log_};
};

class AdminCoreTest : public ::testing::Test {
 protected:
  AdminCoreTest() {
    auto client = std::make_unique<FakeClient>();
    client_ = client.get();
    core_.emplace(std::move(client), std::chrono::seconds(60));
  }

  MockNetworkClient& network() { return client_->network(); }
  void run() { client_->loop().runPosted(); }
  /// Answers the metadata request that waits: brokers 1 and 2, the controller is 2.
  void giveMetadata(std::vector<client::NodeId> ids = {1, 2}) {
    run();
    protocol::MetadataResponse response;
    response.controllerId = ids.back();
    for (const client::NodeId id : ids) {
      auto& broker = response.brokers.emplace_back();
      broker.nodeId = id;
      broker.host = "host" + std::to_string(id);
      broker.port = 9;
    }
    network().find<protocol::MetadataRequest>().respond(response);
    run();
  }
  void giveCoordinator(client::NodeId node) {
    run();
    protocol::FindCoordinatorResponse response;
    auto& one = response.coordinators.emplace_back();
    one.nodeId = node;
    one.host = "host" + std::to_string(node);
    one.port = 9;
    network().take<protocol::FindCoordinatorRequest>().respond(response);
    run();
  }
  template <class T>
  static std::string shown(const Outcome<T>& outcome) {
    return outcome.error ? std::string(errorName(outcome.error.code())) : "ok";
  }

  FakeClient* client_ = nullptr;
  std::optional<NetworkAdminCore> core_;
};

protocol::CreateTopicsResponse created(const std::string& name, ErrorCode code) {
  protocol::CreateTopicsResponse response;
  auto& topic = response.topics.emplace_back();
  topic.name = name;
  topic.errorCode = code;
  topic.numPartitions = 3;
  return response;
}

TEST_F(AdminCoreTest, ACallForTheControllerFollowsItWhenItMoves) {
  std::string result;
  core_->createTopics({{.name = "t"}}, {}, [&](Outcomes<std::string, CreatedTopic> outcomes) { result = shown(outcomes.at("t")); });
  giveMetadata({1, 2});
  auto first = network().take<protocol::CreateTopicsRequest>();
  EXPECT_EQ(first.node, 2);
  EXPECT_EQ(first.request.topics[0].numPartitions, -1);
  EXPECT_EQ(first.request.timeoutMs, 60'000);
  first.respond(created("t", ErrorCode::NotController));
  EXPECT_EQ(result, "");
  client_->loop().advance(Millis(130));
  EXPECT_EQ(network().pending().size(), 1U);  // the metadata first, however the back-offs fall
  giveMetadata({2, 1});
  auto second = network().take<protocol::CreateTopicsRequest>();
  EXPECT_EQ(second.node, 1);
  second.respond(created("t", ErrorCode::None));
  EXPECT_EQ(result, "ok");
}

TEST_F(AdminCoreTest, AnErrorOfOneTopicIsThatTopicsAlone) {
  Outcomes<std::string, CreatedTopic> result;
  core_->createTopics({{.name = "a"}, {.name = "b"}, {.name = "c"}}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  giveMetadata();
  auto response = created("a", ErrorCode::None);
  auto& failed = response.topics.emplace_back();
  failed.name = "b";
  failed.errorCode = ErrorCode::TopicAlreadyExists;
  failed.errorMessage = "Topic 'b' already exists.";
  network().take<protocol::CreateTopicsRequest>().respond(response);
  EXPECT_EQ(result.at("a").value.partitions, 3);
  EXPECT_EQ(result.at("b").error.message(), "Topic 'b' already exists. (TOPIC_ALREADY_EXISTS)");
  EXPECT_EQ(result.at("c").error.context(), "the broker did not answer for it");
}

TEST_F(AdminCoreTest, WhatAQuotaHeldBackIsAskedForAgainAlone) {
  Outcomes<std::string, CreatedTopic> result;
  core_->createTopics({{.name = "a"}, {.name = "b"}}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  giveMetadata();
  auto response = created("a", ErrorCode::None);
  response.topics.push_back(created("b", ErrorCode::ThrottlingQuotaExceeded).topics[0]);
  network().take<protocol::CreateTopicsRequest>().respond(response);
  EXPECT_TRUE(result.empty());
  client_->loop().advance(Millis(130));
  giveMetadata();
  auto second = network().take<protocol::CreateTopicsRequest>();
  ASSERT_EQ(second.request.topics.size(), 1U);
  EXPECT_EQ(second.request.topics[0].name, "b");
  second.respond(created("b", ErrorCode::None));
  EXPECT_EQ(shown(result.at("a")), "ok");
  EXPECT_EQ(shown(result.at("b")), "ok");
}

TEST_F(AdminCoreTest, AQuotaThatStaysUsedUpIsTheErrorOfWhatItHeldBack) {
  Outcomes<std::string, CreatedTopic> result;
  core_->createTopics({{.name = "a"}, {.name = "b"}}, {.timeout = Millis(50)}, [&](auto outcomes) { result = std::move(outcomes); });
  giveMetadata();
  auto response = created("a", ErrorCode::None);
  response.topics.push_back(created("b", ErrorCode::ThrottlingQuotaExceeded).topics[0]);
  network().take<protocol::CreateTopicsRequest>().respond(response);
  EXPECT_EQ(shown(result.at("a")), "ok");
  EXPECT_EQ(shown(result.at("b")), "THROTTLING_QUOTA_EXCEEDED");
}

TEST_F(AdminCoreTest, ABrokerWithoutDefaultsNeedsTheNumbers) {
  std::string result;
  network().setVersion(2, protocol::ApiKey::CreateTopics, 3);
  core_->createTopics({{.name = "t"}}, {}, [&](auto outcomes) { result = shown(outcomes.at("t")); });
  giveMetadata();
  ASSERT_EQ(network().pending().size(), 1U);
  auto& call = dynamic_cast<client::TypedCall<protocol::CreateTopicsRequest>&>(*network().pending().front().call);
  EXPECT_EQ(call.request(3).error().code(), ErrorCode::UnsupportedVersion);
  EXPECT_TRUE(call.request(4));
  network().disconnect(2, client::Channel::General, ErrorCode::UnsupportedVersion);
  EXPECT_EQ(result, "UNSUPPORTED_VERSION");
}

TEST_F(AdminCoreTest, WhatMayPassIsTriedUntilTheTimeIsUpAndThenSaysWhy) {
  Error error;
  core_->listTopics({.timeout = Millis(1000)}, [&](auto outcome) { error = outcome.error; });
  int attempts = 0;
  while (!error && attempts < 100) {
    run();
    if (!network().pending().empty()) {
      ++attempts;
      network().take<protocol::MetadataRequest>().fail(Error(ErrorCode::NetworkException, "connecting to a:1: refused"));
    }
    client_->loop().advance(Millis(10));
  }
  EXPECT_GT(attempts, 3);
  EXPECT_LT(attempts, 10);
  EXPECT_EQ(error.code(), ErrorCode::RequestTimedOut);
  EXPECT_NE(error.message().find("listTopics: connecting to a:1: refused"), std::string::npos);
}

TEST_F(AdminCoreTest, ClosingEndsACallInItsBackoff) {
  Error error;
  core_->listTopics({}, [&](auto outcome) { error = outcome.error; });
  network().take<protocol::MetadataRequest>().fail(ErrorCode::NetworkException);
  EXPECT_FALSE(error);
  core_->close();
  EXPECT_EQ(error.code(), ErrorCode::Closed);
}

protocol::DescribeTopicPartitionsResponse page(const std::string& topic, std::vector<std::int32_t> partitions) {
  protocol::DescribeTopicPartitionsResponse response;
  auto& one = response.topics.emplace_back();
  one.name = topic;
  for (const std::int32_t index : partitions) {
    auto& partition = one.partitions.emplace_back();
    partition.partitionIndex = index;
    partition.leaderId = 1;
    partition.replicaNodes = {1, 9};
  }
  return response;
}

TEST_F(AdminCoreTest, DescribesTopicsPageByPage) {
  Outcomes<std::string, TopicDescription> result;
  core_->describeTopics({"b", "a", "c"}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  giveMetadata();
  auto first = network().take<protocol::DescribeTopicPartitionsRequest>();
  EXPECT_EQ(first.request.topics.size(), 3U);
  auto answer = page("a", {0});
  answer.topics.push_back(page("b", {0, 1}).topics[0]);
  answer.nextCursor = decltype(answer.nextCursor)::value_type();
  answer.nextCursor->topicName = "b";
  answer.nextCursor->partitionIndex = 2;
  first.respond(answer);
  auto second = network().take<protocol::DescribeTopicPartitionsRequest>();
  EXPECT_EQ(second.request.topics[0].name, "b");
  EXPECT_EQ(second.request.cursor->partitionIndex, 2);
  auto last = page("b", {2});
  last.topics.emplace_back().name = "c";
  last.topics.back().errorCode = ErrorCode::UnknownTopicOrPartition;
  second.respond(last);
  EXPECT_EQ(result.at("a").value.partitions.size(), 1U);
  EXPECT_EQ(result.at("b").value.partitions.size(), 3U);
  EXPECT_EQ(result.at("b").value.partitions[2].leader->host, "host1");
  EXPECT_EQ(result.at("b").value.partitions[2].replicas[1].id, 9);  // not in the metadata: the id is all there is
  EXPECT_EQ(shown(result.at("c")), "UNKNOWN_TOPIC_OR_PARTITION");
}

TEST_F(AdminCoreTest, ACursorThatStandsStillIsAnError) {
  Outcomes<std::string, TopicDescription> result;
  core_->describeTopics({"a"}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  giveMetadata();
  auto answer = page("a", {0});
  answer.nextCursor = decltype(answer.nextCursor)::value_type();
  answer.nextCursor->topicName = "a";
  answer.nextCursor->partitionIndex = 1;
  network().take<protocol::DescribeTopicPartitionsRequest>().respond(answer);
  network().take<protocol::DescribeTopicPartitionsRequest>().respond(answer);
  EXPECT_EQ(shown(result.at("a")), "MALFORMED_RESPONSE");
}

TEST_F(AdminCoreTest, DescribesTopicsByMetadataWhereTheBrokerIsOlder) {
  Outcomes<std::string, TopicDescription> result;
  core_->describeTopics({"a"}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  giveMetadata();
  network().take<protocol::DescribeTopicPartitionsRequest>().fail(ErrorCode::UnsupportedVersion);
  auto request = network().take<protocol::MetadataRequest>();
  EXPECT_FALSE(request.request.allowAutoTopicCreation);
  protocol::MetadataResponse response;
  auto& topic = response.topics.emplace_back();
  topic.name = "a";
  topic.partitions.emplace_back().leaderId = -1;
  request.respond(response);
  ASSERT_EQ(shown(result.at("a")), "ok");
  EXPECT_EQ(result.at("a").value.partitions[0].leader, std::nullopt);
}

TEST_F(AdminCoreTest, ListsTheGroupsOfEveryBrokerOrNone) {
  Outcome<std::vector<GroupListing>> result{ErrorCode::UnknownServerError, {}};
  core_->listGroups({.groupStates = {"stable"}}, [&](auto outcome) { result = std::move(outcome); });
  giveMetadata();
  const auto answer = [](const std::string& id, const std::string& state) {
    protocol::ListGroupsResponse response;
    auto& group = response.groups.emplace_back();
    group.groupId = id;
    group.groupState = state;
    return response;
  };
  auto one = network().take<protocol::ListGroupsRequest>();
  auto two = network().take<protocol::ListGroupsRequest>();
  EXPECT_EQ(one.node + two.node, 3);
  one.respond(answer("g1", "Stable"));
  two.respond(answer("g2", "Empty"));
  ASSERT_FALSE(result.error);
  ASSERT_EQ(result.value.size(), 1U);
  EXPECT_EQ(result.value[0].groupId, "g1");
  core_->listGroups({}, [&](auto outcome) { result = std::move(outcome); });
  run();
  client_->loop().advance(Millis(150));
  giveMetadata();
  network().take<protocol::ListGroupsRequest>().respond(answer("g1", "Stable"));
  network().take<protocol::ListGroupsRequest>().fail(ErrorCode::ClusterAuthorizationFailed);
  EXPECT_EQ(result.error.code(), ErrorCode::ClusterAuthorizationFailed);
  EXPECT_TRUE(result.value.empty());
}

TEST_F(AdminCoreTest, DescribesAClassicGroupAndFindsItsCoordinatorAgain) {
  Outcomes<std::string, ConsumerGroupDescription> result;
  core_->describeConsumerGroups({"g"}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  giveCoordinator(1);
  protocol::ConsumerGroupDescribeResponse notHere;
  notHere.groups.emplace_back().errorCode = ErrorCode::GroupIdNotFound;
  network().take<protocol::ConsumerGroupDescribeRequest>().respond(notHere);
  run();
  protocol::DescribeGroupsResponse moved;
  moved.groups.emplace_back().errorCode = ErrorCode::NotCoordinator;
  network().take<protocol::DescribeGroupsRequest>().respond(moved);
  client_->loop().advance(Millis(130));
  giveCoordinator(2);
  auto request = network().take<protocol::DescribeGroupsRequest>();
  EXPECT_EQ(request.node, 2);
  protocol::ConsumerProtocolAssignment assignment;
  auto& topic = assignment.assignedPartitions.emplace_back();
  topic.topic = "t";
  topic.partitions = {4, 1};
  protocol::DescribeGroupsResponse response;
  auto& group = response.groups.emplace_back();
  group.groupId = "g";
  group.groupState = "Stable";
  group.protocolType = "consumer";
  group.protocolData = "range";
  auto& member = group.members.emplace_back();
  member.memberId = "m";
  member.memberAssignment = *protocol::encodeVersioned(assignment, 3);
  auto& odd = group.members.emplace_back();
  odd.memberAssignment = Buffer::copyOf("not an assignment");
  request.respond(response);
  ASSERT_EQ(shown(result.at("g")), "ok");
  const auto& described = result.at("g").value;
  EXPECT_EQ(described.coordinator.id, 2);
  EXPECT_EQ(described.members[0].assignment, (TopicPartitions{{"t", 1}, {"t", 4}}));
  EXPECT_TRUE(described.members[1].assignment.empty());
}

TEST_F(AdminCoreTest, AsksLeadersForOffsetsAndTheNewLeaderAfterAMove) {
  Outcomes<TopicPartition, ListedOffset> result;
  core_->listOffsets({{{"t", 0}, OffsetSpec::latest()}, {{"t", 1}, OffsetSpec::earliest()}}, {}, [&](auto outcomes) { result = std::move(outcomes); });
  const auto leaders = [this](client::NodeId zero, client::NodeId one) {
    protocol::MetadataResponse response;
    response.brokers.emplace_back().nodeId = 1;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().leaderId = zero;
    auto& second = topic.partitions.emplace_back();
    second.partitionIndex = 1;
    second.leaderId = one;
    network().take<protocol::MetadataRequest>().respond(response);
  };
  const auto offset = [](std::int32_t partition, ErrorCode code, std::int64_t value) {
    protocol::ListOffsetsResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    auto& one = topic.partitions.emplace_back();
    one.partitionIndex = partition;
    one.errorCode = code;
    one.offset = value;
    return response;
  };
  leaders(1, 2);
  auto first = network().take<protocol::ListOffsetsRequest>();
  auto second = network().take<protocol::ListOffsetsRequest>();
  EXPECT_EQ(first.node, 1);
  EXPECT_EQ(first.request.topics[0].partitions[0].timestamp, -1);
  EXPECT_EQ(second.request.topics[0].partitions[0].timestamp, -2);
  first.respond(offset(0, ErrorCode::None, 42));
  second.respond(offset(1, ErrorCode::NotLeaderOrFollower, -1));
  EXPECT_TRUE(result.empty());
  client_->loop().advance(Millis(130));
  leaders(1, 1);
  auto third = network().take<protocol::ListOffsetsRequest>();
  EXPECT_EQ(third.node, 1);
  EXPECT_EQ(third.request.topics[0].partitions.size(), 1U);
  third.respond(offset(1, ErrorCode::None, 7));
  EXPECT_EQ(result.at({"t", 0}).value.offset, 42);
  EXPECT_EQ(result.at({"t", 1}).value.offset, 7);
}

}  // namespace
}  // namespace klamm::admin
