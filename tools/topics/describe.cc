#include "topics/describe.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

/// What --describe shows; without a filter everything.
struct Filters {
  explicit Filters(const Arguments& arguments)
      : underReplicated(arguments.has("under-replicated-partitions")),
        unavailable(arguments.has("unavailable-partitions")),
        underMinIsr(arguments.has("under-min-isr-partitions")),
        atMinIsr(arguments.has("at-min-isr-partitions")),
        overrides(arguments.has("topics-with-overrides")) {}

  [[nodiscard]] bool ofPartitions() const { return underReplicated || unavailable || underMinIsr || atMinIsr; }
  [[nodiscard]] bool wants(const TopicPartitionInfo& partition, std::int32_t replicas, std::int32_t minIsr) const {
    if (!ofPartitions()) return !overrides;
    const auto inSync = static_cast<std::int32_t>(partition.isr.size());
    return (underReplicated && replicas > inSync) || (unavailable && (!partition.leader || partition.leader->isEmpty())) ||
           (underMinIsr && inSync < minIsr) || (atMinIsr && inSync == minIsr);
  }

  bool underReplicated;
  bool unavailable;
  bool underMinIsr;
  bool atMinIsr;
  bool overrides;
};

std::string ids(const std::vector<Node>& nodes) {
  std::string text;
  for (const Node& node : nodes) text.append(text.empty() ? "" : ",").append(std::to_string(node.id));
  return text;
}

std::string idList(const std::optional<std::vector<Node>>& nodes) { return nodes ? ids(*nodes) : "N/A"; }

/// "name=value,...": what the topic does not have from the broker's defaults.
std::string overridesOf(const std::vector<ConfigEntry>& entries) {
  std::string text;
  for (const ConfigEntry& entry : entries)
    if (!entry.isDefault()) text.append(text.empty() ? "" : ",").append(entry.name).append("=").append(entry.value.value_or("null"));
  return text;
}

std::int32_t minIsrOf(const std::vector<ConfigEntry>& entries) {
  std::int32_t number = 1;
  for (const ConfigEntry& entry : entries)
    if (entry.name == "min.insync.replicas" && entry.value) std::from_chars(entry.value->data(), entry.value->data() + entry.value->size(), number);
  return number;
}

using Reassignments = std::map<TopicPartition, PartitionReassignment>;

Reassignments reassignmentsOf(Admin& admin, const std::map<std::string, TopicDescription>& topics) {
  TopicPartitions partitions;
  for (const auto& [name, topic] : topics)
    for (const auto& partition : topic.partitions) partitions.push_back({name, partition.partition});
  try {
    return admin.listPartitionReassignments(std::move(partitions)).get();
  } catch (const UnsupportedVersionException&) {
  } catch (const ClusterAuthorizationException&) {
  }
  return {};
}

/// A partition that moves counts the replicas that it is to have.
std::int32_t replicaCount(const TopicPartitionInfo& partition, const PartitionReassignment* reassignment) {
  const std::size_t adding = reassignment == nullptr ? 0 : reassignment->addingReplicas.size();
  return static_cast<std::int32_t>(partition.replicas.size() - std::min(adding, partition.replicas.size()));
}

void describe(Admin& admin, const Arguments& arguments, const std::map<std::string, TopicDescription>& topics) {
  if (topics.empty()) return;
  const Filters filters(arguments);
  std::vector<ConfigResource> resources;
  for (const auto& [name, topic] : topics) resources.push_back({ConfigResource::Type::Topic, name});
  const auto configs = admin.describeConfigs(resources);
  const Reassignments reassignments = reassignmentsOf(admin, topics);
  Output out;
  for (const auto& [name, topic] : topics) {
    const std::vector<ConfigEntry> entries = configs.values.at({ConfigResource::Type::Topic, name}).get();
    const std::string overrides = overridesOf(entries);
    if (!filters.ofPartitions() && !(filters.overrides && overrides.empty())) {
      const std::size_t factor = topic.partitions.empty() ? 0 : topic.partitions.front().replicas.size();
      out.write(fmt::format("Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}\n", name, topic.topicId,
                            topic.partitions.size(), factor, overrides));
    }
    const std::int32_t minIsr = minIsrOf(entries);
    for (const TopicPartitionInfo& partition : topic.partitions) {
      const auto moving = reassignments.find({name, partition.partition});
      const PartitionReassignment* reassignment = moving == reassignments.end() ? nullptr : &moving->second;
      if (filters.wants(partition, replicaCount(partition, reassignment), minIsr)) out.write("\t" + partitionLine(name, partition, reassignment) + "\n");
    }
  }
}

}  // namespace

std::string partitionLine(const std::string& topic, const TopicPartitionInfo& partition, const PartitionReassignment* reassignment) {
  std::string line = fmt::format("Topic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\tElr: {}\tLastKnownElr: {}", topic, partition.partition,
                                 partition.leader && !partition.leader->isEmpty() ? std::to_string(partition.leader->id) : "none",
                                 ids(partition.replicas), ids(partition.isr), idList(partition.elr), idList(partition.lastKnownElr));
  if (reassignment != nullptr) {
    line += fmt::format("\tAdding Replicas: {}\tRemoving Replicas: {}", fmt::join(reassignment->addingReplicas, ","),
                        fmt::join(reassignment->removingReplicas, ","));
  }
  return line;
}

void describeTopics(Admin& admin, const Arguments& arguments, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::map<std::string, TopicDescription> topics;
  for (const auto& [name, topic] : admin.describeTopics(names).values) topics[name] = topic.get();
  describe(admin, arguments, topics);
}

void describeTopicId(Admin& admin, const Arguments& arguments, const std::string& id) {
  std::map<std::string, TopicDescription> topics;
  try {
    for (const auto& [key, topic] : admin.describeTopicsById({id}).values) topics[topic.get().name] = topic.get();
  } catch (const UnknownTopicIdException&) {
    if (!arguments.has("if-exists")) throw UnknownTopicIdException(Error(ErrorCode::UnknownTopicId, "TopicId '" + id + "' does not exist as expected"));
  }
  describe(admin, arguments, topics);
}

}  // namespace klamm::tools
