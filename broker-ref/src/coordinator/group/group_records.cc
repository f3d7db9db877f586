#include "coordinator/group/group_records.h"

#include "protocol/records/group_metadata_key.h"
#include "protocol/records/offset_commit_key.h"
#include "protocol/records/offset_commit_value.h"
#include "protocol/stored_record.h"

namespace klamm::broker::coordinator {
namespace {

constexpr std::int16_t kLegacyOffsetType = 0;  // OffsetCommitKey of Kafka before 0.9: the same fields
constexpr std::int16_t kOffsetType = 1;
constexpr std::int16_t kGroupType = 2;
constexpr std::int16_t kOffsetValueVersion = 4;
constexpr std::int16_t kOffsetValueVersionWithExpiry = 1;
constexpr std::int16_t kGroupValueVersion = 3;

Result<StoredRecord> serializeOffset(const OffsetRecord& record) {
  protocol::OffsetCommitKey key;
  key.group = record.group;
  key.topic = record.topic;
  key.partition = record.partition;
  StoredRecord stored;
  KLAMM_TRY_ASSIGN(stored.key, protocol::encodeKey(key));
  if (!record.value) return stored;
  protocol::OffsetCommitValue value;
  value.offset = record.value->offset;
  value.leaderEpoch = record.value->leaderEpoch;
  value.metadata = record.value->metadata;
  value.commitTimestamp = record.value->commitTimestamp;
  value.expireTimestamp = record.value->expireTimestamp.value_or(-1);
  value.topicId = record.value->topicId;
  const std::int16_t version = record.value->expireTimestamp ? kOffsetValueVersionWithExpiry : kOffsetValueVersion;
  KLAMM_TRY_ASSIGN(stored.value, protocol::encodeVersioned(value, version));
  return stored;
}

Result<StoredRecord> serializeGroup(const GroupRecord& record) {
  protocol::GroupMetadataKey key;
  key.group = record.group;
  StoredRecord stored;
  KLAMM_TRY_ASSIGN(stored.key, protocol::encodeKey(key));
  if (!record.value) return stored;
  KLAMM_TRY_ASSIGN(stored.value, protocol::encodeVersioned(*record.value, kGroupValueVersion));
  return stored;
}

Result<OffsetRecord> deserializeOffset(const Buffer& keyFields, const std::optional<Buffer>& value) {
  KLAMM_TRY_ASSIGN(protocol::OffsetCommitKey key, protocol::decode<protocol::OffsetCommitKey>(keyFields, 0));
  OffsetRecord record{.group = std::move(key.group), .topic = std::move(key.topic), .partition = key.partition};
  if (!value) return record;
  KLAMM_TRY_ASSIGN(protocol::OffsetCommitValue fields, protocol::decodeVersioned<protocol::OffsetCommitValue>(*value));
  record.value = OffsetAndMetadata{.offset = fields.offset,
                                   .leaderEpoch = fields.leaderEpoch,
                                   .metadata = std::move(fields.metadata),
                                   .commitTimestamp = fields.commitTimestamp,
                                   .topicId = fields.topicId};
  if (fields.expireTimestamp != -1) record.value->expireTimestamp = fields.expireTimestamp;
  return record;
}

Result<GroupRecord> deserializeGroup(const Buffer& keyFields, const std::optional<Buffer>& value) {
  KLAMM_TRY_ASSIGN(protocol::GroupMetadataKey key, protocol::decode<protocol::GroupMetadataKey>(keyFields, 0));
  GroupRecord record{.group = std::move(key.group)};
  if (!value) return record;
  KLAMM_TRY_ASSIGN(record.value, protocol::decodeVersioned<protocol::GroupMetadataValue>(*value));
  // The decoded buffers are slices of a whole chunk of the log: the group lives longer than that should.
  for (auto& member : record.value->members) {
    member.subscription = Buffer::copyOf(member.subscription.view());
    member.assignment = Buffer::copyOf(member.assignment.view());
  }
  return record;
}

}  // namespace

Result<StoredRecord> serialize(const CoordinatorRecord& record) {
  if (const auto* offset = std::get_if<OffsetRecord>(&record)) return serializeOffset(*offset);
  return serializeGroup(std::get<GroupRecord>(record));
}

Result<std::optional<CoordinatorRecord>> deserialize(const Buffer& key, const std::optional<Buffer>& value) {
  KLAMM_TRY_ASSIGN(const std::int16_t type, protocol::storedPrefix(key));
  const Buffer fields = key.slice(sizeof(type));
  if (type == kOffsetType || type == kLegacyOffsetType) {
    KLAMM_TRY_ASSIGN(OffsetRecord record, deserializeOffset(fields, value));
    return CoordinatorRecord(std::move(record));
  }
  if (type == kGroupType) {
    KLAMM_TRY_ASSIGN(GroupRecord record, deserializeGroup(fields, value));
    return CoordinatorRecord(std::move(record));
  }
  return std::optional<CoordinatorRecord>();
}

}  // namespace klamm::broker::coordinator
