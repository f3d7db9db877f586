// A consumer's calls that may block, wakeup() under them and close() after them.

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include <klamm/consumer.h>

#include "chaos/call_case.h"
#include "chaos/interrupter.h"

namespace klamm::chaos {
namespace {

using TextConsumer = Consumer<std::string_view, std::string_view>;
using namespace std::chrono_literals;

TopicPartition first() { return {"calls", 0}; }
TopicPartitions both() { return {{"calls", 0}, {"calls", 1}}; }

struct Call {
  std::string name;
  void (*run)(TextConsumer&, Millis limit);
};

void pollAllTheTime(TextConsumer& consumer, Millis limit) {
  const TimePoint end = systemClock().now() + limit;
  for (TimePoint now = systemClock().now(); now < end; now = systemClock().now()) {
    (void)consumer.poll(std::chrono::duration_cast<Millis>(end - now));
  }
}

void positionAtTheEnd(TextConsumer& consumer, Millis limit) {
  consumer.seekToEnd({first()});
  (void)consumer.position(first(), limit);
}

void seekAndPoll(TextConsumer& consumer, Millis limit) {
  consumer.seek(first(), 7);
  (void)consumer.poll(limit);
}

void subscribeAnew(TextConsumer& consumer, Millis limit) {
  consumer.unsubscribe();
  consumer.subscribe({"calls"});
  (void)consumer.poll(limit);
}

void rebalanceAndPoll(TextConsumer& consumer, Millis limit) {
  consumer.enforceRebalance("a test");
  (void)consumer.poll(limit);
}

const std::vector<Call>& calls() {
  static const std::vector<Call> all{
      {"poll", [](TextConsumer& c, Millis limit) { (void)c.poll(limit); }},
      {"poll all the time", pollAllTheTime},
      {"commitSync", [](TextConsumer& c, Millis limit) { c.commitSync({{first(), {.offset = 1}}}, limit); }},
      {"commitSync of all", [](TextConsumer& c, Millis limit) { c.commitSync(limit); }},
      {"committed", [](TextConsumer& c, Millis limit) { (void)c.committed(both(), limit); }},
      {"position", [](TextConsumer& c, Millis limit) { (void)c.position(first(), limit); }},
      {"position after seekToEnd", positionAtTheEnd},
      {"seek and poll", seekAndPoll},
      {"beginningOffsets", [](TextConsumer& c, Millis limit) { (void)c.beginningOffsets(both(), limit); }},
      {"endOffsets", [](TextConsumer& c, Millis limit) { (void)c.endOffsets(both(), limit); }},
      {"offsetsForTimes", [](TextConsumer& c, Millis limit) { (void)c.offsetsForTimes({{first(), 0}}, limit); }},
      {"partitionsFor", [](TextConsumer& c, Millis limit) { (void)c.partitionsFor("calls", limit); }},
      {"listTopics", [](TextConsumer& c, Millis limit) { (void)c.listTopics(limit); }},
      {"commitAsync", [](TextConsumer& c, Millis) { c.commitAsync({{first(), {.offset = 1}}}); }},
      {"unsubscribe", [](TextConsumer& c, Millis) { c.unsubscribe(); }},
      {"unsubscribe, subscribe and poll", subscribeAnew},
      {"enforceRebalance and poll", rebalanceAndPoll},
      {"nothing", [](TextConsumer&, Millis) {}},
  };
  return all;
}

Config configOf(const CallCase& one, const CallWorld& world) {
  Config config{{"bootstrap.servers", world.bootstrap(one.weather)}, {"auto.offset.reset", "earliest"},
                {"request.timeout.ms", std::to_string(one.requestTimeout().count())}, {"session.timeout.ms", "6000"}, {"heartbeat.interval.ms", "200"}, {"auto.commit.interval.ms", "100"}};
  return config.set("group.id", fmt::format("calls-{}", one.seed)).set("enable.auto.commit", one.seed % 2 == 0 ? "true" : "false");
}

/// Gets it its partitions and, for a position, some records.
void prepare(TextConsumer& consumer) {
  const TimePoint deadline = systemClock().now() + 60s;
  while (consumer.poll(100ms).empty()) {
    if (systemClock().now() > deadline) throw std::runtime_error("the consumer got no records while all was well");
  }
}

/// The call ends with a result, or as it may: Wakeup only when somebody woke. Returns whether it was Wakeup.
bool runCall(const CallCase& one, TextConsumer& consumer, CaseNotes& notes) {
  const auto onlyInAGroup = [&](const KafkaException& error) {
    if (!one.inGroup) notes.failure(fmt::format("threw {}", error.what()));
  };
  try {
    calls()[one.call].run(consumer, one.given());
  } catch (const WakeupException&) {
    if (!one.interrupted) notes.failure("WakeupException without a wakeup()");
    return true;
  } catch (const TimeoutException&) {
  } catch (const IllegalStateException& error) {  // position, seek: the group has given it nothing
    onlyInAGroup(error);
  } catch (const CommitFailedException& error) {  // not a member, or no longer
    onlyInAGroup(error);
  } catch (const RebalanceInProgressException& error) {
    onlyInAGroup(error);
  }
  return false;
}

/// A wakeup() that came when the call had ended is for the next one; no wakeup() is lost, none counts twice.
void checkWakeup(const CallCase& one, TextConsumer& consumer, bool woken, CaseNotes& notes) {
  if (consumer.subscription().empty() && consumer.assignment().empty()) consumer.assign(both());  // unsubscribe() was the call
  bool wokenNow = false;
  try {
    (void)consumer.poll(0ms);
  } catch (const WakeupException&) {
    wokenNow = true;
  } catch (const KafkaException&) {  // of the group: a wakeup would have come first
  }
  const bool owed = one.interrupted && !woken;
  if (owed && !wokenNow) notes.failure("neither the call nor the next one saw the wakeup()");
  if (!owed && wokenNow) notes.failure("WakeupException once more");
}

void closeConsumer(const CallCase& one, TextConsumer& consumer, CaseNotes& notes) {
  std::thread waker;
  if (one.wakeupInClose) {
    waker = std::thread([&] {
      std::this_thread::sleep_for(one.closeLimit / 2);
      consumer.wakeup();
    });
  }
  try {
    notes.timed(fmt::format("close({})", one.closeLimit.count()), one.closeLimit, [&] { consumer.close(one.closeLimit); });
  } catch (const WakeupException&) {
    notes.failure("close() threw WakeupException");
  } catch (const KafkaException& error) {  // the last commit of the group
    if (!one.inGroup || error.error().code() == ErrorCode::RequestTimedOut) notes.failure(fmt::format("close() threw {}", error.what()));
  }
  if (waker.joinable()) waker.join();
}

}  // namespace

const std::vector<std::string>& consumerCalls() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Call& call : calls()) all.push_back(call.name);
    return all;
  }();
  return names;
}

void runConsumerCase(const CallCase& one, CallWorld& world, CaseNotes& notes) {
  TextConsumer consumer(configOf(one, world));
  if (one.inGroup) consumer.subscribe({"calls"});
  else consumer.assign(both());
  if (one.prepared) prepare(consumer);
  world.setWeather(one.weather, false);
  bool woken = false;
  {
    const Interrupter beside(one, world, [&] {
      if (one.planted != Planted::LostWakeup) consumer.wakeup();
    });
    if (one.interrupted && one.interruptAfter == Millis(0)) std::this_thread::sleep_for(5ms);
    notes.timed(calls()[one.call].name, one.allowed(), [&] { woken = runCall(one, consumer, notes); });
  }
  checkWakeup(one, consumer, woken, notes);
  closeConsumer(one, consumer, notes);
}

}  // namespace klamm::chaos
