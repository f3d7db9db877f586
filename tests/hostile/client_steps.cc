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

Config producerConfig(const std::string& bootstrap) {
  return {{"bootstrap.servers", bootstrap}, {"request.timeout.ms", "800"}, {"delivery.timeout.ms", "1500"}, {"max.block.ms", "1500"},
          {"retry.backoff.ms", "20"},       {"socket.connection.setup.timeout.ms", "800"}};
}
Config consumerConfig(const std::string& bootstrap, const std::string& group = {}) {
  Config config{{"bootstrap.servers", bootstrap}, {"request.timeout.ms", "800"},     {"default.api.timeout.ms", "1500"},
                {"retry.backoff.ms", "20"},       {"fetch.max.wait.ms", "100"},      {"auto.offset.reset", "earliest"},
                {"heartbeat.interval.ms", "50"},  {"session.timeout.ms", "6000"},    {"max.poll.interval.ms", "6000"},
                {"enable.auto.commit", "false"},  {"socket.connection.setup.timeout.ms", "800"}};
  if (!group.empty()) config.set("group.id", group);
  return config;
}
Admin adminOf(const std::string& bootstrap) {
  return Admin(Config{{"bootstrap.servers", bootstrap}, {"request.timeout.ms", "800"}, {"default.api.timeout.ms", "1500"}, {"retry.backoff.ms", "20"},
                      {"socket.connection.setup.timeout.ms", "800"}});
}

/// Throws when no record comes in two seconds.
void pollSome(TextConsumer& consumer) {
  const auto deadline = std::chrono::steady_clock::now() + 2s;
  while (consumer.poll(100ms).empty()) {
    if (std::chrono::steady_clock::now() > deadline) throw TimeoutException(Error(ErrorCode::RequestTimedOut, "no records"));
  }
}

void makeGroup(const Stage& stage) { adminOf(stage.direct).alterConsumerGroupOffsets(stage.fresh, {{kPartition, {.offset = 1}}}).all.get(); }
void makeTopic(const Stage& stage) { adminOf(stage.direct).createTopics({{.name = stage.fresh, .partitions = 1, .replicationFactor = 1}}).all.get(); }

void produce(const Stage& stage) {
  TextProducer producer(producerConfig(stage.bootstrap));
  (void)producer.partitionsFor(kTopic);
  auto first = producer.send({.topic = kTopic, .key = "k", .value = "v"});
  auto second = producer.send({.topic = kTopic, .key = "k", .value = "w"});
  producer.flush();
  (void)first.get();
  (void)second.get();
  producer.close(1s);
}

void consumeAssigned(const Stage& stage) {
  TextConsumer consumer(consumerConfig(stage.bootstrap));
  consumer.assign({kPartition});
  pollSome(consumer);
  (void)consumer.position(kPartition);
  consumer.seekToEnd({kPartition});
  (void)consumer.position(kPartition);
  (void)consumer.beginningOffsets({kPartition});
  (void)consumer.endOffsets({kPartition});
  (void)consumer.offsetsForTimes({{kPartition, 0}});
  (void)consumer.listTopics();
  (void)consumer.partitionsFor(kTopic);
  consumer.close(1s);
}

void consumeInGroup(const Stage& stage) {
  TextConsumer consumer(consumerConfig(stage.bootstrap, stage.fresh));
  consumer.subscribe({kTopic});
  pollSome(consumer);
  for (int i = 0; i < 3; ++i) (void)consumer.poll(100ms);  // heartbeats
  consumer.commitSync();
  (void)consumer.committed({kPartition});
  consumer.close(1s);
}

void consumeFromAnEpoch(const Stage& stage) {
  TextConsumer consumer(consumerConfig(stage.bootstrap));
  consumer.assign({kPartition});
  consumer.seek(kPartition, {.offset = 0, .leaderEpoch = 0});
  pollSome(consumer);
  consumer.close(1s);
}

void listAndDescribe(const Stage& stage) {
  Admin admin = adminOf(stage.bootstrap);
  (void)admin.listTopics().get();
  (void)admin.describeTopics({kTopic}).all.get();
  (void)admin.listOffsets({{kPartition, OffsetSpec::latest()}}).all.get();
}

}  // namespace

void prepare(const std::string& bootstrap) {
  adminOf(bootstrap).createTopics({{.name = kTopic, .partitions = 1, .replicationFactor = 1}}).all.get();
  TextProducer producer(producerConfig(bootstrap));
  for (int i = 0; i < 10; ++i) (void)producer.send({.topic = kTopic, .key = "key", .value = std::to_string(i)}).get();
}

const std::vector<Step>& clientSteps() {
  static const std::vector<Step> steps{
      {"produce", produce},
      {"consume, assigned", consumeAssigned},
      {"consume, in a group", consumeInGroup},
      {"consume, from an epoch", consumeFromAnEpoch},
      {"list and describe topics", listAndDescribe},
      {"createTopics", [](const Stage& stage) {
         adminOf(stage.bootstrap).createTopics({{.name = stage.fresh, .partitions = 1, .replicationFactor = 1}}).all.get();
       }},
      {"deleteTopics", [](const Stage& stage) {
         makeTopic(stage);
         adminOf(stage.bootstrap).deleteTopics({stage.fresh}).all.get();
       }},
      {"createPartitions", [](const Stage& stage) {
         makeTopic(stage);
         adminOf(stage.bootstrap).createPartitions({{stage.fresh, {.totalCount = 2}}}).all.get();
       }},
      {"listPartitionReassignments", [](const Stage& stage) { (void)adminOf(stage.bootstrap).listPartitionReassignments().get(); }},
      {"describeConfigs", [](const Stage& stage) {
         adminOf(stage.bootstrap).describeConfigs({{ConfigResource::Type::Topic, kTopic}}, {.includeSynonyms = true}).all.get();
       }},
      {"describeCluster", [](const Stage& stage) { (void)adminOf(stage.bootstrap).describeCluster().get(); }},
      {"listGroups", [](const Stage& stage) {
         makeGroup(stage);
         (void)adminOf(stage.bootstrap).listGroups().get();
       }},
      {"describeConsumerGroups", [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage.bootstrap).describeConsumerGroups({stage.fresh}).all.get();
       }},
      {"listConsumerGroupOffsets", [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage.bootstrap).listConsumerGroupOffsets({{stage.fresh, std::nullopt}}).all.get();
       }},
      {"alterConsumerGroupOffsets", [](const Stage& stage) {
         adminOf(stage.bootstrap).alterConsumerGroupOffsets(stage.fresh, {{kPartition, {.offset = 1}}}).all.get();
       }},
      {"deleteConsumerGroupOffsets", [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage.bootstrap).deleteConsumerGroupOffsets(stage.fresh, {kPartition}).all.get();
       }},
      {"deleteConsumerGroups", [](const Stage& stage) {
         makeGroup(stage);
         adminOf(stage.bootstrap).deleteConsumerGroups({stage.fresh}).all.get();
       }},
  };
  return steps;
}

}  // namespace klamm::hostile
