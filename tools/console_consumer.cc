// klamm console-consumer: the records of topics on standard output.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include <klamm/consumer.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "console/record_formatter.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"topic", Takes::Value, "TOPIC", "The topic to read."},
    {"include", Takes::Value, "REGEX", "Read all topics whose whole name matches."},
    {"from-beginning", Takes::Nothing, "", "Start at the earliest record where no offset is committed."},
    {"group", Takes::Value, "GROUP", "The consumer group; without one nothing is committed."},
    {"max-messages", Takes::Value, "N", "End after so many records."},
    {"timeout-ms", Takes::Value, "MS", "End when no record came for so long."},
    {"partition", Takes::Value, "N", "Read this partition alone, without a group's assignment."},
    {"offset", Takes::Value, "OFFSET", "Where to start in the partition: a number, earliest or latest (default latest)."},
    {"isolation-level", Takes::Value, "LEVEL", "read_committed or read_uncommitted (default read_uncommitted)."},
    {"formatter-property", Takes::Value, "KEY=VALUE",
     "How records are printed: print.key, print.value, print.partition, print.offset, print.timestamp, print.headers, "
     "print.epoch, print.delivery, key.separator (tab), line.separator, headers.separator (,), null.literal, key.deserializer, "
     "value.deserializer, headers.deserializer."},
    {"formatter-config", Takes::Value, "FILE", "The same from a .properties file."},
    {"key-deserializer", Takes::Value, "CLASS", "One of Kafka's own, e.g. LongDeserializer."},
    {"value-deserializer", Takes::Value, "CLASS", "One of Kafka's own, e.g. LongDeserializer."},
    {"command-property", Takes::Value, "KEY=VALUE", "A configuration of the consumer."},
    {"command-config", Takes::Value, "FILE", "Configurations of the consumer in a .properties file."},
    {"skip-message-on-error", Takes::Nothing, "", "Go on behind a record that cannot be printed."},
    {"formatter", Takes::Value, "CLASS", "DefaultMessageFormatter or NoOpMessageFormatter."},
    {"enable-systest-events", Takes::Nothing, "", ""},
    {"property", Takes::Value, "", ""},
    {"consumer-property", Takes::Value, "", ""},
    {"consumer.config", Takes::Value, "", ""},
};

constexpr RetiredOption kRetired[] = {
    {"zookeeper", "--zookeeper is gone, Kafka has no ZooKeeper any more: use --bootstrap-server HOST:PORT"},
    {"broker-list", "--broker-list was replaced: use --bootstrap-server HOST:PORT"},
    {"new-consumer", "--new-consumer is gone: there is only one consumer"},
    {"whitelist", "--whitelist was replaced: use --include REGEX"},
    {"blacklist", "--blacklist is gone: use --include with a regular expression"},
    {"delete-consumer-offsets", "--delete-consumer-offsets is gone: use klamm consumer-groups --delete-offsets"},
    {"csv-reporter-enabled", "--csv-reporter-enabled is gone"},
};

constexpr Command kCommand = {
    "console-consumer",
    "Prints the records of topics.",
    "--bootstrap-server HOST:PORT (--topic TOPIC | --include REGEX) [options]",
    "  klamm console-consumer --bootstrap-server localhost:9092 --topic orders --from-beginning\n"
    "  klamm console-consumer --bootstrap-server localhost:9092 --topic orders --group audit --max-messages 10 \\\n"
    "      --formatter-property print.key=true --formatter-property print.offset=true\n"
    "  klamm console-consumer --bootstrap-server localhost:9092 --topic orders --partition 0 --offset 42\n",
    kOptions, kRetired};

using ByteConsumer = Consumer<BytesView, BytesView>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Where reading starts in --partition; absent numbers mean the ends.
struct Start {
  enum class At { Earliest, Latest, Offset } at = At::Latest;
  std::int64_t offset = 0;
};

Start startOf(const Arguments& arguments) {
  const auto text = arguments.text("offset");
  if (arguments.has("from-beginning") && text) throw UsageError("Options from-beginning and offset cannot be specified together.");
  if (text && !arguments.has("partition")) throw UsageError("The partition is required when offset is specified.");
  if (!text) return {arguments.has("from-beginning") ? Start::At::Earliest : Start::At::Latest};
  if (*text == "earliest") return {Start::At::Earliest};
  if (*text == "latest") return {Start::At::Latest};
  Start start{Start::At::Offset};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), start.offset);
  if (error != std::errc() || end != text->data() + text->size() || start.offset < 0) {
    throw UsageError(fmt::format("The provided offset value '{}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.", *text));
  }
  return start;
}

