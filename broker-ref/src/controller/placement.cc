#include "controller/placement.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace klamm::broker::controller {

Result<std::vector<std::vector<std::int32_t>>> placeReplicas(const image::ClusterImage& image, std::int32_t count, std::int16_t replicationFactor,
                                                             std::uint64_t start) {
  const std::vector<std::int32_t> brokers = image.liveBrokers();
  const auto wanted = static_cast<std::size_t>(replicationFactor);
  if (wanted > brokers.size()) {
    return fail(ErrorCode::InvalidReplicationFactor,
                fmt::format("Unable to replicate the partition {} time(s): The target replication factor of {} cannot be reached because only {} "
                            "broker(s) are registered or some brokers have all their log directories cordoned.", wanted, wanted, brokers.size()));
  }
  std::vector<std::vector<std::int32_t>> placed;
  placed.reserve(static_cast<std::size_t>(count));
  for (std::int32_t p = 0; p < count; ++p) {
    std::vector<std::int32_t> replicas;
    for (std::size_t r = 0; r < wanted; ++r) replicas.push_back(brokers[(start + static_cast<std::uint64_t>(p) + r) % brokers.size()]);
    placed.push_back(std::move(replicas));
  }
  return placed;
}

Status checkReplicas(const image::ClusterImage& image, const std::vector<std::int32_t>& replicas) {
  if (replicas.empty()) {
    return fail(ErrorCode::InvalidReplicaAssignment, "The manual partition assignment includes an empty replica list.");
  }
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (image.broker(replicas[i]) == nullptr) {
      return fail(ErrorCode::InvalidReplicaAssignment,
                  fmt::format("The manual partition assignment includes broker {}, but no such broker is registered.", replicas[i]));
    }
    if (std::find(replicas.begin(), replicas.begin() + static_cast<std::ptrdiff_t>(i), replicas[i]) !=
        replicas.begin() + static_cast<std::ptrdiff_t>(i)) {
      return fail(ErrorCode::InvalidReplicaAssignment,
                  fmt::format("The manual partition assignment includes the broker {} more than once.", replicas[i]));
    }
  }
  return {};
}

protocol::PartitionRecord newPartition(const image::ClusterImage& image, const Uuid& topicId, std::int32_t partition,
                                       const std::vector<std::int32_t>& replicas) {
  protocol::PartitionRecord record;
  record.partitionId = partition;
  record.topicId = topicId;
  record.replicas = replicas;
  record.leaderEpoch = 0;
  record.partitionEpoch = 0;
  for (const std::int32_t id : replicas) {
    const image::BrokerImage* broker = image.broker(id);
    const bool live = broker != nullptr && !broker->fenced;
    if (live) record.isr.push_back(id);
    if (live && record.leader == -1) record.leader = id;
    // With one directory it is known where the replica will lie; with several the broker chooses.
    record.directories.push_back(broker != nullptr && broker->logDirs.size() == 1 ? broker->logDirs.front() : Uuid());
  }
  return record;
}

}  // namespace klamm::broker::controller
