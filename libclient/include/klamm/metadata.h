#pragma once
// What a client knows of a cluster, as plain data: nodes, partitions, topics.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace [[gnu::visibility("default")]] klamm {

/// A broker, by the address it advertises. Threading: a value.
struct Node {
  std::int32_t id = -1;
  std::string host = {};
  std::int32_t port = -1;
  std::optional<std::string> rack = {};
  [[nodiscard]] bool isEmpty() const noexcept { return host.empty(); }
  friend bool operator==(const Node&, const Node&) = default;
};

/// One partition as a producer or consumer sees it. Threading: a value.
struct PartitionInfo {
  std::string topic = {};
  std::int32_t partition = 0;
  std::optional<Node> leader = {};  ///< none while the partition has no leader
  std::vector<Node> replicas = {};
  std::vector<Node> inSyncReplicas = {};
  std::vector<Node> offlineReplicas = {};
};

/// One partition as describeTopics() gives it. Threading: a value.
struct TopicPartitionInfo {
  std::int32_t partition = 0;
  std::optional<Node> leader = {};
  std::vector<Node> replicas = {};
  std::vector<Node> isr = {};
  std::optional<std::vector<Node>> elr = {};           ///< eligible leader replicas; none when the broker does not say
  std::optional<std::vector<Node>> lastKnownElr = {};  ///< last known eligible leader replicas
};

/// Threading: a value.
struct TopicDescription {
  std::string name = {};
  std::string topicId = {};  ///< 22 characters of base64, as Kafka's tools print it
  bool isInternal = false;
  std::vector<TopicPartitionInfo> partitions = {};  ///< in order of the partition number
};

}  // namespace klamm
