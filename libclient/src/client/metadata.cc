#include "client/metadata.h"

#include <future>
#include <utility>

namespace klamm::client {

const TopicMetadata* ClusterSnapshot::topic(std::string_view name) const noexcept {
  const auto at = topics.find(name);
  return at == topics.end() ? nullptr : at->second.get();
}

const TopicMetadata* ClusterSnapshot::topic(const Uuid& id) const noexcept {
  const auto at = namesById.find(id);
  return at == namesById.end() ? nullptr : topic(at->second);
}

const PartitionMetadata* ClusterSnapshot::partition(std::string_view name, std::int32_t partition) const noexcept {
  const TopicMetadata* found = topic(name);
  if (found == nullptr || partition < 0 || static_cast<std::size_t>(partition) >= found->partitions.size()) return nullptr;
  return &found->partitions[static_cast<std::size_t>(partition)];
}

const Node* ClusterSnapshot::node(NodeId id) const noexcept {
  const auto at = nodes.find(id);
  return at == nodes.end() ? nullptr : &at->second;
}

std::vector<PartitionInfo> ClusterSnapshot::partitionInfos(std::string_view name) const {
  std::vector<PartitionInfo> infos;
  const TopicMetadata* found = topic(name);
  if (found == nullptr) return infos;
  const auto nodesOf = [this](const std::vector<NodeId>& ids) {
    std::vector<Node> list;
    for (const NodeId id : ids) {
      const Node* known = node(id);
      list.push_back(known != nullptr ? *known : Node{.id = id});
    }
    return list;
  };
  for (const PartitionMetadata& from : found->partitions) {
    PartitionInfo info;
    info.topic = found->name;
    info.partition = from.partition;
    if (const Node* leader = node(from.leader); leader != nullptr) info.leader = *leader;
    info.replicas = nodesOf(from.replicas);
    info.inSyncReplicas = nodesOf(from.isr);
    info.offlineReplicas = nodesOf(from.offlineReplicas);
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<Snapshot> awaitUpdate(Metadata& metadata, std::uint64_t after, TimePoint deadline) {
  // Shared: nothing dangles should the waiter outlive this call.
  auto promise = std::make_shared<std::promise<Result<Snapshot>>>();
  auto answer = promise->get_future();
  metadata.await(after, deadline, [promise](Result<Snapshot> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

}  // namespace klamm::client