/// The group of --group and of the properties, which must not differ.
std::optional<std::string> groupOf(const Arguments& arguments, const PropertyMap& properties) {
  auto group = arguments.text("group");
  const auto set = properties.find("group.id");
  if (set == properties.end() || set->second.empty()) return group;
  if (group && *group != set->second) {
    throw UsageError(fmt::format("The group ids provided in different places (directly using '--group', via '--command-property', or via "
                                 "'--command-config') do not match. Detected group ids: '{}', '{}'", *group, set->second));
  }
  return set->second;
}

PropertyMap consumerProperties(const Arguments& arguments) {
  PropertyMap properties = readProperties(arguments, {"command-config", "consumer.config", "command-property", "consumer-property"});
  properties["bootstrap.servers"] = arguments.required("bootstrap-server");
  properties.try_emplace("client.id", "console-consumer");
  mergeOption(properties, arguments, "isolation-level", "isolation.level", "read_uncommitted");
  const auto reset = properties.find("auto.offset.reset");
  if (reset != properties.end() && arguments.has("from-beginning") && reset->second != "earliest") {
    throw UsageError("Can't simultaneously specify --from-beginning and 'auto.offset.reset=" + reset->second + "', please remove one option");
  }
  properties.try_emplace("auto.offset.reset", arguments.has("from-beginning") ? "earliest" : "latest");
  if (const auto group = groupOf(arguments, properties)) {
    properties["group.id"] = *group;
  } else {
    // A group of its own that nobody will use again: nothing is committed for it.
    const auto number = std::chrono::steady_clock::now().time_since_epoch().count() / 1000 + ::getpid() * 7919L;
    properties["group.id"] = fmt::format("console-consumer-{}", number % 100000);
    properties.try_emplace("enable.auto.commit", "false");
  }
  return properties;
}

PropertyMap formatterProperties(const Arguments& arguments) {
  PropertyMap properties = readProperties(arguments, {"formatter-config", "", "formatter-property", ""});
  if (arguments.has("property")) {
    say("Option --property is deprecated and will be removed in a future version. Use --formatter-property instead.");
    for (auto& [key, value] : parsePairs(arguments.all("property"))) properties[key] = std::move(value);
  }
  mergeOption(properties, arguments, "key-deserializer", "key.deserializer", "");
  mergeOption(properties, arguments, "value-deserializer", "value.deserializer", "");
  return properties;
}

bool printsNothing(const Arguments& arguments) {
  const std::string name = arguments.textOr("formatter", "DefaultMessageFormatter");
  if (name.ends_with("NoOpMessageFormatter")) return true;
  if (!name.ends_with("DefaultMessageFormatter")) throw UsageError("--formatter: Java classes cannot be loaded: " + name);
  return false;
}

/// Waits for a broker that answers, so that an address where nobody is ends with an error instead of waiting for ever. Tells
/// of a partition that the topic does not have: it is waited for, as Kafka's tool does, and may never come.
void reachCluster(ByteConsumer& consumer, const Arguments& arguments) {
  const auto topic = arguments.text("topic");
  if (!topic) {
    static_cast<void>(consumer.listTopics());
    return;
  }
  const auto partitions = consumer.partitionsFor(*topic);
  const auto wanted = arguments.int32("partition");
  const auto isWanted = [&](const PartitionInfo& one) { return one.partition == wanted; };
  if (wanted && std::none_of(partitions.begin(), partitions.end(), isWanted)) {
    say(fmt::format("Topic '{}' has no partition {} (it has {}); waiting for it.", *topic, *wanted, partitions.size()));
  }
}

void startReading(ByteConsumer& consumer, const Arguments& arguments, const Start& start) {
  const auto partition = arguments.int32("partition");
  if (!partition) {
    if (const auto topic = arguments.text("topic")) consumer.subscribe({*topic});
    else consumer.subscribePattern(arguments.required("include"));
    return;
  }
  const TopicPartition only{arguments.required("topic"), *partition};
  consumer.assign({only});
  if (start.at == Start::At::Earliest) consumer.seekToBeginning({only});
  else if (start.at == Start::At::Latest) consumer.seekToEnd({only});
  else consumer.seek(only, start.offset);
}

