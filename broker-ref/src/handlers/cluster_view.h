#pragma once
// What a client is shown of the cluster: nodes where it can reach them, operations it may carry out.

#include <algorithm>
#include <optional>
#include <vector>

#include "handlers/handler.h"

namespace klamm::broker::handlers {

/// Where this client reaches a node: the address that the node advertises on the client's listener; for this node, when it
/// advertises none, the address that the client connected to.
[[nodiscard]] inline std::optional<net::Endpoint> endpointOf(const BrokerContext& broker, std::int32_t nodeId,
                                                             const server::RequestContext& asker) {
  const image::BrokerImage* node = broker.image->broker(nodeId);
  const image::BrokerEndpoint* advertised = node == nullptr ? nullptr : node->endpoint(asker.listener);
  if (advertised != nullptr && !advertised->host.empty()) return net::Endpoint{advertised->host, advertised->port};
  if (nodeId == broker.nodeId) return asker.local;
  return std::nullopt;
}

/// Replicas of a partition on brokers that are not there.
[[nodiscard]] inline std::vector<std::int32_t> offlineReplicas(const image::ClusterImage& image, const image::PartitionImage& partition) {
  std::vector<std::int32_t> offline;
  for (const std::int32_t replica : partition.replicas) {
    const image::BrokerImage* node = image.broker(replica);
    if (node == nullptr || node->fenced) offline.push_back(replica);
  }
  return offline;
}

/// One bit per operation of those that Kafka knows for the kind of resource and the client may carry out.
[[nodiscard]] inline std::int32_t authorizedOperations(const server::RequestContext& asker, server::ResourceType type, std::string_view name) {
  using enum server::Operation;
  static const std::vector<server::Operation> kTopic{Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs};
  static const std::vector<server::Operation> kCluster{Create, Alter, Describe, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite};
  std::int32_t bits = 0;
  for (const server::Operation operation : type == server::ResourceType::Cluster ? kCluster : kTopic) {
    if (asker.allows(operation, type, name)) bits |= 1 << static_cast<int>(operation);
  }
  return bits;
}

/// The name of the one resource of its type.
inline constexpr std::string_view kClusterName = "kafka-cluster";

}  // namespace klamm::broker::handlers
