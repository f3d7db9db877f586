#pragma once
// The JSON lines of Kafka's verifiable clients: what a test harness reads to learn what a client did, and when.

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/consumer.h>
#include <klamm/error.h>

#include "common/terminal.h"

namespace klamm::tools {

/// The Java class that stands for an error, e.g. "org.apache.kafka.common.errors.RecordTooLargeException".
[[nodiscard]] std::string javaClassOf(ErrorCode code);

/// What one poll brought from one partition. Threading: a value.
struct ConsumedRange {
  TopicPartition partition = {};
  std::int64_t count = 0;
  std::int64_t minOffset = 0;
  std::int64_t maxOffset = 0;
};

/// Writes one line per event, at once and whole, with Kafka's names in Kafka's order:
///
///     {"timestamp":1795268309652,"name":"producer_send_success","key":null,"value":"0","offset":0,"topic":"t","partition":0}
///
/// Bytes that are no UTF-8 come out as U+FFFD. When the reader is gone the lines are dropped and failed() tells.
/// Source: org.apache.kafka.tools.VerifiableProducer and VerifiableConsumer of Kafka 4.3.
/// Threading: any thread; the timestamps of the lines never decrease.
class VerifiableEvents {
 public:
  using Text = std::optional<std::string_view>;  ///< nullopt: null
  using Now = std::function<std::int64_t()>;

  /// Lines go to `descriptor`; `now` is milliseconds since 1970.
  VerifiableEvents(int descriptor, Now now) : now_(std::move(now)), out_(descriptor) {}

  void startupComplete() { bare("startup_complete"); }
  void shutdownRequested() { bare("shutdown_requested"); }
  void shutdownComplete() { bare("shutdown_complete"); }

  void sendSucceeded(Text key, std::string_view value, const RecordMetadata& sent);
  void sendFailed(std::string_view topic, Text key, std::string_view value, const Error& error);
  void toolData(std::int64_t sent, std::int64_t acked, std::int64_t targetThroughput, double averageThroughput);

  void partitionsAssigned(const TopicPartitions& partitions) { assignment("partitions_assigned", partitions); }
  void partitionsRevoked(const TopicPartitions& partitions) { assignment("partitions_revoked", partitions); }
  void recordData(const ConsumerRecord<std::string_view, std::string_view>& record);
  /// `count` is what poll() returned, also when the ranges leave some out (--max-messages): so Kafka counts.
  void recordsConsumed(std::size_t count, const std::vector<ConsumedRange>& ranges);
  void offsetsCommitted(const OffsetMap& offsets, const Error& error);

  [[nodiscard]] bool failed() const;

 private:
  class Line;
  void bare(std::string_view name);
  void assignment(std::string_view name, const TopicPartitions& partitions);
  void write(Line& line);

  const Now now_;
  mutable std::mutex mutex_;
  Output out_;
};

}  // namespace klamm::tools
