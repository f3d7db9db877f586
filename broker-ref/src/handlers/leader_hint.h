#pragma once
// What Produce and Fetch add to NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH, so that a client need not ask for metadata.

#include <algorithm>
#include <string_view>

#include "handlers/handler.h"

namespace klamm::broker::handlers {

/// Fills `partition.currentLeader` from the image and adds the leader's address, for the client's listener, to `response`
/// once (KIP-951).
template <class Response, class PartitionResponse>
void addLeaderHint(const image::ClusterImage& image, std::string_view listener, std::string_view topic, std::int32_t index,
                   PartitionResponse& partition, Response& response) {
  const auto* known = image.partition(topic, index);
  if (known == nullptr) return;
  partition.currentLeader.leaderId = known->leader;
  partition.currentLeader.leaderEpoch = known->leaderEpoch;
  const auto* leader = image.broker(known->leader);
  const auto* endpoint = leader != nullptr ? leader->endpoint(listener) : nullptr;
  const bool told = std::any_of(response.nodeEndpoints.begin(), response.nodeEndpoints.end(),
                                [&](const auto& node) { return node.nodeId == known->leader; });
  if (endpoint == nullptr || told) return;
  response.nodeEndpoints.emplace_back();
  auto& node = response.nodeEndpoints.back();
  node.nodeId = known->leader;
  node.host = endpoint->host;
  node.port = endpoint->port;
  node.rack = leader->rack;
}

[[nodiscard]] inline bool deservesLeaderHint(ErrorCode error) noexcept {
  return error == ErrorCode::NotLeaderOrFollower || error == ErrorCode::FencedLeaderEpoch;
}

}  // namespace klamm::broker::handlers
