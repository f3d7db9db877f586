// klamm consumer-perf-test: how fast the records of topics are read.

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include <klamm/consumer.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "perf/date_format.h"
#include "perf/print_metrics.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"topic", Takes::Value, "TOPIC", "The topic to read."},
    {"include", Takes::Value, "REGEX", "Read all topics whose whole name matches."},
    {"num-records", Takes::Value, "N", "How many records to read. Required."},
    {"group", Takes::Value, "GROUP", "The consumer group (default perf-consumer- and a number)."},
    {"timeout", Takes::Value, "MS", "End when no record came for so long (default 10000)."},
    {"from-latest", Takes::Nothing, "", "Start at the latest record where no offset is committed, not at the earliest."},
    {"show-detailed-stats", Takes::Nothing, "", "A line for each reporting interval."},
    {"reporting-interval", Takes::Value, "MS", "Time between two such lines (default 5000)."},
    {"print-metrics", Takes::Nothing, "", "Print what the consumer has counted."},
    {"hide-header", Takes::Nothing, "", "Leave out the line with the names of the columns."},
    {"date-format", Takes::Value, "PATTERN", "How times are printed (default yyyy-MM-dd HH:mm:ss:SSS)."},
    {"fetch-size", Takes::Value, "BYTES", "max.partition.fetch.bytes (default 1048576)."},
    {"socket-buffer-size", Takes::Value, "BYTES", "receive.buffer.bytes (default 2097152)."},
    {"command-property", Takes::Value, "KEY=VALUE", "A configuration of the consumer."},
    {"command-config", Takes::Value, "FILE", "Configurations of the consumer in a .properties file."},
    {"messages", Takes::Value, "", ""},
    {"consumer.config", Takes::Value, "", ""},
};

constexpr RetiredOption kRetired[] = {
    {"broker-list", "--broker-list was replaced: use --bootstrap-server HOST:PORT"},
    {"threads", "--threads is gone: start the tool several times with one --group"},
    {"num-fetch-threads", "--num-fetch-threads is gone: start the tool several times with one --group"},
};

constexpr Command kCommand = {
    "consumer-perf-test",
    "Reads records and prints how many a second came.",
    "--bootstrap-server HOST:PORT (--topic TOPIC | --include REGEX) --num-records N [options]",
    "  klamm consumer-perf-test --bootstrap-server localhost:9092 --topic speed --num-records 10000000\n"
    "  klamm consumer-perf-test --bootstrap-server localhost:9092 --topic speed --num-records 10000000 \\\n"
    "      --show-detailed-stats --reporting-interval 1000\n",
    kOptions, kRetired};

using SystemTime = std::chrono::system_clock::time_point;
using ByteConsumer = Consumer<BytesView, BytesView>;

double secondsBetween(SystemTime from, SystemTime to) noexcept { return std::chrono::duration<double>(to - from).count(); }
std::int64_t millisBetween(SystemTime from, SystemTime to) noexcept {
  return std::chrono::duration_cast<Millis>(to - from).count();
}
/// As Java prints a quotient.
std::string quotient(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return "Infinity";
  return fmt::format("{:.4f}", value);
}

/// Measures how long the group kept us waiting for partitions. Threading: the thread that polls.
class RebalanceClock final : public RebalanceListener {
 public:
  void onPartitionsRevoked(const TopicPartitions&) override { since_ = std::chrono::system_clock::now(); }
  void onPartitionsAssigned(const TopicPartitions&) override {
    waited_ += millisBetween(since_, std::chrono::system_clock::now());
  }
  /// Milliseconds in all.
  [[nodiscard]] std::int64_t waited() const noexcept { return waited_; }

 private:
  SystemTime since_ = std::chrono::system_clock::now();
  std::int64_t waited_ = 0;
};

/// Records and bytes up to a moment, and the waiting for partitions within.
struct Reading {
  SystemTime at = {};
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::int64_t rebalanceMillis = 0;
};

/// The last eight columns: what was read between two moments; the counts are those of the whole run.
std::string columns(const Reading& from, const Reading& to) {
  constexpr double mebibyte = 1024.0 * 1024.0;
  const double seconds = secondsBetween(from.at, to.at);
  const double megabytes = static_cast<double>(to.bytes - from.bytes) / mebibyte;
  const auto records = static_cast<double>(to.records - from.records);
  const std::int64_t rebalance = to.rebalanceMillis - from.rebalanceMillis;
  const std::int64_t fetch = millisBetween(from.at, to.at) - rebalance;
  const double fetchSeconds = static_cast<double>(fetch) / 1000.0;
  return fmt::format("{:.4f}, {}, {}, {}, {}, {}, {}, {}", static_cast<double>(to.bytes) / mebibyte, quotient(megabytes / seconds), to.records,
                     quotient(records / seconds), rebalance, fetch, quotient(megabytes / fetchSeconds), quotient(records / fetchSeconds));
}

