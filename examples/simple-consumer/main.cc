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
      for (const auto& record : records) {
        const std::string_view value = record.value.value_or("(null)");
        std::printf("%.*s\n", static_cast<int>(value.size()), value.data());
        // Exactly what was printed is committed, also when the poll brought more than was wanted.
        if (++seen == wanted) {
          consumer.commitSync({{{std::string(record.topic), record.partition}, {.offset = record.offset + 1}}});
          break;
        }
      }
      if (seen < wanted && !records.empty()) consumer.commitSync(records.nextOffsets());
    }
    consumer.close();  // leaves the group at once
    return 0;
  } catch (const klamm::KafkaException& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
