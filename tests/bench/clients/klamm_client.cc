// Our client where the perf tools have no figure: delays by an open-loop schedule in microseconds, from send to acknowledgement and
// from send to the consumer's poll.

#include <atomic>
#include <cstring>
#include <exception>
#include <thread>

#include <klamm/consumer.h>
#include <klamm/producer.h>

#include "bench_client.h"

namespace klamm::bench {
namespace {

using TextProducer = Producer<std::string_view, std::string_view>;

struct Pending {
  Clock::time_point due;
  Clock::time_point sent;
};

Config configOf(const Arguments& arguments, const std::string& prefix) {
  Config config;
  config.set("bootstrap.servers", arguments.text("bootstrap"));
  for (const auto& [key, value] : arguments.settings()) {
    if (key.starts_with(prefix)) config.set(key.substr(prefix.size()), value);
  }
  return config;
}

void requireSent(std::int64_t failed) {
  if (failed > 0) throw std::runtime_error(std::to_string(failed) + " records could not be sent");
}

void latency(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  const std::int64_t count = arguments.number("count");
  const std::int64_t warmup = arguments.numberOr("warmup", 0);
  Delays delays(count);
  std::atomic<std::int64_t> failed = 0;
  TextProducer producer(configOf(arguments, "producer."));
  const Schedule schedule(static_cast<double>(arguments.number("rate")));
  for (std::int64_t n = 0; n < count + warmup; ++n) {
    const auto due = schedule.await(n);
    const auto sent = Clock::now();
    producer.send({.topic = arguments.text("topic"), .value = payload.next()},
                  [&delays, &failed, due, sent, counts = n >= warmup](const RecordMetadata&, const Error& error) {
                    if (error) ++failed;
                    else if (counts) delays.add(due, sent);
                  });
  }
  producer.close();
  requireSent(failed);
  delays.print();
}

/// Reads until all have come; the moments when a record was due and sent are its key.
void readAll(const Arguments& arguments, std::int64_t warmup, std::int64_t total, std::atomic<bool>& ready, Delays& delays) {
  Consumer<BytesView, BytesView> consumer(configOf(arguments, "consumer."));
  TopicPartitions partitions;
  for (std::int32_t n = 0; n < arguments.numberOr("partitions", 1); ++n) partitions.push_back({arguments.text("topic"), n});
  consumer.assign(partitions);
  consumer.seekToBeginning(partitions);
  const auto deadline = Clock::now() + std::chrono::seconds(100);
  for (std::int64_t seen = 0; seen < total && Clock::now() < deadline;) {
    for (const auto& record : consumer.poll(Millis(100))) {
      Pending one{};
      std::memcpy(&one, record.key->data(), std::min(sizeof(one), record.key->size()));
      if (++seen > warmup) delays.add(one.due, one.sent);
    }
    ready = true;
    ready.notify_one();
  }
  consumer.close();
}

void endToEnd(const Arguments& arguments) {
  Payload payload(arguments.text("payload"));
  const std::int64_t count = arguments.number("count");
  const std::int64_t warmup = arguments.numberOr("warmup", 0);
  Delays delays(count);
  std::atomic<std::int64_t> failed = 0;
  std::atomic<bool> ready = false;
  std::thread reader([&] { readAll(arguments, warmup, count + warmup, ready, delays); });
  ready.wait(false);
  TextProducer producer(configOf(arguments, "producer."));
  const Schedule schedule(static_cast<double>(arguments.number("rate")));
  for (std::int64_t n = 0; n < count + warmup; ++n) {
    const Pending one{schedule.await(n), Clock::now()};
    producer.send({.topic = arguments.text("topic"), .key = std::string_view(reinterpret_cast<const char*>(&one), sizeof(one)), .value = payload.next()},
                  [&failed](const RecordMetadata&, const Error& error) { if (error) ++failed; });
  }
  producer.close();
  requireSent(failed);
  reader.join();
  delays.print();
}

/// The schedule alone: what pacing costs a client.
void pace(const Arguments& arguments) {
  const Schedule schedule(static_cast<double>(arguments.number("rate")));
  const std::int64_t count = arguments.number("count") + arguments.numberOr("warmup", 0);
  for (std::int64_t n = 0; n < count; ++n) static_cast<void>(schedule.await(n));
  std::printf("{\"records\": %lld}\n", static_cast<long long>(count));
}

void run(const Arguments& arguments) {
  if (arguments.mode() == "latency") latency(arguments);
  else if (arguments.mode() == "end-to-end") endToEnd(arguments);
  else if (arguments.mode() == "pace") pace(arguments);
  else throw std::runtime_error("unknown mode " + arguments.mode());
}

}  // namespace
}  // namespace klamm::bench

int main(int count, char** words) { return klamm::bench::runProgram("klamm_client", count, words, klamm::bench::run); }
