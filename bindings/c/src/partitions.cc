#include "partitions.h"

#include <cstring>

#include "sized.h"

using namespace klamm;

const char* klamm_partitions::keep(const char* text) {
  return texts.emplace_back(text).c_str();
}

void klamm_partitions::add(const klamm_partition_t& row) {
  klamm_partition_t copy = row;
  copy.struct_size = sizeof copy;
  // Lists are mostly of one topic: its rows share the text.
  const bool sameTopic = !rows.empty() && std::strcmp(rows.back().topic, row.topic) == 0;
  copy.topic = sameTopic ? rows.back().topic : keep(row.topic);
  copy.metadata = row.metadata == nullptr || *row.metadata == '\0' ? "" : keep(row.metadata);
  rows.push_back(copy);
}

namespace klamm::c {
namespace {

klamm_partition_t rowOf(const TopicPartition& partition) {
  klamm_partition_t row{};
  row.topic = partition.topic.c_str();
  row.partition = partition.partition;
  row.offset = -1;
  row.timestamp = -1;
  return row;
}

void setEpoch(klamm_partition_t& row, std::optional<std::int32_t> epoch) {
  row.has_leader_epoch = epoch ? 1 : 0;
  row.leader_epoch = epoch.value_or(-1);
}

}  // namespace

TopicPartitions partitionsIn(const klamm_partitions_t& list) {
  TopicPartitions partitions;
  partitions.reserve(list.rows.size());
  for (const klamm_partition_t& row : list.rows) partitions.push_back({.topic = row.topic, .partition = row.partition});
  return partitions;
}

OffsetMap offsetsIn(const klamm_partitions_t& list) {
  OffsetMap offsets;
  for (const klamm_partition_t& row : list.rows) {
    OffsetAndMetadata& offset = offsets[{.topic = row.topic, .partition = row.partition}];
    offset.offset = row.offset;
    offset.leaderEpoch = row.has_leader_epoch != 0 ? std::optional(row.leader_epoch) : std::nullopt;
    offset.metadata = row.metadata;
  }
  return offsets;
}

void add(klamm_partitions& list, const TopicPartition& partition) { list.add(rowOf(partition)); }

void add(klamm_partitions& list, const TopicPartition& partition, std::int64_t offset) {
  klamm_partition_t row = rowOf(partition);
  row.offset = offset;
  list.add(row);
}

void add(klamm_partitions& list, const TopicPartition& partition, const OffsetAndMetadata& offset) {
  klamm_partition_t row = rowOf(partition);
  row.offset = offset.offset;
  setEpoch(row, offset.leaderEpoch);
  row.metadata = offset.metadata.c_str();
  list.add(row);
}

void add(klamm_partitions& list, const TopicPartition& partition, const std::optional<OffsetAndTimestamp>& found) {
  klamm_partition_t row = rowOf(partition);
  if (found) {
    row.offset = found->offset;
    row.timestamp = found->timestamp;
    setEpoch(row, found->leaderEpoch);
  }
  list.add(row);
}

}  // namespace klamm::c

klamm_partitions_t* klamm_partitions_new(void) { return c::newHandle<klamm_partitions>(); }
void klamm_partitions_free(klamm_partitions_t* partitions) {
  if (c::isA(partitions)) delete partitions;
}

int32_t klamm_partitions_add(klamm_partitions_t* partitions, const char* topic, int32_t partition, int64_t offset, klamm_error_t** error) {
  klamm_partition_t row{};
  row.struct_size = sizeof row;
  row.topic = topic;
  row.partition = partition;
  row.offset = offset;
  return klamm_partitions_add_entry(partitions, &row, error);
}

int32_t klamm_partitions_add_entry(klamm_partitions_t* partitions, const klamm_partition_t* entry, klamm_error_t** error) {
  return c::guarded(partitions, error, [&]() -> Error {
    klamm_partition_t row;
    if (Error wrong = c::readSized(entry, row)) return wrong;
    if (row.topic == nullptr) return c::illegalArgument("the topic is NULL");
    if (row.partition < 0) return c::illegalArgument("the partition is negative");
    if (row.reserved != 0) return c::illegalArgument("reserved is not 0");
    partitions->add(row);
    return {};
  });
}

size_t klamm_partitions_count(const klamm_partitions_t* partitions) { return c::isA(partitions) ? partitions->rows.size() : 0; }

const klamm_partition_t* klamm_partitions_at(const klamm_partitions_t* partitions, size_t index) {
  return index < klamm_partitions_count(partitions) ? &partitions->rows[index] : nullptr;
}

const klamm_partition_t* klamm_partitions_find(const klamm_partitions_t* partitions, const char* topic, int32_t partition) {
  if (!c::isA(partitions) || topic == nullptr) return nullptr;
  for (const klamm_partition_t& row : partitions->rows) {
    if (row.partition == partition && std::strcmp(row.topic, topic) == 0) return &row;
  }
  return nullptr;
}
