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
  EXPECT_NE(leaderOf(topic), leader);
  TextConsumer consumer(reading(""));
  consumer.assign({{topic, 0}});
  EXPECT_EQ(take(consumer, kRecords), numbers(0, kRecords));
  startAgain(leader);
  eventually("all three replicas are in sync", [&] { return inSync(topic) == 3; });
  // The consumer goes on by itself when leadership moves under it.
  fill(topic, 10, 0, kRecords);
  EXPECT_EQ(take(consumer, 10), numbers(kRecords, kRecords + 10));
}

}  // namespace
}  // namespace klamm::test
