// Reads a topic until SIGINT or SIGTERM, then commits and leaves the group:  graceful-shutdown SERVERS TOPIC

#include <klamm/consumer.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string_view>

namespace {

using Consumer = klamm::Consumer<std::string_view, std::string_view>;

std::atomic<Consumer*> toWake = nullptr;
static_assert(decltype(toWake)::is_always_lock_free);  // or else a signal handler may not touch it

/// wakeup() is the one call of a consumer that a signal handler may make. Only the first signal does: a second one must not
/// disturb the end.
void onSignal(int) {
  if (Consumer* consumer = toWake.exchange(nullptr)) consumer->wakeup();
}

/// While it lives signals wake the consumer; it goes before the consumer does.
struct WakeOnSignal {
  explicit WakeOnSignal(Consumer& consumer) {
    toWake = &consumer;
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
  }
  ~WakeOnSignal() { toWake = nullptr; }
  WakeOnSignal(const WakeOnSignal&) = delete;
  WakeOnSignal& operator=(const WakeOnSignal&) = delete;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: graceful-shutdown SERVERS TOPIC\n");
    return 2;
  }
  try {
    Consumer consumer({{"bootstrap.servers", argv[1]}, {"group.id", "graceful"}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}});
    consumer.subscribe({argv[2]});
    const WakeOnSignal waking(consumer);

    long seen = 0;
    try {
      for (;;) {
        const auto records = consumer.poll(std::chrono::seconds(10));
        seen += static_cast<long>(records.count());
        if (records.empty()) continue;
        consumer.commitAsync();
        std::printf("%ld records\n", seen);
        std::fflush(stdout);
      }
    } catch (const klamm::WakeupException&) {
      std::puts("stopping");
    }
    consumer.commitSync();
    consumer.close();
    std::printf("stopped in order after %ld records\n", seen);
    return 0;
  } catch (const klamm::KafkaException& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
