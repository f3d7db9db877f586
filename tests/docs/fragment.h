#pragma once
// What a fragment of a page sees. docs/guide/README.md tells the same to readers.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
#include <iostream>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <klamm/admin.h>
#include <klamm/broker/embedded.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

#include "docs/servers.h"

using namespace std::chrono_literals;

namespace docs {

/// True some times: what a service's own flag is. Threading: one thread.
class Running {
 public:
  explicit operator bool() { return left_-- > 0; }

 private:
  int left_ = 5;
};

/// Stands for the application's work.
struct Handle {
  template <class... Things>
  void operator()(const Things&...) const {}
};

inline void fillOrders() {
  klamm::Producer<std::string, std::string> producer({{"bootstrap.servers", servers()}});
  for (int i = 0; i < 10; ++i) producer.send({.topic = "orders", .key = "k" + std::to_string(i), .value = "v" + std::to_string(i)}, nullptr);
  producer.close();
}

/// The exit code of a block: what it throws is a failure.
inline int run(void (*block)()) {
  try {
    block();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "the block threw: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace docs

#define DOCS_COMMON                                                             \
  [[maybe_unused]] klamm::Config config{{"bootstrap.servers", docs::servers()}}; \
  [[maybe_unused]] docs::Running running;                                       \
  [[maybe_unused]] const docs::Handle handle;
#define DOCS_PRODUCER klamm::Producer<std::string, std::string> producer(config);
#define DOCS_CONSUMER                                                                          \
  docs::fillOrders();                                                                          \
  config.set("group.id", "docs").set("auto.offset.reset", "earliest");                         \
  klamm::Consumer<std::string, std::string> consumer(config);                                  \
  consumer.subscribe({"orders"});
#define DOCS_ADMIN klamm::Admin admin(config);
