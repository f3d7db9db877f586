// klamm producer-perf-test: how fast and with what delay records are acknowledged.

#include <algorithm>
#include <fstream>
#include <random>

#include <fmt/format.h>

#include <klamm/producer.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "perf/latency_histogram.h"
#include "perf/pace.h"
#include "perf/print_metrics.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first."},
    {"topic", Takes::Value, "TOPIC", "The topic to send to. Required."},
    {"num-records", Takes::Value, "N", "How many records to send. Required."},
    {"throughput", Takes::Value, "N", "Send about so many records a second; -1: as fast as it goes. Required."},
    {"record-size", Takes::Value, "BYTES", "Values of so many random capital letters."},
    {"payload-file", Takes::Value, "FILE", "Values picked at random from the lines of a text file."},
    {"payload-delimiter", Takes::Value, "TEXT", "What ends a line of the file (default \\n)."},
    {"payload-monotonic", Takes::Nothing, "", "The values are the numbers 0, 1, 2, ..."},
    {"command-property", Takes::Value, "KEY=VALUE ...", "Configurations of the producer."},
    {"command-config", Takes::Value, "FILE", "Configurations of the producer in a .properties file."},
    {"warmup-records", Takes::Value, "N", "Sum up the records behind the first N once more, apart."},
    {"reporting-interval", Takes::Value, "MS", "Time between two lines of progress (default 5000)."},
    {"print-metrics", Takes::Nothing, "", "Print what the producer has counted."},
    {"producer-props", Takes::Value, "", ""},
    {"producer.config", Takes::Value, "", ""},
    {"transactional-id", Takes::Value, "", ""},
    {"transaction-duration-ms", Takes::Value, "", ""},
};

constexpr Command kCommand = {
    "producer-perf-test",
    "Sends records and prints how many a second were acknowledged, and how long that took.",
    "--bootstrap-server HOST:PORT --topic TOPIC --num-records N --throughput N --record-size BYTES [options]",
    "  klamm producer-perf-test --bootstrap-server localhost:9092 --topic speed --num-records 10000000 --throughput -1 \\\n"
    "      --record-size 100 --command-property batch.size=1000000 linger.ms=5\n"
    "  klamm producer-perf-test --bootstrap-server localhost:9092 --topic delay --num-records 100000 --throughput 10000 \\\n"
    "      --record-size 100 --command-property linger.ms=0\n",
    kOptions, {}, true};

using SteadyTime = Pace::Clock::time_point;

/// Where values come from. Threading: one thread.
class Payloads {
 public:
  explicit Payloads(const Arguments& arguments) {
    const auto size = arguments.int32("record-size");
    const int given = (size ? 1 : 0) + (arguments.has("payload-file") ? 1 : 0) + (arguments.has("payload-monotonic") ? 1 : 0);
    if (given != 1) throw UsageError("Exactly one of --record-size, --payload-file and --payload-monotonic is required.");
    if (size) fillWithLetters(*size);
    if (arguments.has("payload-file")) readLines(arguments.required("payload-file"), arguments.textOr("payload-delimiter", "\\n"));
  }

  /// The value of record `n`; valid until the next call.
  std::string_view next(std::uint64_t n) {
    if (!lines_.empty()) return lines_[((random_() >> 32) * lines_.size()) >> 32];
    if (size_ >= 0) return nextLetters(static_cast<std::size_t>(size_));
    number_ = std::to_string(n);
    return number_;
  }

 private:
  /// Values are stretches of one pool of letters, one behind the other: to make new letters for each would take longer than
  /// to send them, and so would stretches from here and there, which the processor cannot fetch in advance.
  static constexpr std::size_t kLetters = 1 << 20;

  std::string_view nextLetters(std::size_t size) {
    if (at_ + size > letters_.size()) at_ = (random_() >> 32) % size;  // never the same values twice over
    return {letters_.data() + std::exchange(at_, at_ + size), size};
  }
  void fillWithLetters(std::int32_t size) {
    if (size <= 0) throw UsageError("--record-size must be greater than 0");
    size_ = size;
    std::uniform_int_distribution<int> letter('A', 'Z');
    letters_.resize(kLetters + 2 * static_cast<std::size_t>(size));
    for (char& c : letters_) c = static_cast<char>(letter(random_));
  }
  void readLines(const std::string& path, std::string delimiter) {
    if (delimiter == "\\n") delimiter = "\n";
    if (delimiter.empty()) throw UsageError("--payload-delimiter is empty");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw UsageError("File does not exist or cannot be read: " + path);
    letters_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (letters_.empty()) throw UsageError("File does not contain any data: " + path);
    for (std::size_t at = 0; at < letters_.size();) {
      const std::size_t end = std::min(letters_.find(delimiter, at), letters_.size());
      lines_.push_back(std::string_view(letters_).substr(at, end - at));
      at = end + delimiter.size();
    }
    say(fmt::format("Number of records read: {}", lines_.size()));
  }

