#pragma once
// The group coordinator of a broker: finds the shard of a group, and keeps the shards where the metadata put them.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/logging.h"
#include "coordinator/shard_runtime.h"
#include "image/cluster_image.h"
#include "net/loop.h"
#include "protocol/09_offset_fetch.h"
#include "protocol/42_delete_groups.h"

namespace klamm::broker::coordinator {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

/// The partition of __consumer_offsets that a group lives on: Java's abs(groupId.hashCode()) % partitions, over UTF-16 units.
[[nodiscard]] std::int32_t partitionOfGroup(std::string_view groupId, std::int32_t partitions) noexcept;

/// All groups whose partitions of __consumer_offsets this broker leads. Requests arrive checked by their handlers as far as
/// topics are concerned; each is answered once, now or when a rebalance or a commit lets it.
///
///     JoinGroup(group "orders") -> hash -> shard 17 -> ShardRuntime 17 -> GroupShard
///
/// A group whose partition is led elsewhere, or by nobody, is answered NOT_COORDINATOR; one that is still being read from
/// the log COORDINATOR_LOAD_IN_PROGRESS.
///
/// Threading: one loop. A broker with several loops has one coordinator on each, for the partitions that the loop owns.
class GroupCoordinator {
 public:
  GroupCoordinator(std::int32_t brokerId, const GroupConfig& config, std::unique_ptr<PartitionWriter> writer, net::Loop& loop, Random& random,
                   Log log);
  GroupCoordinator(const GroupCoordinator&) = delete;
  GroupCoordinator& operator=(const GroupCoordinator&) = delete;
  ~GroupCoordinator();

  /// The metadata have changed; the ReplicaManager has taken them already. Begins to load what this broker leads now, lets
  /// go what it does not, forgets offsets of topics that are gone.
  void onImage(const image::ClusterImage& image);
  /// Answers everything that waits; the broker stops.
  void close();

  void join(const RequestInfo& info, protocol::JoinGroupRequest request, Answer<protocol::JoinGroupResponse> answer);
  void sync(protocol::SyncGroupRequest request, Answer<protocol::SyncGroupResponse> answer);
  void heartbeat(const protocol::HeartbeatRequest& request, Answer<protocol::HeartbeatResponse> answer);
  void leave(const protocol::LeaveGroupRequest& request, Answer<protocol::LeaveGroupResponse> answer);
  /// All topics of the request exist and are given by name and id.
  void commitOffsets(const RequestInfo& info, const protocol::OffsetCommitRequest& request, Answer<protocol::OffsetCommitResponse> answer);
  /// Any number of groups (the form of version 8 on), topics by name.
  void fetchOffsets(const std::vector<protocol::OffsetFetchRequest::OffsetFetchRequestGroup>& groups,
                    Answer<std::vector<protocol::OffsetFetchResponse::OffsetFetchResponseGroup>> answer);
  void deleteOffsets(const protocol::OffsetDeleteRequest& request, Answer<protocol::OffsetDeleteResponse> answer);
  void describe(const RequestInfo& info, const std::vector<std::string>& groups,
                Answer<std::vector<protocol::DescribeGroupsResponse::DescribedGroup>> answer);
  void list(const protocol::ListGroupsRequest& request, Answer<protocol::ListGroupsResponse> answer);
  void deleteGroups(const std::vector<std::string>& groups, Answer<std::vector<protocol::DeleteGroupsResponse::DeletableGroupResult>> answer);

  /// Groups on this broker now.
  [[nodiscard]] std::size_t groupCount() const noexcept;

 private:
  /// A shard and whether this broker leads its partition.
  struct Seat {
    std::unique_ptr<ShardRuntime> runtime;
    bool led = false;
    std::set<std::string> toForget = {};  ///< topics that were deleted while the shard was loading
  };

  [[nodiscard]] ShardRuntime* shardOf(std::string_view groupId) noexcept;
  /// The shard of the group, or what to answer instead.
  [[nodiscard]] ErrorCode find(std::string_view groupId, ShardRuntime*& shard);
  /// Asks the shard of each group; `answer` gets the parts in the order of `groups`.
  template <class Part, class Group, class Ask>
  void askEach(const std::vector<Group>& groups, Answer<std::vector<Part>> answer, Ask ask);
  void run(ShardRuntime& shard, const std::function<Step(GroupShard&, Moment)>& event);
  void forgetTopics(const image::ClusterImage& image);
  void forgetWhatWasDeletedMeanwhile();
  void loadNext();
  void arm();
  void onTimer();

  std::int32_t brokerId_;
  GroupConfig config_;
  std::unique_ptr<PartitionWriter> writer_;
  net::Loop& loop_;
  Random& random_;
  Log log_;
  std::vector<Seat> seats_;             ///< by partition of __consumer_offsets; empty until the topic exists
  std::map<std::string, Uuid> knownTopics_;  ///< of the last image, to see which have gone
  net::TimerId timer_ = 0;
  TimePoint armedFor_ = {};
  bool loadPosted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< false when tasks on the loop outlive this
};

}  // namespace klamm::broker::coordinator
