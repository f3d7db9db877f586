#pragma once
// Kafka's range assignor: per topic, neighbouring partitions to members in order.

#include <klamm/assignor.h>

namespace klamm::consumer {

/// Topic by topic; the members that subscribe to it, static ones first by instance id, then by member id:
///
///     7 partitions, 3 members:   0 1 2 | 3 4 | 5 6        the first (7 mod 3) members get one more
///
/// Partition i of two topics with as many partitions and the same members goes to the same member (co-partitioning).
/// Racks are not looked at. Threading: stateless.
class RangeAssignor final : public PartitionAssignor {
 public:
  [[nodiscard]] std::string_view name() const override { return "range"; }
  [[nodiscard]] MemberAssignments assign(const std::map<std::string, std::int32_t>& partitionCounts,
                                         const MemberSubscriptions& members) override;
};

}  // namespace klamm::consumer
