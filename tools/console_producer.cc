// klamm console-producer: the lines of standard input become records of a topic.

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include <fmt/format.h>

#include <klamm/producer.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "console/line_reader.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"topic", Takes::Value, "TOPIC", "The topic to send to. Required."},
    {"compression-codec", Takes::OptionalValue, "CODEC", "none, gzip, snappy, lz4 or zstd; gzip when no codec is named."},
    {"reader-property", Takes::Value, "KEY=VALUE",
     "How lines are read: parse.key, key.separator (tab), parse.headers, headers.delimiter (tab), headers.separator (,), "
     "headers.key.separator (:), null.marker, ignore.error."},
    {"reader-config", Takes::Value, "FILE", "The same from a .properties file."},
    {"command-property", Takes::Value, "KEY=VALUE", "A configuration of the producer."},
    {"command-config", Takes::Value, "FILE", "Configurations of the producer in a .properties file."},
    {"sync", Takes::Nothing, "", "Send one record at a time and wait for each."},
    {"request-required-acks", Takes::Value, "ACKS", "0, 1, all or -1 (default -1)."},
    {"batch-size", Takes::Value, "BYTES", "Largest batch of a partition (default 16384)."},
    {"timeout", Takes::Value, "MS", "How long a batch may wait to fill up (linger.ms, default 1000)."},
    {"max-block-ms", Takes::Value, "MS", "How long sending may wait for metadata or memory (default 60000)."},
    {"max-memory-bytes", Takes::Value, "BYTES", "Memory for unsent records (default 33554432)."},
    {"message-send-max-retries", Takes::Value, "N", "How often a batch is sent again (default 3)."},
    {"retry-backoff-ms", Takes::Value, "MS", "Pause before sending again (default 100)."},
    {"request-timeout-ms", Takes::Value, "MS", "How long a broker may take to answer (default 1500)."},
    {"metadata-expiry-ms", Takes::Value, "MS", "Age at which metadata is asked for again (default 300000)."},
    {"socket-buffer-size", Takes::Value, "BYTES", "send.buffer.bytes (default 102400)."},
    {"max-partition-memory-bytes", Takes::Value, "", ""},
    {"property", Takes::Value, "", ""},
    {"producer-property", Takes::Value, "", ""},
    {"producer.config", Takes::Value, "", ""},
    {"line-reader", Takes::Value, "", ""},
};

constexpr RetiredOption kRetired[] = {
    {"broker-list", "--broker-list was replaced: use --bootstrap-server HOST:PORT"},
    {"zookeeper", "--zookeeper is gone, Kafka has no ZooKeeper any more: use --bootstrap-server HOST:PORT"},
    {"new-producer", "--new-producer is gone: there is only one producer"},
    {"key-serializer", "--key-serializer is gone: keys and values are sent as the bytes of the line"},
    {"value-serializer", "--value-serializer is gone: keys and values are sent as the bytes of the line"},
    {"queue-size", "--queue-size is gone: use --max-memory-bytes"},
};

constexpr Command kCommand = {
    "console-producer",
    "Sends the lines of standard input to a topic, one record a line.",
    "--bootstrap-server HOST:PORT --topic TOPIC [options]",
    "  klamm console-producer --bootstrap-server localhost:9092 --topic orders < orders.txt\n"
    "  klamm console-producer --bootstrap-server localhost:9092 --topic orders --reader-property parse.key=true \\\n"
    "      --reader-property key.separator=: --compression-codec zstd\n",
    kOptions, kRetired};

PropertyMap producerProperties(const Arguments& arguments) {
  PropertyMap properties = readProperties(arguments, {"command-config", "producer.config", "command-property", "producer-property"});
  properties["bootstrap.servers"] = arguments.required("bootstrap-server");
  properties.try_emplace("client.id", "console-producer");
  if (arguments.has("compression-codec")) {
    const std::string codec = arguments.required("compression-codec");
    properties["compression.type"] = codec.empty() ? "gzip" : codec;
  }
  mergeOption(properties, arguments, "timeout", "linger.ms", "1000");
  mergeOption(properties, arguments, "request-required-acks", "acks", "-1");
  mergeOption(properties, arguments, "request-timeout-ms", "request.timeout.ms", "1500");
  mergeOption(properties, arguments, "message-send-max-retries", "retries", "3");
  mergeOption(properties, arguments, "retry-backoff-ms", "retry.backoff.ms", "100");
  mergeOption(properties, arguments, "socket-buffer-size", "send.buffer.bytes", "102400");
  mergeOption(properties, arguments, "max-memory-bytes", "buffer.memory", "33554432");
  mergeOption(properties, arguments, "batch-size", "batch.size", "16384");
  mergeOption(properties, arguments, "max-partition-memory-bytes", "batch.size", "");
  mergeOption(properties, arguments, "metadata-expiry-ms", "metadata.max.age.ms", "300000");
  mergeOption(properties, arguments, "max-block-ms", "max.block.ms", "60000");
  if (arguments.has("max-partition-memory-bytes"))
    say("Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.");
  return properties;
}

