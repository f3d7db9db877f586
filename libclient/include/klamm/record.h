#pragma once
// Plain data of the three clients: records, partitions, offsets. std::nullopt is Kafka's null everywhere.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/headers.h>

namespace [[gnu::visibility("default")]] klamm {

/// Ordered by topic, then by partition. Threading: a value.
struct TopicPartition {
  std::string topic = {};
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  /// "orders-3", as Kafka prints it and names its folders.
  [[nodiscard]] std::string toString() const { return topic + "-" + std::to_string(partition); }
};

using TopicPartitions = std::vector<TopicPartition>;

/// A committed position: the offset of the next record to read, and what the committer wrote beside it.
struct OffsetAndMetadata {
  std::int64_t offset = 0;
  std::optional<std::int32_t> leaderEpoch = {};
  std::string metadata = {};
  friend bool operator==(const OffsetAndMetadata&, const OffsetAndMetadata&) = default;
};

using OffsetMap = std::map<TopicPartition, OffsetAndMetadata>;

/// What send() takes. An aggregate: name the members that matter.
///
///     producer.send({.topic = "orders", .key = "k1", .value = "v1"}, callback);
///     producer.send({.topic = "orders", .key = "k1"}, callback);               // value == nullopt: a tombstone
///
/// Everything may be a view: it need only live until send() returns, which has encoded it by then.
/// `timestamp` is milliseconds since 1970; absent, the time of the call. Threading: a value.
template <class K, class V>
struct ProducerRecord {
  std::string_view topic = {};
  std::optional<std::int32_t> partition = {};  ///< absent: the partitioner chooses
  std::optional<std::int64_t> timestamp = {};
  std::optional<K> key = {};
  std::optional<V> value = {};
  std::span<const Header> headers = {};
};

/// Where a sent record went. Passed to the callback; `topic` is valid during the callback and in the result of a future
/// for as long as the producer lives. Source: org.apache.kafka.clients.producer.RecordMetadata.
struct RecordMetadata {
  std::string_view topic = {};
  std::int32_t partition = -1;
  std::int64_t offset = -1;              ///< -1 with acks=0, after an error, and for a duplicate the broker forgot
  std::int64_t timestamp = -1;           ///< the record's, or the broker's for message.timestamp.type=LogAppendTime
  std::int32_t serializedKeySize = -1;   ///< bytes; -1 for null
  std::int32_t serializedValueSize = -1; ///< bytes; -1 for null
  [[nodiscard]] bool hasOffset() const noexcept { return offset >= 0; }
};

}  // namespace klamm

template <>
struct std::hash<klamm::TopicPartition> {
  std::size_t operator()(const klamm::TopicPartition& tp) const noexcept {
    return std::hash<std::string_view>()(tp.topic) * 31 + static_cast<std::size_t>(static_cast<std::uint32_t>(tp.partition));
  }
};
