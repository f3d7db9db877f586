// klamm verifiable-consumer: reads a topic as a member of a group and tells what it was assigned, read and committed.

#include <chrono>

#include <klamm/consumer.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "verifiable/events.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"topic", Takes::Value, "TOPIC", "The topic to read. Required."},
    {"group-id", Takes::Value, "GROUP", "The consumer group. Required."},
    {"group-protocol", Takes::Value, "PROTOCOL", "classic (default) or consumer."},
    {"group-remote-assignor", Takes::Value, "NAME", "The broker's assignor, with --group-protocol consumer."},
    {"group-instance-id", Takes::Value, "NAME", "The name of a static member."},
    {"max-messages", Takes::Value, "N", "End after so many records; -1: when a signal comes (default -1)."},
    {"session-timeout", Takes::Value, "MS", "The group takes a member for dead that was silent for so long."},
    {"verbose", Takes::Nothing, "", "A line for every record."},
    {"enable-autocommit", Takes::Nothing, "", "Commit from time to time in place of after each poll."},
    {"reset-policy", Takes::Value, "POLICY", "earliest, latest or none: where to start without a commit (default earliest)."},
    {"assignment-strategy", Takes::Value, "CLASS,...", "Assignors of the group, by their Java classes (default RangeAssignor)."},
    {"command-config", Takes::Value, "FILE", "Configurations of the consumer in a .properties file; the options go before them."},
    {"consumer.config", Takes::Value, "", ""},
    {"broker-list", Takes::Value, "", ""},
};

constexpr Command kCommand = {
    "verifiable-consumer",
    "Reads a topic as a member of a group and prints a line of JSON per event: assigned, consumed, committed, revoked.",
    "--bootstrap-server HOST:PORT --topic TOPIC --group-id GROUP [options]",
    "  klamm verifiable-consumer --bootstrap-server localhost:9092 --topic orders --group-id audit --verbose\n",
    kOptions};

using TextConsumer = Consumer<std::string_view, std::string_view>;
using TextRecords = ConsumerRecords<std::string_view, std::string_view>;

PropertyMap consumerProperties(const Arguments& arguments) {
  PropertyMap properties = readProperties(arguments, {"command-config", "consumer.config", "", ""});
  properties["bootstrap.servers"] = bootstrapServers(arguments);
  properties["group.id"] = arguments.required("group-id");
  properties["group.protocol"] = arguments.textOr("group-protocol", "classic");
  if (const auto assignor = arguments.text("group-remote-assignor")) properties["group.remote.assignor"] = *assignor;
  properties["partition.assignment.strategy"] =
      arguments.textOr("assignment-strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
  if (const auto timeout = arguments.int32("session-timeout")) properties["session.timeout.ms"] = std::to_string(*timeout);
  if (const auto name = arguments.text("group-instance-id")) properties["group.instance.id"] = *name;
  properties["enable.auto.commit"] = arguments.has("enable-autocommit") ? "true" : "false";
  properties["auto.offset.reset"] = arguments.textOr("reset-policy", "earliest");
  return properties;
}

/// Threading: see RebalanceListener.
class TellingListener final : public RebalanceListener {
 public:
  explicit TellingListener(VerifiableEvents& events) : events_(events) {}
  void onPartitionsRevoked(const TopicPartitions& partitions) override { events_.partitionsRevoked(partitions); }
  void onPartitionsAssigned(const TopicPartitions& partitions) override { events_.partitionsAssigned(partitions); }

 private:
  VerifiableEvents& events_;
};

/// The loop that reads, tells and commits, in this order. Threading: one thread.
class VerifiableReading {
 public:
  VerifiableReading(TextConsumer& consumer, VerifiableEvents& events, const Arguments& arguments)
      : consumer_(consumer),
        events_(events),
        left_(arguments.int32("max-messages").value_or(-1)),
        limited_(left_ >= 0),
        verbose_(arguments.has("verbose")),
        autoCommit_(arguments.has("enable-autocommit")) {}

  void run() {
    while ((!limited_ || left_ > 0) && !events_.failed()) {
      const TextRecords records = consumer_.poll(kLongestWait);
      if (records.isEmpty()) continue;
      const OffsetMap offsets = tell(records);
      if (!autoCommit_) commit(offsets);
    }
  }

 private:
  static constexpr Millis kLongestWait = std::chrono::hours(24);

  /// What was told is what may be committed.
  OffsetMap tell(const TextRecords& records) {
    OffsetMap offsets;
    std::vector<ConsumedRange> ranges;
    for (const TopicPartition& partition : records.partitions()) {
      ConsumedRange range{.partition = partition};
      for (const auto& record : records.records(partition)) {
        if (limited_ && left_ == 0) {
          consumer_.seek(partition, record.offset);  // not told: an automatic commit must not cover it
          break;
        }
        if (range.count++ == 0) range.minOffset = record.offset;
        range.maxOffset = record.offset;
        if (limited_) --left_;
        if (verbose_) events_.recordData(record);
      }
      if (range.count == 0) continue;
      offsets[partition] = {.offset = range.maxOffset + 1};
      ranges.push_back(std::move(range));
    }
    events_.recordsConsumed(records.count(), ranges);
    return offsets;
  }

  void commit(const OffsetMap& offsets) {
    try {
      consumer_.commitSync(offsets);
    } catch (const WakeupException&) {  // it comes once, at the end: what was told is committed before
      commit(offsets);
      throw;
    } catch (const FencedInstanceIdException&) {
      throw;
    } catch (const KafkaException& error) {
      events_.offsetsCommitted(offsets, error.error());
      return;
    }
    events_.offsetsCommitted(offsets, {});
  }

  TextConsumer& consumer_;
  VerifiableEvents& events_;
  std::int64_t left_;
  const bool limited_;
  const bool verbose_;
  const bool autoCommit_;
};

/// Ends as Kafka's tool does whatever happened: the error is for the person, the exit code tells of signals alone.
void closeAndComplain(TextConsumer& consumer) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      consumer.close();
      return;
    } catch (const WakeupException&) {  // the signal came when nothing waited any more
    } catch (const KafkaException& error) {
      complain(error.what());
      return;
    }
  }
}

}  // namespace

const Command& verifiableConsumerCommand() noexcept { return kCommand; }

int runVerifiableConsumer(const Call& call) {
  const auto arguments = readCall(kCommand, call.words.empty() ? Call{call.name, {"--help"}} : call);
  if (!arguments) return 0;
  const std::string topic = arguments->required("topic");
  VerifiableEvents events(1, [] {
    return std::int64_t(std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count());
  });
  TextConsumer consumer(clientConfig(consumerProperties(*arguments)));
  VerifiableReading reading(consumer, events, *arguments);
  const StopSignal stop([](void* waiting) noexcept { static_cast<TextConsumer*>(waiting)->wakeup(); }, &consumer);
  events.startupComplete();
  try {
    consumer.subscribe({topic}, std::make_shared<TellingListener>(events));
    reading.run();
  } catch (const WakeupException&) {
  } catch (const KafkaException& error) {
    complain(error.what());
  }
  const bool asked = stop.stopped() != 0;
  if (asked) events.shutdownRequested();
  closeAndComplain(consumer);
  events.shutdownComplete();
  if (!asked) events.shutdownRequested();
  return asked ? stop.exitCode() : 0;
}

}  // namespace klamm::tools