PropertyMap consumerProperties(const Arguments& arguments) {
  PropertyMap properties = readProperties(arguments, {"command-config", "consumer.config", "command-property", ""});
  properties["bootstrap.servers"] = arguments.required("bootstrap-server");
  properties.try_emplace("client.id", "perf-consumer-client");
  const auto number = std::chrono::system_clock::now().time_since_epoch().count() / 1000 % 100000;
  mergeOption(properties, arguments, "group", "group.id", fmt::format("perf-consumer-{}", number));
  mergeOption(properties, arguments, "socket-buffer-size", "receive.buffer.bytes", "2097152");
  mergeOption(properties, arguments, "fetch-size", "max.partition.fetch.bytes", "1048576");
  properties["auto.offset.reset"] = arguments.has("from-latest") ? "latest" : "earliest";
  return properties;
}

std::int64_t wantedRecords(const Arguments& arguments) {
  if (arguments.has("messages") && arguments.has("num-records")) throw UsageError("Options messages and num-records cannot be specified together.");
  if (arguments.has("messages")) say("Warning: --messages is deprecated and will be removed in a future version. Use --num-records instead.");
  const std::string_view option = arguments.has("messages") ? "messages" : "num-records";
  static_cast<void>(arguments.required(option));
  const std::int64_t wanted = *arguments.int64(option);
  if (wanted < 0) throw UsageError(fmt::format("--{} must not be negative", option));
  return wanted;
}

/// The loop that reads and prints. Threading: one thread.
class PerfTest {
 public:
  PerfTest(ByteConsumer& consumer, const Arguments& arguments)
      : consumer_(consumer),
        dates_(arguments.textOr("date-format", "yyyy-MM-dd HH:mm:ss:SSS")),
        detailed_(arguments.has("show-detailed-stats")),
        interval_(arguments.int64("reporting-interval").value_or(5000)),
        timeout_(arguments.int64("timeout").value_or(10000)),
        wanted_(static_cast<std::uint64_t>(wantedRecords(arguments))) {
    if (interval_ <= 0) throw UsageError("--reporting-interval must be greater than 0");
  }

  void run(const Arguments& arguments, const StopSignal& stop) {
    if (!arguments.has("hide-header")) printHeader();
    if (const auto topic = arguments.text("topic")) consumer_.subscribe({*topic}, rebalances_);
    else consumer_.subscribePattern(arguments.required("include"), rebalances_);
    const Reading start{std::chrono::system_clock::now()};
    Reading window = start;
    now_ = start;
    SystemTime last = start.at;
    while (now_.records < wanted_ && stop.stopped() == 0) {
      const auto records = consumer_.poll(Millis(100));
      count(records);
      now_.at = std::chrono::system_clock::now();
      now_.rebalanceMillis = rebalances_->waited();
      if (!records.isEmpty()) last = now_.at;
      else if (millisBetween(last, now_.at) > timeout_) break;
      if (detailed_ && millisBetween(window.at, now_.at) >= interval_) printWindow(std::exchange(window, now_));
    }
    if (now_.records < wanted_ && stop.stopped() == 0) {
      fmt::print("WARNING: Exiting before consuming the expected number of records: timeout ({} ms) exceeded. You can use the --timeout "
                 "option to increase the timeout.\n", timeout_);
    }
    if (!detailed_) fmt::print("{}, {}, {}\n", dates_.format(start.at), dates_.format(now_.at), columns(start, now_));
  }

 private:
  void printHeader() const {
    fmt::print("{}data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n",
               detailed_ ? "time, threadId, " : "start.time, end.time, ");
  }
  void printWindow(const Reading& window) const {
    fmt::print("{}, 0, {}\n", dates_.format(now_.at), columns(window, now_));
    std::fflush(stdout);
  }
  void count(const ConsumerRecords<BytesView, BytesView>& records) {
    std::uint64_t bytes = 0;
    for (const auto& record : records) bytes += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    now_.bytes += bytes;
    now_.records += records.count();
  }

  ByteConsumer& consumer_;
  DateFormat dates_;
  bool detailed_;
  std::int64_t interval_;
  std::int64_t timeout_;
  std::uint64_t wanted_;
  Reading now_;
  std::shared_ptr<RebalanceClock> rebalances_ = std::make_shared<RebalanceClock>();
};

}  // namespace

const Command& consumerPerfTestCommand() noexcept { return kCommand; }

int runConsumerPerfTest(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  if (arguments->has("topic") == arguments->has("include"))
    throw UsageError("Exactly one of the following arguments is required: [topic], [include]");
  ByteConsumer consumer(clientConfig(consumerProperties(*arguments)));
  const StopSignal stop([](void* waiting) noexcept { static_cast<ByteConsumer*>(waiting)->wakeup(); }, &consumer);
  PerfTest test(consumer, *arguments);
  try {
    test.run(*arguments, stop);
  } catch (const WakeupException&) {
  }
  const Metrics metrics = arguments->has("print-metrics") ? consumer.metrics() : Metrics();
  consumer.close();
  fmt::print("{}", metricsTable(metrics));
  return stop.stopped() != 0 ? stop.exitCode() : 0;
}

}  // namespace klamm::tools
