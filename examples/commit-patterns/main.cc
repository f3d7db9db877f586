// Reads a topic to its end and commits in one of four ways:  commit-patterns SERVERS TOPIC auto|sync|async|partition
//
//     auto       by itself every second, and when the consumer closes; the least code
//     sync       after each poll, and waits: at most one poll's records are read again after a crash
//     async      after each poll, and goes on; one commitSync at the end makes sure of the last
//     partition  after each partition's records: at most that much is read again

#include <klamm/consumer.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

namespace {

using Consumer = klamm::Consumer<std::string, std::string>;
using Records = klamm::ConsumerRecords<std::string, std::string>;

int processed = 0;

template <class Range>
void process(const Range& records) {
  for (const auto& record : records) processed += record.value.has_value();
}

bool isAtEnd(Consumer& consumer) {
  const klamm::TopicPartitions partitions = consumer.assignment();
  if (partitions.empty()) return false;  // the group has not given us any yet
  for (const auto& [partition, end] : consumer.endOffsets(partitions)) {
    if (consumer.position(partition) < end) return false;
  }
  return true;
}

void commitSync(Consumer& consumer, const Records& records) {
  process(records);
  if (!records.empty()) consumer.commitSync();
}

void commitAsync(Consumer& consumer, const Records& records) {
  process(records);
  if (records.empty()) return;
  consumer.commitAsync([](const klamm::OffsetMap&, const klamm::Error& error) {
    // Not tried again: the next commit covers this one, and an old one sent late would go backwards.
    if (error) std::fprintf(stderr, "commit: %s\n", error.message().c_str());
  });
}

void commitByPartition(Consumer& consumer, const Records& records) {
  const klamm::OffsetMap next = records.nextOffsets();
  for (const klamm::TopicPartition& partition : records.partitions()) {
    process(records.records(partition));
    consumer.commitSync({{partition, next.at(partition)}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void(Consumer&, const Records&)>> ways = {
      {"auto", [](Consumer&, const Records& records) { process(records); }},
      {"sync", commitSync}, {"async", commitAsync}, {"partition", commitByPartition}};
  const std::string how = argc == 4 ? argv[3] : "";
  if (!ways.contains(how)) {
    std::fprintf(stderr, "usage: commit-patterns SERVERS TOPIC auto|sync|async|partition\n");
    return 2;
  }
  try {
    Consumer consumer({{"bootstrap.servers", argv[1]},
                       {"group.id", "commit-" + how},
                       {"auto.offset.reset", "earliest"},
                       {"enable.auto.commit", how == "auto" ? "true" : "false"},
                       {"auto.commit.interval.ms", "1000"}});
    consumer.subscribe({argv[2]});
    while (!isAtEnd(consumer)) ways.at(how)(consumer, consumer.poll(std::chrono::milliseconds(500)));
    if (how == "async") consumer.commitSync();
    consumer.close();  // commits once more with "auto"
    std::printf("%s: %d records\n", how.c_str(), processed);
    return 0;
  } catch (const klamm::KafkaException& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