/// What became of the records. Threading: told by the producer's I/O thread, read by the main thread.
class Outcome {
 public:
  void delivered() noexcept { delivered_.store(true, std::memory_order_relaxed); }
  void failed(std::string_view topic, const Error& error) {
    const std::lock_guard lock(mutex_);
    ++failures_;
    if (error.message() != lastMessage_) {
      lastMessage_ = error.message();
      if (++shown_ <= kShownAtMost) complain(fmt::format("cannot send to topic {}: {}", topic, lastMessage_));
    }
    hasFailures_.store(true);
  }
  /// Nothing has arrived and something has failed: the rest would fare no better.
  [[nodiscard]] bool hopeless() const noexcept { return hasFailures_.load() && !delivered_.load(); }
  [[nodiscard]] std::uint64_t failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  static constexpr int kShownAtMost = 10;
  std::atomic<bool> delivered_{false};
  std::atomic<bool> hasFailures_{false};
  std::mutex mutex_;
  std::uint64_t failures_ = 0;
  int shown_ = 0;
  std::string lastMessage_;
};

/// Reads standard input; a signal ends it. The prompt shows only when a person types.
LineReader::Source standardInput(const StopSignal& stop, bool prompt) {
  return [&stop, prompt](char* to, std::size_t size) -> std::size_t {
    if (prompt) {
      fmt::print(">");
      std::fflush(stdout);
    }
    for (;;) {
      // A time limit, since a signal may come between the look at stopped() and the wait.
      pollfd input{0, POLLIN, 0};
      const int ready = stop.stopped() != 0 ? -1 : ::poll(&input, 1, 500);
      if (stop.stopped() != 0) return 0;
      if (ready <= 0) continue;
      const ssize_t got = ::read(0, to, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR && errno != EAGAIN) return 0;
    }
  };
}

using LineProducer = Producer<std::string_view, std::string_view>;

/// Sends every line. False when a line is no record.
bool sendLines(LineProducer& producer, LineReader& lines, LineParser& parser, const std::string& topic, bool sync, Outcome& outcome) {
  Progress progress("sent");
  while (const auto line = lines.next()) {
    if (outcome.hopeless()) break;
    try {
      const LineRecord parsed = parser.parse(*line);
      const LineProducer::Record record{.topic = topic, .key = parsed.key, .value = parsed.value, .headers = parsed.headers};
      if (sync) {
        static_cast<void>(producer.send(record).get());
        outcome.delivered();
      } else {
        producer.send(record, [&outcome](const RecordMetadata& sent, const Error& error) {
          if (error) outcome.failed(sent.topic, error);
          else outcome.delivered();
        });
      }
      progress.add(line->size());
    } catch (const LineError& error) {
      complain(error.what());
      return false;
    }
  }
  return true;
}

}  // namespace

const Command& consoleProducerCommand() noexcept { return kCommand; }

int runConsoleProducer(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  const std::string topic = arguments->required("topic");
  if (const std::string reader = arguments->textOr("line-reader", "LineMessageReader"); !reader.ends_with("LineMessageReader"))
    throw UsageError("--line-reader: Java classes cannot be loaded, lines are read as LineMessageReader does");
  PropertyMap readerProperties = readProperties(*arguments, {"reader-config", "", "reader-property", "property"});
  const PropertyMap properties = producerProperties(*arguments);
  LineParser parser(readerProperties);

  Outcome outcome;
  StopSignal stop(nullptr, nullptr);
  LineProducer producer(clientConfig(properties));
  LineReader lines(standardInput(stop, isTerminal(0) && isTerminal(1)));
  const bool readable = sendLines(producer, lines, parser, topic, arguments->has("sync"), outcome);
  producer.close();
  if (const std::uint64_t failures = outcome.failures(); failures > 0) {
    complain(fmt::format("{} record{} could not be sent", failures, failures == 1 ? "" : "s"));
    return 1;
  }
  if (!readable) return 1;
  return stop.stopped() != 0 ? stop.exitCode() : 0;
}

}  // namespace klamm::tools
