// Sends each line of standard input as a record:  simple-producer SERVERS TOPIC

#include <klamm/producer.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: simple-producer SERVERS TOPIC\n");
    return 2;
  }
  std::atomic<int> delivered = 0;
  std::atomic<int> failed = 0;
  try {
    // Views are enough: send() has copied the record when it returns.
    klamm::Producer<std::string_view, std::string_view> producer({{"bootstrap.servers", argv[1]}});
    for (std::string line; std::getline(std::cin, line);) {
      producer.send({.topic = argv[2], .value = line}, [&delivered, &failed](const klamm::RecordMetadata&, const klamm::Error& error) {
        ++(error ? failed : delivered);
        if (error) std::fprintf(stderr, "%s\n", error.message().c_str());
      });
    }
    producer.close();  // waits until each callback has run
  } catch (const klamm::KafkaException& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::printf("%d delivered, %d failed\n", delivered.load(), failed.load());
  return failed == 0 ? 0 : 1;
}
