// Produces, consumes and asks what there is, on the broker whose address is the first argument.

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <klamm/admin.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

namespace {

// Virtual functions of the library's own classes, overridden outside it.
class LastPartition : public klamm::Partitioner {
 public:
  std::int32_t partition(const klamm::PartitionContext& context) override { return context.partitionCount - 1; }
};

class Quiet : public klamm::RebalanceListener {
 public:
  void onPartitionsRevoked(const klamm::TopicPartitions&) override {}
  void onPartitionsAssigned(const klamm::TopicPartitions& partitions) override { assigned += partitions.size(); }
  std::size_t assigned = 0;
};

int run(const std::string& servers) {
  using namespace std::chrono_literals;
  klamm::Config config{{"bootstrap.servers", servers}};
  klamm::Admin admin(config);
  admin.createTopics({{.name = "package", .partitions = 3, .replicationFactor = 1}}).all.get();

  klamm::Producer<std::string, std::int64_t> producer(config, {.partitioner = std::make_shared<LastPartition>()});
  int acknowledged = 0;
  for (std::int64_t i = 0; i < 100; ++i) {
    producer.send({.topic = "package", .key = std::to_string(i), .value = i}, [&acknowledged](const klamm::RecordMetadata& sent, const klamm::Error& error) {
      if (!error && sent.partition == 2) ++acknowledged;
    });
  }
  producer.close();
  if (acknowledged != 100) return 1;

  klamm::Config reading = config;
  reading.set("group.id", "strangers").set("auto.offset.reset", "earliest");
  klamm::Consumer<std::string, std::int64_t> consumer(reading);
  const auto listener = std::make_shared<Quiet>();
  consumer.subscribe({"package"}, listener);
  std::int64_t sum = 0;
  int count = 0;
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (count < 100 && std::chrono::steady_clock::now() < end) {
    for (const auto& record : consumer.poll(100ms)) {
      sum += record.value.value_or(0);
      ++count;
    }
  }
  consumer.commitSync();
  const klamm::OffsetMap committed = consumer.committed({{"package", 2}});
  consumer.close();
  if (count != 100 || sum != 4950 || listener->assigned != 3 || committed.at({"package", 2}).offset != 100) return 2;

  try {  // an exception of the library is caught by its type outside the library, too
    admin.createTopics({{.name = "package"}}).all.get();
    return 3;
  } catch (const klamm::TopicExistsException& error) {
    if (error.error().code() != klamm::ErrorCode::TopicAlreadyExists) return 4;
  }
  try {
    config.set(klamm::config::lingerMs, -1ms);
    return 5;
  } catch (const klamm::KafkaException& error) {
    std::cout << error.what() << '\n';
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const int result = count == 2 ? run(words[1]) : 9;
  std::cout << (result == 0 ? "all is well" : "failed at step " + std::to_string(result)) << std::endl;
  return result;
}
