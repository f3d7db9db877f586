#pragma once
// How the leader of a classic group shares partitions out.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/record.h>

namespace [[gnu::visibility("default")]] klamm {

/// What one member of a group asks for (org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription).
/// Threading: a value.
struct MemberSubscription {
  std::vector<std::string> topics = {};
  Bytes userData = {};
  TopicPartitions ownedPartitions = {};
  std::int32_t generationId = -1;
  std::optional<std::string> groupInstanceId = {};
  std::optional<std::string> rackId = {};
};

/// Member id to what it asks for.
using MemberSubscriptions = std::map<std::string, MemberSubscription>;
/// Member id to its partitions.
using MemberAssignments = std::map<std::string, TopicPartitions>;

/// Threading: called on the I/O thread of the consumer that leads the group.
class PartitionAssignor {
 public:
  virtual ~PartitionAssignor() = default;
  /// The name that the members of a group agree on, e.g. "range".
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// `partitionCounts` holds the topics that exist. Every member must appear in the result.
  [[nodiscard]] virtual MemberAssignments assign(const std::map<std::string, std::int32_t>& partitionCounts,
                                                 const MemberSubscriptions& members) = 0;
};

}  // namespace klamm
