// Prints the next COUNT records of a topic as a member of a group:  simple-consumer SERVERS TOPIC GROUP COUNT

#include <klamm/consumer.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: simple-consumer SERVERS TOPIC GROUP COUNT\n");
    return 2;
  }
  try {
    const long wanted = std::strtol(argv[4], nullptr, 10);
    klamm::Consumer<std::string_view, std::string_view> consumer(
        {{"bootstrap.servers", argv[1]}, {"group.id", argv[3]}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}});
    consumer.subscribe({argv[2]});
    for (long seen = 0; seen < wanted;) {
      const auto records = consumer.poll(std::chrono::seconds(1));  // owns what its records point into
      klamm::OffsetMap printed;
      for (const auto& record : records) {
        const std::string_view value = record.value.value_or("(null)");
        std::printf("%.*s\n", static_cast<int>(value.size()), value.data());
        printed[{std::string(record.topic), record.partition}] = {.offset = record.offset + 1};
        if (++seen == wanted) break;
      }
      // Exactly what was printed, also when the poll brought more than was wanted, of several partitions.
      if (!printed.empty()) consumer.commitSync(printed);
    }
    consumer.close();  // leaves the group at once
    return 0;
  } catch (const klamm::KafkaException& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
