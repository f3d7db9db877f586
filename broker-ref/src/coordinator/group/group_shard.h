#pragma once
// The groups of one partition of __consumer_offsets.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/logging.h"
#include "coordinator/group/classic_protocol.h"
#include "coordinator/group/offset_store.h"

namespace klamm::broker::coordinator {

/// Decides for the groups whose ids hash to one partition. A handler looks at the request and the state and returns what
/// should be appended and answered; committed offsets and finished rebalances change by replay() alone, whether the record
/// was just appended or is read from the log after a restart.
///
/// Replies that a handler keeps (JoinGroup, SyncGroup) come out in the Step of a later event.
///
/// Threading: all calls from the loop that owns the partition. Pure: no clock, no I/O.
class GroupShard {
 public:
  GroupShard(const GroupConfig& config, Random& random, Log log);
  GroupShard(const GroupShard&) = delete;
  GroupShard& operator=(const GroupShard&) = delete;

  // --- requests ------------------------------------------------------------------------------------------------------

  [[nodiscard]] Step join(const RequestInfo& info, protocol::JoinGroupRequest request, Answer<protocol::JoinGroupResponse> answer, Moment now);
  [[nodiscard]] Step sync(const protocol::SyncGroupRequest& request, Answer<protocol::SyncGroupResponse> answer, Moment now);
  [[nodiscard]] Step heartbeat(const protocol::HeartbeatRequest& request, Answer<protocol::HeartbeatResponse> answer, Moment now);
  [[nodiscard]] Step leave(const protocol::LeaveGroupRequest& request, Answer<protocol::LeaveGroupResponse> answer, Moment now);
  /// Every topic of the request is known to exist, with its name and id.
  [[nodiscard]] Step commitOffsets(const RequestInfo& info, const protocol::OffsetCommitRequest& request,
                                   Answer<protocol::OffsetCommitResponse> answer, Moment now);
  /// Topics by name; none named: all that the group has offsets in.
  [[nodiscard]] Step fetchOffsets(const protocol::OffsetFetchRequest::OffsetFetchRequestGroup& request,
                                  Answer<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> answer);
  [[nodiscard]] Step deleteOffsets(const protocol::OffsetDeleteRequest& request, Answer<protocol::OffsetDeleteResponse> answer);
  [[nodiscard]] Step describe(const RequestInfo& info, const std::string& groupId,
                              Answer<protocol::DescribeGroupsResponse::DescribedGroup> answer);
  [[nodiscard]] Step list(const protocol::ListGroupsRequest& request, Answer<protocol::ListGroupsResponse> answer);
  [[nodiscard]] Step deleteGroup(const std::string& groupId, Answer<protocol::DeleteGroupsResponse::DeletableGroupResult> answer);

  // --- other events --------------------------------------------------------------------------------------------------

  /// Forgets offsets of topics that are deleted.
  [[nodiscard]] Step forgetTopics(const std::set<std::string>& topics);
  /// What one passed deadline leads to; nullopt when none has passed. Call until then.
  [[nodiscard]] std::optional<Step> onTimer(Moment now);
  /// When to call onTimer next.
  [[nodiscard]] std::optional<TimePoint> nextDeadline() const { return timers_.next(); }

  // --- log -----------------------------------------------------------------------------------------------------------

  /// A record was appended, or is read while loading.
  void replay(const CoordinatorRecord& record);
  /// All of the log has been replayed: sessions begin anew.
  [[nodiscard]] Step onLoaded(Moment now);
  /// Another broker coordinates these groups: waiting members are answered with `error`, all state goes.
  [[nodiscard]] Step unload(ErrorCode error);

  [[nodiscard]] const std::map<std::string, ClassicGroup>& groups() const noexcept { return groups_; }
  [[nodiscard]] const OffsetStore& offsets() const noexcept { return offsets_; }

 private:
  [[nodiscard]] ClassicGroup* find(const std::string& groupId);
  /// Undoes the creation of a group whose first record was refused.
  void dropGroup(const std::string& groupId, ErrorCode error, Step& step);
  [[nodiscard]] ErrorCode validateOffsetDelete(const std::string& groupId);
  [[nodiscard]] ErrorCode validateGroupDelete(const std::string& groupId);
  [[nodiscard]] ErrorCode validateCommit(const RequestInfo& info, const protocol::OffsetCommitRequest& request);
  void expireOffsets(Moment now, Step& step);
  void expireOffsetsOf(const ClassicGroup& group, Moment now, Step& step);

  const GroupConfig& config_;
  Random& random_;
  Log log_;
  TimerQueue timers_;
  ClassicProtocol protocol_;
  std::map<std::string, ClassicGroup> groups_;  ///< nodes do not move: a Step may point at its group
  OffsetStore offsets_;
};

}  // namespace klamm::broker::coordinator
