#include "verifiable/events.h"

#include <nlohmann/json.hpp>

namespace klamm::tools {
namespace {

using Json = nlohmann::ordered_json;

Json textOf(const VerifiableEvents::Text& text) { return text ? Json(std::string(*text)) : Json(nullptr); }

/// The exception's name in errors.def; Java throws a few of them from other packages than the protocol's errors.
std::string_view exceptionOf(ErrorCode code) {
  switch (code) {
#define KLAMM_ERROR(number, name, kafkaName, exception, retriable, sentence) \
  case ErrorCode::name: return #exception;
#include <klamm/errors.def>
#undef KLAMM_ERROR
  }
  return "UnknownServerException";
}

std::string_view packageOf(std::string_view exception) {
  if (exception == "KafkaException") return "org.apache.kafka.common.";
  if (exception == "ConfigException") return "org.apache.kafka.common.config.";
  if (exception == "BufferExhaustedException") return "org.apache.kafka.clients.producer.";
  if (exception == "IllegalStateException" || exception == "IllegalArgumentException") return "java.lang.";
  if (exception == "ConcurrentModificationException") return "java.util.";
  for (const std::string_view consumers : {"CommitFailedException", "RetriableCommitFailedException", "NoOffsetForPartitionException"})
    if (exception == consumers) return "org.apache.kafka.clients.consumer.";
  return "org.apache.kafka.common.errors.";
}

}  // namespace

std::string javaClassOf(ErrorCode code) {
  const std::string_view exception = exceptionOf(code);
  return std::string(packageOf(exception)).append(exception);
}

/// A line that is being put together. Threading: a value.
class VerifiableEvents::Line {
 public:
  explicit Line(std::string_view name) : json_{{"timestamp", 0}, {"name", std::string(name)}} {}
  template <class Value>
  Line& set(const char* key, Value&& value) {
    json_[key] = std::forward<Value>(value);
    return *this;
  }
  [[nodiscard]] std::string finished(std::int64_t timestamp) {
    json_["timestamp"] = timestamp;
    return json_.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  }

 private:
  Json json_;
};

void VerifiableEvents::sendSucceeded(Text key, std::string_view value, const RecordMetadata& sent) {
  Line line("producer_send_success");
  line.set("key", textOf(key)).set("value", std::string(value)).set("offset", sent.offset);
  line.set("topic", std::string(sent.topic)).set("partition", sent.partition);
  write(line);
}

void VerifiableEvents::sendFailed(std::string_view topic, Text key, std::string_view value, const Error& error) {
  Line line("producer_send_error");
  line.set("topic", std::string(topic)).set("key", textOf(key)).set("value", std::string(value));
  line.set("exception", "class " + javaClassOf(error.code())).set("message", error.message());
  write(line);
}

void VerifiableEvents::toolData(std::int64_t sent, std::int64_t acked, std::int64_t targetThroughput, double averageThroughput) {
  Line line("tool_data");
  line.set("sent", sent).set("acked", acked).set("target_throughput", targetThroughput).set("avg_throughput", averageThroughput);
  write(line);
}

void VerifiableEvents::recordData(const ConsumerRecord<std::string_view, std::string_view>& record) {
  Line line("record_data");
  line.set("key", textOf(record.key)).set("value", textOf(record.value)).set("topic", std::string(record.topic));
  line.set("partition", record.partition).set("offset", record.offset);
  write(line);
}

void VerifiableEvents::recordsConsumed(std::size_t count, const std::vector<ConsumedRange>& ranges) {
  Json partitions = Json::array();
  for (const ConsumedRange& range : ranges) {
    partitions.push_back(Json{{"topic", range.partition.topic}, {"partition", range.partition.partition}, {"count", range.count},
                              {"minOffset", range.minOffset}, {"maxOffset", range.maxOffset}});
  }
  Line line("records_consumed");
  line.set("count", count).set("partitions", std::move(partitions));
  write(line);
}

void VerifiableEvents::offsetsCommitted(const OffsetMap& offsets, const Error& error) {
  Json list = Json::array();
  for (const auto& [partition, committed] : offsets)
    list.push_back(Json{{"topic", partition.topic}, {"partition", partition.partition}, {"offset", committed.offset}});
  Line line("offsets_committed");
  line.set("offsets", std::move(list));
  if (error) line.set("error", error.message());
  line.set("success", !error);
  write(line);
}

bool VerifiableEvents::failed() const {
  const std::lock_guard lock(mutex_);
  return out_.failed();
}

void VerifiableEvents::bare(std::string_view name) {
  Line line(name);
  write(line);
}

void VerifiableEvents::assignment(std::string_view name, const TopicPartitions& partitions) {
  Json list = Json::array();
  for (const TopicPartition& partition : partitions) list.push_back(Json{{"topic", partition.topic}, {"partition", partition.partition}});
  Line line(name);
  line.set("partitions", std::move(list));
  write(line);
}

void VerifiableEvents::write(Line& line) {
  const std::lock_guard lock(mutex_);  // the time is taken inside, so that lines are in its order
  if (out_.failed()) return;
  out_.write(line.finished(now_()));
  out_.flush();
}

}  // namespace klamm::tools
