#include "hostile/client_steps.h"

#include <chrono>

#include <klamm/admin.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

namespace klamm::hostile {
namespace {

using namespace std::chrono_literals;
using TextProducer = Producer<std::string, std::string>;
using TextConsumer = Consumer<std::string, std::string>;

const TopicPartition kPartition{kTopic, 0};

constexpr auto kRequest = 800ms;
constexpr auto kCall = 1500ms;  ///< one call of a client
constexpr auto kRecords = 2s;   ///< until records come
constexpr auto kClose = 1s;

std::string text(const Stage& stage, std::chrono::milliseconds limit) { return std::to_string(stage.patience * limit.count()); }

/// What the three clients have in common.
Config clientConfig(const Stage& stage) {
  return {{"bootstrap.servers", stage.bootstrap},
          {"request.timeout.ms", text(stage, kRequest)},
          {"retry.backoff.ms", "20"},
          {"socket.connection.setup.timeout.ms", text(stage, kRequest)}};
}
Config producerConfig(const Stage& stage) {
  return clientConfig(stage).set("delivery.timeout.ms", text(stage, kCall)).set("max.block.ms", text(stage, kCall));
}
Config consumerConfig(const Stage& stage, const std::string& group = {}) {
  Config config = clientConfig(stage);
  config.merge({{"default.api.timeout.ms", text(stage, kCall)}, {"fetch.max.wait.ms", "100"},            {"auto.offset.reset", "earliest"},
                {"session.timeout.ms", text(stage, 6s)},        {"max.poll.interval.ms", text(stage, 6s)}, {"heartbeat.interval.ms", "50"},
                {"enable.auto.commit", "false"}});
  if (!group.empty()) config.set("group.id", group);
  return config;
}
Admin adminOf(const Stage& stage) { return Admin(clientConfig(stage).set("default.api.timeout.ms", text(stage, kCall))); }
/// The same stage without the proxy.
Stage around(const Stage& stage) { return {stage.direct, stage.direct, stage.fresh, stage.patience}; }

/// Throws when no record comes in time.
void pollSome(const Stage& stage, TextConsumer& consumer) {
  const auto deadline = std::chrono::steady_clock::now() + stage.patience * kRecords;
  while (consumer.poll(100ms).empty()) {
    if (std::chrono::steady_clock::now() > deadline) throw TimeoutException(Error(ErrorCode::RequestTimedOut, "no records"));
  }
}

void makeGroup(const Stage& stage) { adminOf(around(stage)).alterConsumerGroupOffsets(stage.fresh, {{kPartition, {.offset = 1}}}).all.get(); }
void makeTopic(const Stage& stage) { adminOf(around(stage)).createTopics({{.name = stage.fresh, .partitions = 1, .replicationFactor = 1}}).all.get(); }

void produce(const Stage& stage) {
  TextProducer producer(producerConfig(stage));
  (void)producer.partitionsFor(kTopic);
  auto first = producer.send({.topic = kTopic, .key = "k", .value = "v"});
  auto second = producer.send({.topic = kTopic, .key = "k", .value = "w"});
  producer.flush();
  (void)first.get();
  (void)second.get();
  producer.close(stage.patience * kClose);
}

void consumeAssigned(const Stage& stage) {
  TextConsumer consumer(consumerConfig(stage));
  consumer.assign({kPartition});
  pollSome(stage, consumer);
  (void)consumer.position(kPartition);
  consumer.seekToEnd({kPartition});
  (void)consumer.position(kPartition);
  (void)consumer.beginningOffsets({kPartition});
  (void)consumer.endOffsets({kPartition});
  (void)consumer.offsetsForTimes({{kPartition, 0}});
  (void)consumer.listTopics();
  (void)consumer.partitionsFor(kTopic);
  consumer.close(stage.patience * kClose);
}

void consumeInGroup(const Stage& stage) {
  TextConsumer consumer(consumerConfig(stage, stage.fresh));
  consumer.subscribe({kTopic});
  pollSome(stage, consumer);
  for (int i = 0; i < 3; ++i) (void)consumer.poll(100ms);  // heartbeats
  consumer.commitSync();
  (void)consumer.committed({kPartition});
  consumer.close(stage.patience * kClose);
}

void consumeFromAnEpoch(const Stage& stage) {
  TextConsumer consumer(consumerConfig(stage));
  consumer.assign({kPartition});
  consumer.seek(kPartition, {.offset = 0, .leaderEpoch = 0});
  pollSome(stage, consumer);
  consumer.close(stage.patience * kClose);
}

void listAndDescribe(const Stage& stage) {
  Admin admin = adminOf(stage);
  (void)admin.listTopics().get();
  (void)admin.describeTopics({kTopic}).all.get();
  (void)admin.listOffsets({{kPartition, OffsetSpec::latest()}}).all.get();
}

}  // namespace

void prepare(const std::string& bootstrap, int patience) {
  const Stage stage{bootstrap, bootstrap, {}, patience};
  adminOf(stage).createTopics({{.name = kTopic, .partitions = 1, .replicationFactor = 1}}).all.get();
  TextProducer producer(producerConfig(stage));
  for (int i = 0; i < 10; ++i) (void)producer.send({.topic = kTopic, .key = "key", .value = std::to_string(i)}).get();
}

const std::vector<Step>& clientSteps() {
  static const std::vector<Step> steps{
      {"produce", 4 * kCall + kClose, produce},
      {"consume, assigned", kRecords + 7 * kCall + kClose, consumeAssigned},
      {"consume, in a group", kRecords + 3 * 100ms + 2 * kCall + kClose, consumeInGroup},
      {"consume, from an epoch", kRecords + kClose, consumeFromAnEpoch},
      {"list and describe topics", 3 * kCall, listAndDescribe},
      {"createTopics", kCall, [](const Stage& stage) {
         adminOf(stage).createTopics({{.name = stage.fresh, .partitions = 1, .replicationFactor = 1}}).all.get();
       }},
      {"deleteTopics", 2 * kCall, [](const Stage& stage) {
         makeTopic(stage);
         adminOf(stage).deleteTopics({stage.fresh}).all.get();
       }},
      {"createPartitions", 2 * kCall, [](const Stage& stage) {
         makeTopic(stage);
         adminOf(stage).createPartitions({{stage.fresh, {.totalCount = 2}}}).all.get();
       }},
      {"listPartitionReassignments", kCall, [](const Stage& stage) { (void)adminOf(stage).listPartitionReassignments().get(); }},
      {"describeConfigs", kCall, [](const Stage& stage) {
         adminOf(stage).describeConfigs({{ConfigResource::Type::Topic, kTopic}}, {.includeSynonyms = true}).all.get();
       }},
      {"describeCluster", kCall, [](const Stage& stage) { (void)adminOf(stage).describeCluster().get(); }},
      {"listGroups", 2 * kCall, [](const Stage& stage) {
         makeGroup(stage);
         (void)adminOf(stage).listGroups().get();
       }},
      {"describeConsumerGroups", 2 * kCall, [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage).describeConsumerGroups({stage.fresh}).all.get();
       }},
      {"listConsumerGroupOffsets", 2 * kCall, [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage).listConsumerGroupOffsets({{stage.fresh, std::nullopt}}).all.get();
       }},
      {"alterConsumerGroupOffsets", kCall, [](const Stage& stage) {
         adminOf(stage).alterConsumerGroupOffsets(stage.fresh, {{kPartition, {.offset = 1}}}).all.get();
       }},
      {"deleteConsumerGroupOffsets", 2 * kCall, [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage).deleteConsumerGroupOffsets(stage.fresh, {kPartition}).all.get();
       }},
      {"deleteConsumerGroups", 2 * kCall, [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage).deleteConsumerGroups({stage.fresh}).all.get();
       }},
  };
  return steps;
}

}  // namespace klamm::hostile
