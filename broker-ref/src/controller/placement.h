#pragma once
// Which brokers hold the replicas of a new partition.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "image/cluster_image.h"
#include "protocol/records/partition_record.h"

namespace klamm::broker::controller {

/// Replicas of `count` partitions, numbered from `first`: each partition begins one broker further on than the one before.
///
///     brokers 1 2 3, replication factor 2, start 1:   p0 [2,3]   p1 [3,1]   p2 [1,2]
///
/// InvalidReplicationFactor when there are fewer brokers than replicas.
[[nodiscard]] Result<std::vector<std::vector<std::int32_t>>> placeReplicas(const image::ClusterImage& image, std::int32_t count,
                                                                           std::int16_t replicationFactor, std::uint64_t start);
/// Checks replicas that a client chose: not empty, all different, all registered; InvalidReplicaAssignment.
[[nodiscard]] Status checkReplicas(const image::ClusterImage& image, const std::vector<std::int32_t>& replicas);
/// The record of a new partition led by its first live replica.
[[nodiscard]] protocol::PartitionRecord newPartition(const image::ClusterImage& image, const Uuid& topicId, std::int32_t partition,
                                                     const std::vector<std::int32_t>& replicas);

}  // namespace klamm::broker::controller
