// Three nodes of which one dies: what producer, consumer and admin make of it.

#include <atomic>

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

/// Every test leaves a whole cluster behind. Threading: one thread.
class ClusterList : public ClientTest {
 protected:
  void TearDown() override {
    for (const int node : dead_) TestCluster::get().startNode(node);
  }
  void kill(int node) {
    TestCluster::get().killNode(node);
    dead_.push_back(node);
  }
  void startAgain(int node) {
    std::erase(dead_, node);
    TestCluster::get().startNode(node);
  }
  int leaderOf(const std::string& topic, std::int32_t partition = 0) {
    return admin().describeTopics({topic}).values.at(topic).get().partitions.at(static_cast<std::size_t>(partition)).leader.value_or(Node{}).id;
  }
  std::size_t inSync(const std::string& topic, std::int32_t partition = 0) {
    return admin().describeTopics({topic}).values.at(topic).get().partitions.at(static_cast<std::size_t>(partition)).isr.size();
  }

  std::vector<int> dead_;
};

TEST_F(ClusterList, KeepsEveryAcknowledgedRecordOnceAndInOrderWhenTheLeaderIsKilled) {
  const std::string topic = makeTopic("leader");
  TextProducer producer(config({{"linger.ms", "0"}, {"delivery.timeout.ms", "120000"}}));
  const int leader = leaderOf(topic);
  std::atomic<int> failed = 0;
  std::atomic<int> acknowledged = 0;
  constexpr int kRecords = 3000;
  for (int i = 0; i < kRecords; ++i) {
    producer.send({.topic = topic, .value = std::to_string(i)}, [&](const RecordMetadata&, const Error& error) {
      ++(error ? failed : acknowledged);
    });
    if (i == kRecords / 3) {
      eventually("the first records are stored", [&] { return acknowledged > 0; });
      kill(leader);
    }
    if (i > kRecords / 3 && i % 10 == 0) std::this_thread::sleep_for(1ms);
  }
  producer.flush();
  EXPECT_EQ(failed, 0);
  eventually("another leader is known", [&] { return leaderOf(topic) != leader; });
  TextConsumer consumer(reading(""));
  consumer.assign({{topic, 0}});
  EXPECT_EQ(take(consumer, kRecords), numbers(0, kRecords));
  startAgain(leader);
  eventually("all three replicas are in sync", [&] { return inSync(topic) == 3; });
  // The consumer goes on by itself when leadership moves under it.
  fill(topic, 10, 0, kRecords);
  EXPECT_EQ(take(consumer, 10), numbers(kRecords, kRecords + 10));
}

TEST_F(ClusterList, AGroupGoesOnWhenItsCoordinatorIsKilledAndMovesToAnother) {
  const std::string topic = makeTopic("coordinator", 2);
  const std::string group = uniqueName("group");
  fill(topic, 50, 0);
  TextConsumer consumer(reading(group, {{"session.timeout.ms", "30000"}}));
  consumer.subscribe({topic});
  (void)take(consumer, 50);
  consumer.commitSync();
  const int coordinator = admin().describeConsumerGroups({group}).values.at(group).get().coordinator.id;
  kill(coordinator);
  // What comes next is read and committed through another coordinator, without a record twice or left out.
  fill(topic, 50, 1, 50);
  EXPECT_EQ(take(consumer, 50), numbers(50, 100));
  eventually("a commit reaches the new coordinator", [&] {
    try {
      consumer.commitSync();
      return true;
    } catch (const KafkaException&) {
      (void)consumer.poll(100ms);
      return false;
    }
  });
  const auto described = admin().describeConsumerGroups({group}).values.at(group).get();
  EXPECT_NE(described.coordinator.id, coordinator);
  EXPECT_EQ(described.members.size(), 1U);
  const OffsetMap committed = consumer.committed({{topic, 0}, {topic, 1}});
  EXPECT_EQ((committed.at({topic, 0}).offset), 50);
  EXPECT_EQ((committed.at({topic, 1}).offset), 50);
  startAgain(coordinator);
  eventually("all replicas are in sync", [&] { return inSync(topic, 0) == 3 && inSync(topic, 1) == 3; });
  fill(topic, 10, 0, 50);
  EXPECT_EQ(take(consumer, 10), numbers(50, 60));
  consumer.commitSync();
}

TEST_F(ClusterList, TooFewReplicasInSyncAreToldAndPassWhenTheyAreBack) {
  const std::string topic = makeTopic("replicas", 1, {{"min.insync.replicas", "3"}});
  kill(leaderOf(topic) % 3 + 1);
  eventually("one replica is out of sync", [&] { return inSync(topic) == 2; });
  TextProducer hurried(config({{"delivery.timeout.ms", "3000"}, {"request.timeout.ms", "2000"}, {"linger.ms", "0"}}));
  EXPECT_THROW(hurried.send({.topic = topic, .value = "x"}).get(), KafkaException);
  TextProducer leaderOnly(config({{"acks", "1"}, {"enable.idempotence", "false"}}));
  EXPECT_GE(leaderOnly.send({.topic = topic, .value = "acks=1 needs no other replica"}).get().offset, 0);
  TextProducer patient(config({{"linger.ms", "0"}}));
  auto sent = patient.send({.topic = topic, .value = "patient"});
  startAgain(dead_.front());
  EXPECT_GE(sent.get().offset, 0) << "sent again until the replicas are back";
}

TEST_F(ClusterList, TheAdminClientFollowsTheController) {
  const int controller = admin().describeCluster().get().controller.value_or(Node{}).id;
  ASSERT_GE(controller, 1);
  kill(controller);
  const std::string topic = uniqueName("controller");
  admin().createTopics({{.name = topic, .partitions = 3, .replicationFactor = 2}}, {.timeout = 60s}).all.get();
  awaitLeaders(admin(), topic, 3);  // the dead one cannot be asked
  eventually("the dead broker is fenced", [&] { return admin().describeCluster().get().nodes.size() == 2; });
  startAgain(controller);
  eventually("three brokers again", [&] { return admin().describeCluster().get().nodes.size() == 3; });
}

}  // namespace
}  // namespace klamm::test
