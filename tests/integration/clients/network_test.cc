// The layer below producer, consumer and admin: connections, versions, metadata, coordinators.

#include <future>

#include "client/client.h"
#include "client/client_config.h"
#include "integration/clients/client_test.h"
#include "protocol/03_metadata.h"
#include "protocol/19_create_topics.h"
#include "protocol/20_delete_topics.h"

namespace klamm::client {
namespace {

using test::kPatience;

class NetworkClientList : public test::ClientTest {
 protected:
  void SetUp() override {
    auto settings = clientSettings(config({{"allow.auto.create.topics", "false"}}), ClientKind::Consumer, "klamm-net-test");
    ASSERT_TRUE(settings) << settings.error().message();
    settings->threadName = "klamm-test";
    settings->allowAutoTopicCreation = false;  // a topic that was deleted must not come back by being asked for
    client_ = *Client::start(*settings);
  }
  template <class Request>
  Result<typename Request::Response> ask(NodeId node, Channel channel, Request request) {
    auto promise = std::make_shared<std::promise<Result<typename Request::Response>>>();
    client_->network().send(node, channel, std::move(request), {.timeout = kPatience}, [promise](Result<typename Request::Response> answer) {
      promise->set_value(std::move(answer));
    });
    return promise->get_future().get();
  }
  TimePoint deadline() { return client_->loop().now() + kPatience; }

  std::unique_ptr<Client> client_;
};

TEST_F(NetworkClientList, NegotiatesAndAnswersOnEveryChannel) {
  for (const Channel channel : {Channel::General, Channel::Fetch, Channel::Coordinator}) {
    protocol::MetadataRequest request;
    request.topics.emplace();
    const auto snapshot = awaitUpdate(client_->metadata(), 0, deadline());
    ASSERT_TRUE(snapshot) << snapshot.error().message();
    const NodeId node = (*snapshot)->nodes.begin()->first;
    const auto answer = ask(node, channel, request);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_FALSE(answer->brokers.empty());
    EXPECT_EQ(client_->network().version(node, protocol::ApiKey::Metadata)->value(), 13);
  }
}

TEST_F(NetworkClientList, AnswersManyPipelinedRequestsInOrder) {
  const auto snapshot = awaitUpdate(client_->metadata(), 0, deadline());
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  const NodeId node = (*snapshot)->nodes.begin()->first;
  constexpr int kRequests = 500;
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < kRequests; ++i) {
    protocol::MetadataRequest request;
    request.topics.emplace();
    client_->network().send(node, Channel::General, request, {}, [&, i](Result<protocol::MetadataResponse> answer) {
      EXPECT_TRUE(answer) << answer.error().message();
      order.push_back(i);
      if (i == kRequests - 1) done.set_value();
    });
  }
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(order[i], i);
}

TEST_F(NetworkClientList, LearnsATopicThatIsMadeWhileItWaits) {
  const std::string topic = uniqueName("learns");
  protocol::DeleteTopicsRequest deletion;
  deletion.timeoutMs = 10'000;
  deletion.topics.emplace_back().name = topic;
  protocol::CreateTopicsRequest creation;
  auto& wanted = creation.topics.emplace_back();
  wanted.name = topic;
  wanted.numPartitions = 3;
  wanted.replicationFactor = -1;
  creation.timeoutMs = 10'000;
  const auto made = ask(kAnyNode, Channel::General, creation);
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_EQ(made->topics[0].errorCode, ErrorCode::None);
  client_->metadata().touch(topic);
  std::uint64_t after = 0;
  Snapshot snapshot;
  do {
    const auto update = awaitUpdate(client_->metadata(), after, deadline());
    ASSERT_TRUE(update) << update.error().message();
    snapshot = *update;
    after = snapshot->version;
  } while (snapshot->topic(topic) == nullptr || snapshot->topic(topic)->error != ErrorCode::None);
  EXPECT_EQ(snapshot->topic(topic)->partitions.size(), 3U);
  EXPECT_NE(snapshot->node(snapshot->partition(topic, 2)->leader), nullptr);
  EXPECT_EQ(snapshot->topic(snapshot->topic(topic)->id)->name, topic);
  EXPECT_TRUE(ask(kAnyNode, Channel::General, deletion));
}

TEST_F(NetworkClientList, FindsACoordinatorOnceAndRemembersIt) {
  std::promise<Result<NodeId>> promise;
  client_->coordinators().find(CoordinatorType::Group, "klamm-net-test-group", deadline(), [&](Result<NodeId> found) { promise.set_value(std::move(found)); });
  const auto found = promise.get_future().get();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(client_->coordinators().known(CoordinatorType::Group, "klamm-net-test-group"), *found);
  EXPECT_TRUE(client_->network().node(*found));
  client_->coordinators().markUnknown(CoordinatorType::Group, "klamm-net-test-group", *found);
  EXPECT_EQ(client_->coordinators().known(CoordinatorType::Group, "klamm-net-test-group"), std::nullopt);
}

}  // namespace
}  // namespace klamm::client
