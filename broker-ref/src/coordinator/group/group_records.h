#pragma once
// What the group coordinator keeps in __consumer_offsets, in Kafka's format: Kafka's own decoders read it.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/buffer.h"
#include "base/result.h"
#include "base/uuid.h"
#include "protocol/records/group_metadata_value.h"

namespace klamm::broker::coordinator {

/// A committed offset. Threading: a plain value.
struct OffsetAndMetadata {
  std::int64_t offset = -1;
  std::int32_t leaderEpoch = -1;
  std::string metadata = {};
  std::int64_t commitTimestamp = -1;
  std::optional<std::int64_t> expireTimestamp = {};  ///< only when the client asked for a retention of its own (OffsetCommit 2-4)
  Uuid topicId = {};                                 ///< of the topic when it was committed; zero when not known
  friend bool operator==(const OffsetAndMetadata&, const OffsetAndMetadata&) = default;
};

/// A group's offset in one partition; no value deletes it.
struct OffsetRecord {
  std::string group = {};
  std::string topic = {};
  std::int32_t partition = 0;
  std::optional<OffsetAndMetadata> value = {};
  friend bool operator==(const OffsetRecord&, const OffsetRecord&) = default;
};

/// A group as its last finished rebalance left it; no value deletes it.
struct GroupRecord {
  std::string group = {};
  std::optional<protocol::GroupMetadataValue> value = {};
  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

using CoordinatorRecord = std::variant<OffsetRecord, GroupRecord>;

/// Key and value as they lie in the log. A null value is a tombstone.
struct StoredRecord {
  Buffer key = {};
  std::optional<Buffer> value = {};
};

/// key:    | int16 type: 1 offset, 2 group | fields of OffsetCommitKey or GroupMetadataKey |
/// value:  | int16 version                 | fields of OffsetCommitValue or GroupMetadataValue |
///
/// Versions as Apache Kafka 4.3 writes them: offset 4 (1 with an expiry time of its own, which later versions cannot say),
/// group 3.
[[nodiscard]] Result<StoredRecord> serialize(const CoordinatorRecord& record);

/// The record of a stored key and value; nullopt for a type that this coordinator does not keep (new consumer groups, share
/// groups, streams groups).
[[nodiscard]] Result<std::optional<CoordinatorRecord>> deserialize(const Buffer& key, const std::optional<Buffer>& value);

}  // namespace klamm::broker::coordinator