  /// A multiplication and an addition; the upper half of the bits is random enough to pick lines.
  std::linear_congruential_engine<std::uint64_t, 6364136223846793005U, 1442695040888963407U, 0> random_{1};
  std::int32_t size_ = -1;
  std::string letters_;  ///< the pool, or the file
  std::size_t at_ = 0;
  std::vector<std::string_view> lines_;
  std::string number_;
};

/// Records, bytes and delays since a moment. Threading: one thread at a time.
class Tally {
 public:
  explicit Tally(SteadyTime start) : start_(start) {}
  void add(std::size_t bytes, Micros delay) noexcept {
    bytes_ += bytes;
    delays_.add(delay);
  }
  void add(const Tally& others) noexcept {
    bytes_ += others.bytes_;
    delays_.add(others.delays_);
  }
  void restart(SteadyTime now) {
    start_ = now;
    bytes_ = 0;
    delays_.clear();
  }
  [[nodiscard]] SteadyTime start() const noexcept { return start_; }

  void printWindow(SteadyTime now) const {
    fmt::print("{} records sent, {:.1f} records/sec ({:.2f} MB/sec), {:.1f} ms avg latency, {:.1f} ms max latency.\n", delays_.count(),
               perSecond(static_cast<double>(delays_.count()), now), perSecond(mebibytes(), now), delays_.averageMillis(), maxMillis());
    std::fflush(stdout);
  }
  void printTotal(std::string_view kind, SteadyTime now) const {
    const auto millis = [&](double share) { return delays_.percentile(share).count() / 1000; };
    fmt::print("{} {}records sent, {:.6f} records/sec ({:.2f} MB/sec), {:.2f} ms avg latency, {:.2f} ms max latency, {} ms 50th, {} ms "
               "95th, {} ms 99th, {} ms 99.9th.\n",
               delays_.count(), kind, perSecond(static_cast<double>(delays_.count()), now), perSecond(mebibytes(), now),
               delays_.averageMillis(), maxMillis(), millis(0.5), millis(0.95), millis(0.99), millis(0.999));
  }

 private:
  [[nodiscard]] double perSecond(double amount, SteadyTime now) const noexcept {
    return amount / std::max(1e-3, std::chrono::duration<double>(now - start_).count());
  }
  [[nodiscard]] double mebibytes() const noexcept { return static_cast<double>(bytes_) / (1024.0 * 1024.0); }
  [[nodiscard]] double maxMillis() const noexcept { return static_cast<double>(delays_.max().count()) / 1000.0; }

  SteadyTime start_;
  std::uint64_t bytes_ = 0;
  LatencyHistogram delays_;
};

/// What the callbacks count. Threading: acknowledged() and failed() on the producer's I/O thread, the rest when it is closed.
class Statistics {
 public:
  Statistics(SteadyTime start, Millis interval, std::uint64_t warmup)
      : interval_(interval), warmupLeft_(warmup), hasWarmup_(warmup > 0), all_(start), window_(start), steady_(start) {}

  /// `sent`: when send() was called. Records that were sent at one moment share one look at the clock here as well.
  void acknowledged(SteadyTime sent, std::size_t bytes) {
    if (sent != lastSent_) {
      lastSent_ = sent;
      now_ = Pace::Clock::now();
      if (now_ - window_.start() >= interval_) {
        window_.printWindow(now_);
        endWindow();
      }
    }
    const auto delay = std::chrono::duration_cast<Micros>(now_ - sent);
    window_.add(bytes, delay);
    if (!hasWarmup_) return;
    if (warmupLeft_ == 0) return steady_.add(bytes, delay);
    if (--warmupLeft_ > 0) return;
    fmt::print("In steady state.\n");
    steady_.restart(now_);
  }
  void failed(const Error& error) {
    if (++failures_ <= kShownAtMost) complain(error.message());
  }
  void printTotal(SteadyTime now) {
    endWindow();
    all_.printTotal("", now);
    if (hasWarmup_ && warmupLeft_ == 0) steady_.printTotal("steady state ", now);
  }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