/// The loop that reads and prints. Threading: one thread.
class Reading {
 public:
  Reading(ByteConsumer& consumer, const Arguments& arguments, const RecordFormatter& formatter)
      : consumer_(consumer),
        formatter_(formatter),
        print_(!printsNothing(arguments)),
        skipErrors_(arguments.has("skip-message-on-error")),
        left_(arguments.int64("max-messages").value_or(-1)),
        timeout_(arguments.int64("timeout-ms").value_or(-1)) {}

  void run(const StopSignal& stop) {
    SteadyTime last = std::chrono::steady_clock::now();
    bool printed = false;
    while (stop.stopped() == 0 && left_ != 0 && !out_.failed()) {
      // What is there is printed before the wait for more.
      auto records = consumer_.poll(Millis(0));
      if (records.isEmpty()) {
        out_.flush();
        const SteadyTime now = std::chrono::steady_clock::now();
        if (std::exchange(printed, false)) last = now;  // a reader that kept us waiting is no silence of the topic
        const auto quiet = std::chrono::duration_cast<Millis>(now - last).count();
        if (timeout_ >= 0 && quiet >= timeout_) break;
        records = consumer_.poll(Millis(timeout_ < 0 ? kLongestWait : std::min(kLongestWait, timeout_ - quiet)));
      }
      if (records.isEmpty()) continue;
      print(records);
      printed = true;
    }
    out_.flush();
    if (out_.failed()) say("Unable to write to standard out, closing consumer.");
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  static constexpr std::int64_t kLongestWait = 1000;

  void print(const ConsumerRecords<BytesView, BytesView>& records) {
    std::set<std::pair<std::string_view, std::int32_t>> rewound;
    for (const auto& record : records) {
      if (left_ == 0 || out_.failed()) {
        // Not printed, so not to be committed either: the position goes back to the first of each partition.
        if (rewound.emplace(record.topic, record.partition).second)
          consumer_.seek({std::string(record.topic), record.partition}, record.offset);
        continue;
      }
      ++count_;
      if (left_ > 0) --left_;
      progress_.add(record.value ? record.value->size() : 0);
      if (!print_) continue;
      try {
        formatter_.print(record, out_);
      } catch (const KafkaException& error) {
        if (!skipErrors_) throw;
        say(fmt::format("Error processing message, skipping this message: {}", error.what()));
      }
    }
  }

  ByteConsumer& consumer_;
  const RecordFormatter& formatter_;
  bool print_;
  bool skipErrors_;
  std::int64_t left_;  ///< records to print; negative: any number
  std::int64_t timeout_;
  std::uint64_t count_ = 0;
  Output out_;
  Progress progress_{"received"};
};

}  // namespace

const Command& consoleConsumerCommand() noexcept { return kCommand; }

int runConsoleConsumer(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  if (arguments->has("topic") == arguments->has("include"))
    throw UsageError("Exactly one of the following arguments is required: [topic], [include]");
  if (arguments->has("partition") && !arguments->has("topic")) throw UsageError("The topic is required when partition is specified.");
  const Start start = startOf(*arguments);
  const RecordFormatter formatter(formatterProperties(*arguments));
  ByteConsumer consumer(clientConfig(consumerProperties(*arguments)));
  const StopSignal stop([](void* waiting) noexcept { static_cast<ByteConsumer*>(waiting)->wakeup(); }, &consumer);
  std::uint64_t count = 0;
  int code = 0;
  {
    Reading reading(consumer, *arguments, formatter);
    try {
      reachCluster(consumer, *arguments);
      startReading(consumer, *arguments, start);
      reading.run(stop);
    } catch (const WakeupException&) {
    } catch (const KafkaException& error) {
      complain(error.what());
      code = 1;
    }
    count = reading.count();
  }
  try {
    consumer.close();
  } catch (const KafkaException& error) {
    complain(error.what());
    code = 1;
  }
  if (arguments->has("enable-systest-events")) fmt::print("shutdown_complete\n");
  say(fmt::format("Processed a total of {} messages", count));
  return stop.stopped() != 0 ? stop.exitCode() : code;
}

}  // namespace klamm::tools
