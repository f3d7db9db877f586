// A producer's calls that may block, and close() under them.

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include <klamm/producer.h>

#include "chaos/call_case.h"
#include "chaos/interrupter.h"

namespace klamm::chaos {
namespace {

using TextProducer = Producer<std::string_view, std::string_view>;
using namespace std::chrono_literals;

/// How many callbacks are owed and came. Threading: any thread.
struct Counts {
  std::atomic<int> owed = 0;
  std::atomic<int> came = 0;
};

void send(TextProducer& producer, Counts& counts, std::string_view topic, std::size_t size) {
  const std::string value(size, 'v');
  ++counts.owed;
  try {
    producer.send({.topic = topic, .value = value}, [&counts](const RecordMetadata&, const Error&) { ++counts.came; });
  } catch (const IllegalStateException&) {  // closed before: then there is no callback
    --counts.owed;
  }
}

struct Call {
  std::string name;
  void (*run)(const CallCase&, TextProducer&, Counts&, CaseNotes&);
};

void sendToUnknown(const CallCase& one, TextProducer& producer, Counts& counts, CaseNotes& notes) {
  notes.timed("send() to a topic that is not known", one.allowed(), [&] { send(producer, counts, fmt::format("unknown-{}", one.seed), 10); });
}

/// Until one had to wait or none of many had: each single one keeps max.block.ms.
void fillBuffer(const CallCase& one, TextProducer& producer, Counts& counts, CaseNotes& notes) {
  for (int n = 0; n < 40; ++n) {
    const TimePoint before = systemClock().now();
    notes.timed("send() with a full buffer", one.allowed(), [&] { send(producer, counts, "calls", 3000); });
    if (systemClock().now() - before > 50ms) return;
  }
}

void flushSome(const CallCase& one, TextProducer& producer, Counts& counts, CaseNotes& notes) {
  for (int n = 0; n < 3; ++n) notes.timed("send()", one.allowed(), [&] { send(producer, counts, "calls", 100); });
  notes.timed("flush()", one.interrupted ? one.allowed() : one.limit + 50ms, [&] { producer.flush(); });  // delivery.timeout.ms is what limits it
}

void closeAtOnce(const CallCase& one, TextProducer& producer, Counts& counts, CaseNotes& notes) {
  notes.timed("send()", one.allowed(), [&] { send(producer, counts, "calls", 100); });
  notes.timed("close() beside another close()", one.allowed(), [&] { producer.close(one.given()); });
}

void askPartitions(const CallCase& one, TextProducer& producer, Counts&, CaseNotes& notes) {
  notes.timed("partitionsFor()", one.allowed(), [&] {
    try {
      (void)producer.partitionsFor(one.seed % 2 == 0 ? "calls" : "nowhere");
    } catch (const TimeoutException&) {
    } catch (const IllegalStateException&) {  // closed
    }
  });
}

void getFuture(const CallCase& one, TextProducer& producer, Counts&, CaseNotes& notes) {
  notes.timed("send() and get() of its future", one.interrupted ? one.allowed() : one.limit * 2 + 50ms, [&] {
    try {
      (void)producer.send({.topic = "calls", .value = "v"}).get();
    } catch (const KafkaException&) {
    }
  });
}

const std::vector<Call>& calls() {
  static const std::vector<Call> all{{"send() to an unknown topic", sendToUnknown}, {"send() with a full buffer", fillBuffer}, {"flush()", flushSome},
                                     {"close()", closeAtOnce}, {"partitionsFor()", askPartitions}, {"get() of a future", getFuture}};
  return all;
}

Config configOf(const CallCase& one, const CallWorld& world) {
  const auto number = [](Millis time) { return std::to_string(time.count()); };
  Config config{{"bootstrap.servers", world.bootstrap(one.weather)}, {"linger.ms", "1"}, {"buffer.memory", "32768"}, {"batch.size", "4096"},
                {"max.request.size", "32768"}};
  config.set("max.block.ms", number(one.given())).set("delivery.timeout.ms", number(one.given() + 50ms));
  return config.set("request.timeout.ms", number(std::max(Millis(50), one.given() / 2)));
}

}  // namespace

const std::vector<std::string>& producerCalls() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Call& call : calls()) all.push_back(call.name);
    return all;
  }();
  return names;
}

void runProducerCase(const CallCase& one, CallWorld& world, CaseNotes& notes) {
  Counts counts;
  CaseNotes closing(one.slack);
  auto producer = std::make_unique<TextProducer>(configOf(one, world));
  if (one.prepared) {
    send(*producer, counts, "calls", 10);
    producer->flush();
  }
  world.setWeather(one.weather, false);
  {
    const Interrupter beside(one, world, [&] {
      closing.timed(fmt::format("close({}) by another thread", one.closeLimit.count()), one.closeLimit, [&] {
        producer->close(one.planted == Planted::LateClose ? one.patience : one.closeLimit);
      });
    });
    if (one.interrupted && one.interruptAfter == Millis(0)) std::this_thread::sleep_for(5ms);
    calls()[one.call].run(one, *producer, counts, notes);
  }
  if (one.seed % 3 == 0) {  // or the destructor, which gives delivery.timeout.ms
    notes.timed("close() afterwards", one.closeLimit, [&] { producer->close(one.closeLimit); });
    if (counts.owed != counts.came) notes.failure(fmt::format("{} callbacks were owed at the end of close(), {} came", counts.owed.load(), counts.came.load()));
  }
  notes.timed("the destructor", one.interrupted ? Millis(0) : one.limit + 50ms, [&] { producer.reset(); });
  if (counts.owed != counts.came) notes.failure(fmt::format("{} callbacks were owed, {} came", counts.owed.load(), counts.came.load()));
  notes.add(std::move(closing.report()));
}

}  // namespace klamm::chaos
