#include "chaos/record_clients.h"

#include <chrono>
#include <exception>
#include <stdexcept>

#include <fmt/format.h>

#include "base/clock.h"

namespace klamm::chaos {
namespace {

using namespace std::chrono_literals;
using TextConsumer = Consumer<std::string_view, std::string_view>;
using TextProducer = Producer<std::string_view, std::string_view>;
using TextRecord = ConsumerRecord<std::string_view, std::string_view>;

constexpr const char* kIdHeader = "id";
constexpr const char* kExtraHeader = "extra";
/// What a call may take beyond its limit: the machine is busy with other things as well.
constexpr Millis kSlack{5000};

std::string text(Millis time) { return std::to_string(time.count()); }

Millis since(TimePoint start) { return std::chrono::duration_cast<Millis>(systemClock().now() - start); }

Config producerConfig(const ProducerPlan& plan, const std::string& bootstrap) {
  Config config{{"bootstrap.servers", bootstrap}, {"compression.type", plan.codec}, {"reconnect.backoff.max.ms", "200"}, {"retry.backoff.ms", "20"}};
  config.set("linger.ms", text(plan.linger)).set("batch.size", std::to_string(plan.batchSize));
  config.set("buffer.memory", std::to_string(plan.bufferMemory)).set("max.in.flight.requests.per.connection", std::to_string(plan.maxInFlight));
  config.set("request.timeout.ms", text(plan.requestTimeout)).set("delivery.timeout.ms", text(plan.deliveryTimeout));
  return config.set("max.block.ms", "60000");
}

Config readerConfig(const std::string& bootstrap) {
  return {{"bootstrap.servers", bootstrap}, {"auto.offset.reset", "earliest"}, {"request.timeout.ms", "1500"}, {"fetch.max.wait.ms", "100"},
          {"reconnect.backoff.max.ms", "200"}, {"retry.backoff.ms", "20"}};
}

TopicPartitions allPartitions(const RunPlan& plan) {
  TopicPartitions partitions;
  for (std::int32_t p = 0; p < plan.partitions; ++p) partitions.push_back({kTopic, p});
  return partitions;
}

bool sameText(const std::optional<std::string>& wanted, const std::optional<std::string_view>& got) {
  return wanted.has_value() == got.has_value() && (!wanted || *wanted == *got);
}

}  // namespace

LogSink RunLog::sink(const std::string& name) {
  return [this, name](LogLevel level, std::string_view line) {
    static constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
    const std::int64_t now = systemClock().wallMillis();
    const MutexLock lock(mutex_);
    lines_ << fmt::format("{:02}:{:02}:{:02}.{:03} {} {}: {}\n", now / 3'600'000 % 24, now / 60'000 % 60, now / 1000 % 60, now % 1000, name,
                          kLevels[static_cast<std::size_t>(level)], line);
  };
}

SeenRecord seen(const RunPlan& plan, const TextRecord& record) {
  SeenRecord result{.id = {-1, -1}};
  std::optional<std::string_view> extra;
  std::size_t headers = 0;
  for (const Header& header : record.headers) {
    ++headers;
    if (header.key == kIdHeader && header.value) result.id = idOf(asText(*header.value));
    if (header.key == kExtraHeader && header.value) extra = asText(*header.value);
  }
  const Payload sent = payloadOf(plan, result.id);
  result.intact = result.id.producer >= 0 && sameText(sent.key, record.key) && sameText(sent.value, record.value) && sameText(sent.extraHeader, extra) &&
                  headers == (extra ? 2U : 1U) && (!sent.partition || *sent.partition == record.partition);
  return result;
}

// ---- producer ---------------------------------------------------------------------------------------------------------

ProducerThread::ProducerThread(RunLog& log, std::int32_t number, std::string bootstrap)
    : log_(log), number_(number), bootstrap_(std::move(bootstrap)), thread_([this] { run(); }) {}

void ProducerThread::stop() {
  stop_ = true;
  thread_.join();
}

void ProducerThread::sendOne(TextProducer& producer, std::int64_t sequence) {
  const RecordId id{number_, sequence};
  const Payload payload = payloadOf(log_.plan, id);
  std::vector<Header> headers{{kIdHeader, asBytes(payload.idHeader)}};
  if (payload.extraHeader) headers.push_back({kExtraHeader, asBytes(*payload.extraHeader)});
  TextProducer::Record record{.topic = kTopic, .partition = payload.partition, .headers = headers};
  if (payload.key) record.key = *payload.key;
  if (payload.value) record.value = *payload.value;
  log_.sent(id);
  producer.send(record, [log = &log_, id, sender = std::this_thread::get_id()](const RecordMetadata& sent, const Error& error) {
    using Kind = SendOutcome::Kind;
    // An error inside send() means that the record was never taken.
    const Kind kind = !error ? Kind::Acked : std::this_thread::get_id() == sender ? Kind::NeverSent : Kind::Unknown;
    log->completed(id, {kind, sent.partition, sent.offset});
  });
}

void ProducerThread::run() {
  const ProducerPlan& plan = log_.plan.producers[static_cast<std::size_t>(number_)];
  try {
    TextProducer producer(producerConfig(plan, bootstrap_).setLogger(log_.sink(fmt::format("producer {}", number_)), LogLevel::Debug));
    const TimePoint start = systemClock().now();
    for (std::int64_t sequence = 0; !stop_; ++sequence) {
      std::this_thread::sleep_until(start + std::chrono::microseconds(1'000'000 * sequence / plan.recordsPerSecond));
      sendOne(producer, sequence);
      if (plan.flushEvery > 0 && sequence % plan.flushEvery == 0) {
        const TimePoint before = systemClock().now();
        producer.flush();
        if (since(before) > plan.deliveryTimeout + kSlack) log_.failure(fmt::format("flush() took {} ms", since(before).count()));
      }
    }
    const TimePoint before = systemClock().now();
    producer.close(plan.deliveryTimeout);
    if (since(before) > plan.deliveryTimeout + kSlack) log_.failure(fmt::format("the producer's close() took {} ms", since(before).count()));
  } catch (const std::exception& error) {
    log_.failure(fmt::format("producer {}: {}", number_, error.what()));
  }
}

// ---- readers ----------------------------------------------------------------------------------------------------------

/// The pieces of the log that a reader saw without a break; a rebalance begins new ones. Threading: the reader's thread.
class ReaderThread::Pieces final : public RebalanceListener {
 public:
  Pieces(RunLog& log, std::string name) : log_(log), name_(std::move(name)) {}
  void add(std::int32_t partition, std::int64_t offset, SeenRecord record) {
    Reading& reading = open_[partition];
    reading.reader = name_;
    reading.partition = partition;
    reading.records.push_back({offset, record});
  }
  void finish(const TopicPartitions& partitions) {
    for (const TopicPartition& partition : partitions) {
      if (auto piece = open_.extract(partition.partition)) log_.addReading(std::move(piece.mapped()));
    }
  }
  void onPartitionsRevoked(const TopicPartitions& partitions) override { finish(partitions); }
  void onPartitionsAssigned(const TopicPartitions& partitions) override { finish(partitions); }

