#include "coordinator/group/offset_store.h"

namespace klamm::broker::coordinator {

void OffsetStore::apply(const OffsetRecord& record) {
  if (record.value) {
    groups_[record.group][record.topic].insert_or_assign(record.partition, *record.value);
    return;
  }
  const auto group = groups_.find(record.group);
  if (group == groups_.end()) return;
  const auto topic = group->second.find(record.topic);
  if (topic == group->second.end()) return;
  topic->second.erase(record.partition);
  if (topic->second.empty()) group->second.erase(topic);
  if (group->second.empty()) groups_.erase(group);
}

const OffsetAndMetadata* OffsetStore::find(const std::string& group, const std::string& topic, std::int32_t partition) const {
  const Topics* topics = ofGroup(group);
  if (topics == nullptr) return nullptr;
  const auto byTopic = topics->find(topic);
  if (byTopic == topics->end()) return nullptr;
  const auto it = byTopic->second.find(partition);
  return it == byTopic->second.end() ? nullptr : &it->second;
}

const OffsetStore::Topics* OffsetStore::ofGroup(const std::string& group) const {
  const auto it = groups_.find(group);
  return it == groups_.end() ? nullptr : &it->second;
}

bool OffsetStore::collectTombstones(const std::string& group, std::vector<CoordinatorRecord>& out,
                                    const std::function<bool(const std::string&, const OffsetAndMetadata&)>& chosen) const {
  const Topics* topics = ofGroup(group);
  if (topics == nullptr) return true;
  bool all = true;
  for (const auto& [topic, partitions] : *topics) {
    for (const auto& [partition, offset] : partitions) {
      if (chosen(topic, offset)) {
        out.emplace_back(OffsetRecord{.group = group, .topic = topic, .partition = partition});
      } else {
        all = false;
      }
    }
  }
  return all;
}

}  // namespace klamm::broker::coordinator