 private:
  static constexpr std::uint64_t kShownAtMost = 10;
  void endWindow() {
    all_.add(window_);
    window_.restart(now_);
  }

  Millis interval_;
  std::uint64_t warmupLeft_;
  bool hasWarmup_;
  Tally all_;  ///< but for the window
  Tally window_;
  Tally steady_;
  SteadyTime lastSent_{};
  SteadyTime now_{};
  std::uint64_t failures_ = 0;
};

PropertyMap producerProperties(const Arguments& arguments) {
  PropertyMap properties = readProperties(arguments, {"command-config", "producer.config", "command-property", "producer-props"});
  for (auto& [key, value] : parsePairs(arguments.words())) properties[key] = std::move(value);  // --command-property a=1 b=2
  if (const auto servers = arguments.text("bootstrap-server")) properties["bootstrap.servers"] = *servers;
  if (!properties.contains("bootstrap.servers"))
    throw UsageError("--bootstrap-server is required, or bootstrap.servers in --command-property or --command-config");
  properties.try_emplace("client.id", "perf-producer-client");
  return properties;
}

void refuseWhatIsMissing(const Arguments& arguments) {
  for (const std::string_view option : {"transactional-id", "transaction-duration-ms"})
    if (arguments.has(option)) throw UsageError(fmt::format("--{}: transactions are not served yet", option));
}

using PerfProducer = Producer<std::string_view, std::string_view>;

void sendAll(PerfProducer& producer, const std::string& topic, std::uint64_t count, Payloads& payloads, const Pace& pace,
             Statistics& statistics, const StopSignal& stop) {
  constexpr std::uint64_t shareOneClock = 16;  // at full speed that is less than 10 us, and a clock costs as much as a send
  SteadyTime now{};
  for (std::uint64_t n = 0; n < count && stop.stopped() == 0; ++n) {
    if (pace.limited() || n % shareOneClock == 0) {
      pace.await(n, [&stop] { return stop.stopped() != 0; });
      now = Pace::Clock::now();
    }
    const std::string_view value = payloads.next(n);
    producer.send({.topic = topic, .value = value}, [&statistics, now, bytes = value.size()](const RecordMetadata&, const Error& error) {
      if (error) statistics.failed(error);
      else statistics.acknowledged(now, bytes);
    });
  }
}

}  // namespace

const Command& producerPerfTestCommand() noexcept { return kCommand; }

int runProducerPerfTest(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  refuseWhatIsMissing(*arguments);
  const std::string topic = arguments->required("topic");
  static_cast<void>(arguments->required("num-records"));
  static_cast<void>(arguments->required("throughput"));
  const std::int64_t count = *arguments->int64("num-records");
  const std::int64_t warmup = arguments->int64("warmup-records").value_or(0);
  const std::int64_t interval = arguments->int64("reporting-interval").value_or(5000);
  if (count <= 0) throw UsageError("--num-records must be greater than zero");
  if (interval <= 0) throw UsageError("--reporting-interval must be greater than zero");
  if (warmup < 0 || warmup >= count) throw UsageError("The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.");
  if (warmup > 0) fmt::print("Warmup first {} records. Steady state results will print after the complete test summary.\n", warmup);

  Payloads payloads(*arguments);
  const StopSignal stop(nullptr, nullptr);
  const SteadyTime start = Pace::Clock::now();
  Statistics statistics(start, Millis(interval), static_cast<std::uint64_t>(warmup));
  PerfProducer producer(clientConfig(producerProperties(*arguments)));
  const Pace pace(static_cast<double>(*arguments->int64("throughput")), start);
  sendAll(producer, topic, static_cast<std::uint64_t>(count), payloads, pace, statistics, stop);
  producer.flush();
  const SteadyTime end = Pace::Clock::now();
  const Metrics metrics = arguments->has("print-metrics") ? producer.metrics() : Metrics();
  producer.close();
  statistics.printTotal(end);
  fmt::print("{}", metricsTable(metrics));
  if (statistics.failures() > 0) {
    complain(fmt::format("{} records could not be sent", statistics.failures()));
    return 1;
  }
  return stop.stopped() != 0 ? stop.exitCode() : 0;
}

}  // namespace klamm::tools
