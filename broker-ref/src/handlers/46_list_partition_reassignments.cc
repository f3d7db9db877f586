// ListPartitionReassignments: v0
// * Partitions that are being moved, of the topics asked for (null: of all)

#include <algorithm>

#include "handlers/cluster_view.h"
#include "protocol/46_list_partition_reassignments.h"

namespace klamm::broker::handlers {
namespace {

struct ListPartitionReassignments {
  using Request = protocol::ListPartitionReassignmentsRequest;
  using Response = protocol::ListPartitionReassignmentsResponse;

  static Response handle(Context& context, const Request& request) {
    Response response;
    if (!context.request.allows(server::Operation::Describe, server::ResourceType::Cluster, kClusterName)) {
      response.errorCode = ErrorCode::ClusterAuthorizationFailed;
      return response;
    }
    for (const auto& topic : context.broker.image->topics()) {
      Response::OngoingTopicReassignment moving = movingPartitions(*topic, request);
      if (!moving.partitions.empty()) response.topics.push_back(std::move(moving));
    }
    return response;
  }

 private:
  static bool isAskedFor(const Request& request, const std::string& topic, std::int32_t partition) {
    if (!request.topics) return true;
    return std::any_of(request.topics->begin(), request.topics->end(), [&](const auto& asked) {
      return asked.name == topic && std::find(asked.partitionIndexes.begin(), asked.partitionIndexes.end(), partition) != asked.partitionIndexes.end();
    });
  }

  static Response::OngoingTopicReassignment movingPartitions(const image::TopicImage& topic, const Request& request) {
    Response::OngoingTopicReassignment moving;
    moving.name = topic.name;
    for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
      const image::PartitionImage& known = topic.partitions[index];
      const auto number = static_cast<std::int32_t>(index);
      if ((known.addingReplicas.empty() && known.removingReplicas.empty()) || !isAskedFor(request, topic.name, number)) continue;
      Response::OngoingPartitionReassignment partition;
      partition.partitionIndex = number;
      partition.replicas = known.replicas;
      partition.addingReplicas = known.addingReplicas;
      partition.removingReplicas = known.removingReplicas;
      moving.partitions.push_back(std::move(partition));
    }
    return moving;
  }
};

}  // namespace

KLAMM_HANDLER(ListPartitionReassignments)

}  // namespace klamm::broker::handlers
