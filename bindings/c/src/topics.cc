#include "topics.h"

using namespace klamm;

namespace klamm::c {

void TopicRow::describe(const std::string& topicId, bool isInternal, std::int32_t partitionCount) {
  id = topicId;
  seen.topic_id = id.c_str();
  seen.is_internal = isInternal ? 1 : 0;
  seen.partition_count = partitionCount;
}

const std::vector<std::int32_t>& TopicRow::idsOf(const std::vector<Node>& of) {
  std::vector<std::int32_t>& ids = nodes.emplace_back();
  for (const Node& node : of) ids.push_back(node.id);
  return ids;
}

void TopicRow::describe(const TopicDescription& topic) {
  describe(topic.topicId, topic.isInternal, static_cast<std::int32_t>(topic.partitions.size()));
  for (const TopicPartitionInfo& info : topic.partitions) {
    const std::vector<std::int32_t>& replicas = idsOf(info.replicas);
    const std::vector<std::int32_t>& inSync = idsOf(info.isr);
    klamm_topic_partition_info_t row{};
    row.struct_size = sizeof row;
    row.replicas = replicas.data();
    row.replica_count = replicas.size();
    row.in_sync_replicas = inSync.data();
    row.in_sync_count = inSync.size();
    row.partition = info.partition;
    row.leader = info.leader ? info.leader->id : -1;
    partitions.push_back(row);
  }
}

}  // namespace klamm::c

c::TopicRow& klamm_topics::add(const std::string& name, const Error& error) {
  rows.emplace_back();
  c::TopicRow& row = rows.back();
  row.name = name;
  row.seen.struct_size = sizeof row.seen;
  row.seen.name = row.name.c_str();
  row.seen.topic_id = "";
  row.seen.partition_count = -1;
  if (error) {
    row.error = c::describe(error);
    row.seen.error_code = row.error.code;
    row.seen.error = &row.error;
  }
  return row;
}

size_t klamm_topics_count(const klamm_topics_t* topics) { return c::isA(topics) ? topics->rows.size() : 0; }

const klamm_topic_t* klamm_topics_at(const klamm_topics_t* topics, size_t index) {
  return index < klamm_topics_count(topics) ? &topics->rows[index].seen : nullptr;
}

const klamm_topic_partition_info_t* klamm_topics_partition(const klamm_topics_t* topics, size_t index, size_t partition) {
  if (index >= klamm_topics_count(topics)) return nullptr;
  const auto& partitions = topics->rows[index].partitions;
  return partition < partitions.size() ? &partitions[partition] : nullptr;
}

void klamm_topics_free(klamm_topics_t* topics) {
  if (c::isA(topics)) delete topics;
}
