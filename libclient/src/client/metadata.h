#pragma once
// What the client knows of the cluster: an immutable snapshot, replaced as a whole.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <klamm/metadata.h>

#include "base/clock.h"
#include "base/result.h"
#include "base/uuid.h"
#include "client/network_client.h"

namespace klamm::client {

struct PartitionMetadata {
  std::int32_t partition = 0;
  ErrorCode error = ErrorCode::None;  ///< LeaderNotAvailable and the like
  NodeId leader = -1;                 ///< -1: none
  std::int32_t leaderEpoch = -1;      ///< -1: unknown
  std::vector<NodeId> replicas = {};
  std::vector<NodeId> isr = {};
  std::vector<NodeId> offlineReplicas = {};
  friend bool operator==(const PartitionMetadata&, const PartitionMetadata&) = default;
};

struct TopicMetadata {
  std::string name = {};
  Uuid id = {};  ///< zero when the broker does not give ids
  bool isInternal = false;
  ErrorCode error = ErrorCode::None;  ///< UnknownTopicOrPartition, TopicAuthorizationFailed, InvalidTopicException, ...
  std::vector<PartitionMetadata> partitions = {};  ///< partitions[i].partition == i
  friend bool operator==(const TopicMetadata&, const TopicMetadata&) = default;
};

/// One state of the cluster. Threading: immutable; share it by shared_ptr.
class ClusterSnapshot {
 public:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using TopicMap = std::unordered_map<std::string, std::shared_ptr<const TopicMetadata>, TextHash, std::equal_to<>>;

  std::uint64_t version = 0;  ///< grows with every replacement; 0: nothing has been heard yet
  TimePoint updatedAt = {};   ///< when the last full answer came
  std::string clusterId = {};
  NodeId controllerId = -1;
  std::map<NodeId, Node> nodes = {};
  TopicMap topics = {};
  std::unordered_map<Uuid, std::string> namesById = {};

  /// Null when nothing is known of the topic. Known and failed topics have an error.
  [[nodiscard]] const TopicMetadata* topic(std::string_view name) const noexcept;
  [[nodiscard]] const TopicMetadata* topic(const Uuid& id) const noexcept;
  [[nodiscard]] const PartitionMetadata* partition(std::string_view topic, std::int32_t partition) const noexcept;
  [[nodiscard]] const Node* node(NodeId id) const noexcept;
  /// The topic's partitions with nodes instead of ids, as the public API gives them.
  [[nodiscard]] std::vector<PartitionInfo> partitionInfos(std::string_view topic) const;
};
using Snapshot = std::shared_ptr<const ClusterSnapshot>;

/// A newer leader, as Produce and Fetch responses tell it (KIP-951).
struct LeaderHint {
  std::string topic = {};
  std::int32_t partition = 0;
  NodeId leader = -1;
  std::int32_t leaderEpoch = -1;
};

/// Keeps the snapshot fresh: on demand, after errors, every metadata.max.age.ms. Asks for the topics of interest only.
///
/// Threading: every method from any thread. Listeners and waiters are called on the I/O thread.
class Metadata {
 public:
  virtual ~Metadata() = default;

  [[nodiscard]] virtual Snapshot snapshot() const = 0;
  /// The version of snapshot(), cheap enough to ask per record.
  [[nodiscard]] virtual std::uint64_t version() const noexcept = 0;

  /// A producer's interest: the topic is asked for until it has not been touched for metadata.max.idle.ms. Touching a
  /// topic that is not known yet asks at once.
  virtual void touch(std::string_view topic) = 0;
  /// A consumer's interest, replaced as a whole; asks at once when a topic is new.
  virtual void setTopics(std::vector<std::string> topics) = 0;
  /// Ask for every topic of the cluster, as pattern subscriptions need.
  virtual void setAllTopics(bool all) = 0;

  /// Something was wrong (NotLeaderOrFollower, an unknown topic, a lost leader): ask again, not sooner than
  /// retry.backoff.ms after the last time.
  virtual void requestUpdate(std::string_view why) = 0;
  /// Takes over leaders with a newer epoch at once; `nodes` are the addresses that came with them.
  virtual void applyHints(const std::vector<LeaderHint>& hints, const std::vector<Node>& nodes) = 0;

  /// Called after every new snapshot, until the returned id is removed.
  using Listener = std::function<void(const Snapshot&)>;
  virtual std::uint64_t addListener(Listener listener) = 0;
  virtual void removeListener(std::uint64_t id) = 0;

  /// Calls back once, with the first snapshot whose version is above `after` (at once, still on the I/O thread, if
  /// there is one), with RequestTimedOut at the deadline, with an authentication or configuration error that will not
  /// go away, or with Closed.
  using Waiter = std::function<void(Result<Snapshot>)>;
  virtual void await(std::uint64_t after, TimePoint deadline, Waiter waiter) = 0;
};

/// Blocks the calling thread (not the I/O thread) until the snapshot is newer than `after`.
[[nodiscard]] Result<Snapshot> awaitUpdate(Metadata& metadata, std::uint64_t after, TimePoint deadline);

}  // namespace klamm::client
