#include "consumer/assignors/range.h"

#include <algorithm>
#include <utility>

namespace klamm::consumer {
namespace {

using MemberEntry = const MemberSubscriptions::value_type*;

/// Static members come first and keep their place over restarts, because their instance id does not change.
bool comesBefore(MemberEntry a, MemberEntry b) {
  const auto& instanceA = a->second.groupInstanceId;
  const auto& instanceB = b->second.groupInstanceId;
  if (instanceA && instanceB) return *instanceA < *instanceB;
  if (instanceA || instanceB) return instanceA.has_value();
  return a->first < b->first;
}

}  // namespace

MemberAssignments RangeAssignor::assign(const std::map<std::string, std::int32_t>& partitionCounts, const MemberSubscriptions& members) {
  MemberAssignments result;
  for (const auto& [member, subscription] : members) result[member];
  for (const auto& [topic, count] : partitionCounts) {
    std::vector<MemberEntry> takers;
    for (const auto& entry : members) {
      const auto& topics = entry.second.topics;
      if (std::find(topics.begin(), topics.end(), topic) != topics.end()) takers.push_back(&entry);
    }
    if (takers.empty() || count <= 0) continue;
    std::sort(takers.begin(), takers.end(), comesBefore);
    const auto memberCount = static_cast<std::int32_t>(takers.size());
    const std::int32_t each = count / memberCount;
    const std::int32_t withOneMore = count % memberCount;
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < memberCount; ++i) {
      auto& assigned = result[takers[static_cast<std::size_t>(i)]->first];
      const std::int32_t end = next + each + (i < withOneMore ? 1 : 0);
      for (; next < end; ++next) assigned.push_back({topic, next});
    }
  }
  return result;
}

}  // namespace klamm::consumer
