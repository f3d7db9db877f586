#pragma once
// The offsets that groups have committed.

#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "coordinator/group/group_records.h"

namespace klamm::broker::coordinator {

/// Committed offsets of one shard, by group, topic and partition. Only apply() changes it. Threading: that of its shard.
class OffsetStore {
 public:
  using Partitions = std::map<std::int32_t, OffsetAndMetadata>;
  using Topics = std::map<std::string, Partitions>;

  void apply(const OffsetRecord& record);
  void clear() noexcept { groups_.clear(); }

  /// Null when the group has none there.
  [[nodiscard]] const OffsetAndMetadata* find(const std::string& group, const std::string& topic, std::int32_t partition) const;
  /// Null when the group has none at all.
  [[nodiscard]] const Topics* ofGroup(const std::string& group) const;
  [[nodiscard]] const std::unordered_map<std::string, Topics>& groups() const noexcept { return groups_; }

  /// Tombstones of all the group's offsets for which `chosen(topic, offset)`; true when that is every one of them.
  bool collectTombstones(const std::string& group, std::vector<CoordinatorRecord>& out,
                         const std::function<bool(const std::string& topic, const OffsetAndMetadata& offset)>& chosen) const;

 private:
  std::unordered_map<std::string, Topics> groups_;
};

}  // namespace klamm::broker::coordinator