 private:
  RunLog& log_;
  const std::string name_;
  std::map<std::int32_t, Reading> open_;
};

ReaderThread::ReaderThread(RunLog& log, std::string name, bool inGroup, std::string bootstrap)
    : log_(log), name_(std::move(name)), inGroup_(inGroup), bootstrap_(std::move(bootstrap)),
      positions_(static_cast<std::size_t>(log.plan.partitions)), thread_([this] { run(); }) {}

void ReaderThread::stop() {
  stop_ = true;
  thread_.join();
}

void ReaderThread::take(const ConsumerRecords<std::string_view, std::string_view>& records, Pieces& pieces) {
  for (const TextRecord& record : records) {
    pieces.add(record.partition, record.offset, seen(log_.plan, record));
    if (inGroup_) log_.readByGroup(record.partition, record.offset);
    positions_[static_cast<std::size_t>(record.partition)] = record.offset + 1;
  }
}

void ReaderThread::commit(TextConsumer& consumer) {
  const TimePoint before = systemClock().now();
  try {
    consumer.commitSync(Millis(1000));
  } catch (const TimeoutException&) {
  } catch (const CommitFailedException&) {
  } catch (const RebalanceInProgressException&) {
  }
  if (since(before) > 1000ms + kSlack) log_.failure(fmt::format("{}: commitSync(1 s) took {} ms", name_, since(before).count()));
}

void ReaderThread::run() {
  auto pieces = std::make_shared<Pieces>(log_, name_);
  try {
    Config config = readerConfig(bootstrap_);
    if (inGroup_) {
      config.set("group.id", "chaos-group").set("session.timeout.ms", "6000").set("heartbeat.interval.ms", "300");
      config.set("enable.auto.commit", log_.plan.autoCommit ? "true" : "false").set("auto.commit.interval.ms", "200");
    }
    config.setLogger(log_.sink(name_), LogLevel::Debug);
    TextConsumer consumer(config);
    if (inGroup_) consumer.subscribe({kTopic}, pieces);
    else consumer.assign(allPartitions(log_.plan));
    while (!stop_) {
      const TimePoint before = systemClock().now();
      const auto records = consumer.poll(50ms);
      if (since(before) > 50ms + kSlack) log_.failure(fmt::format("{}: poll(50 ms) took {} ms", name_, since(before).count()));
      take(records, *pieces);
      if (inGroup_ && !log_.plan.autoCommit && !records.empty()) commit(consumer);
    }
    const TimePoint before = systemClock().now();
    consumer.close(2000ms);
    if (since(before) > 2000ms + kSlack) log_.failure(fmt::format("{}: close(2 s) took {} ms", name_, since(before).count()));
  } catch (const std::exception& error) {
    log_.failure(fmt::format("{}: {}", name_, error.what()));
  }
  pieces->finish(allPartitions(log_.plan));
}

std::vector<Reading> readBack(const RunPlan& plan, const std::string& bootstrap) {
  TextConsumer consumer(readerConfig(bootstrap));
  const TopicPartitions partitions = allPartitions(plan);
  consumer.assign(partitions);
  const auto ends = consumer.endOffsets(partitions);
  std::vector<Reading> readings(partitions.size());
  for (std::size_t p = 0; p < partitions.size(); ++p) readings[p] = {"log", partitions[p].partition};
  const auto isDone = [&] {
    for (const auto& [partition, end] : ends) {
      if (consumer.position(partition) < end) return false;
    }
    return true;
  };
  const TimePoint deadline = systemClock().now() + 60s;
  while (!isDone()) {
    if (systemClock().now() > deadline) throw std::runtime_error("reading everything back takes longer than a minute");
    for (const TextRecord& record : consumer.poll(100ms)) {
      readings[static_cast<std::size_t>(record.partition)].records.push_back({record.offset, seen(plan, record)});
    }
  }
  return readings;
}

}  // namespace klamm::chaos
