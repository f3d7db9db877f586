#pragma once
// The rules by which members join, are given their assignment, stay and leave.

#include <string>

#include <klamm/error.h>

#include "base/logging.h"
#include "base/random.h"
#include "coordinator/group/classic_group.h"
#include "coordinator/group/group_config.h"
#include "coordinator/group/request_info.h"
#include "coordinator/group/step.h"
#include "coordinator/timer_queue.h"

namespace klamm::broker::coordinator {

/// The classic group protocol over one ClassicGroup at a time; keeps nothing itself. What must be stored goes into the Step's
/// records and acts when it is replayed; the rest acts on the group at once.
///
///     member: JoinGroup ---- waits until all have joined ----> generation, leader; the leader alone learns all members
///             SyncGroup ---- waits for the leader's SyncGroup, which is stored ----> assignment
///             Heartbeat, OffsetCommit: push the session deadline back; REBALANCE_IN_PROGRESS says: join again
///
/// Threading: that of its shard.
class ClassicProtocol {
 public:
  ClassicProtocol(const GroupConfig& config, TimerQueue& timers, Random& random, const Log& log)
      : config_(config), timers_(timers), random_(random), log_(log) {}

  /// A JoinGroup for a group that exists, perhaps since just now.
  void join(ClassicGroup& group, const RequestInfo& info, protocol::JoinGroupRequest request,
            Answer<protocol::JoinGroupResponse> answer, Moment now, Step& step);
  void sync(ClassicGroup& group, const protocol::SyncGroupRequest& request, Answer<protocol::SyncGroupResponse> answer, Moment now,
            Step& step);
  [[nodiscard]] ErrorCode heartbeat(ClassicGroup& group, const protocol::HeartbeatRequest& request, Moment now);
  [[nodiscard]] protocol::LeaveGroupResponse leave(ClassicGroup& group, const protocol::LeaveGroupRequest& request, Moment now, Step& step);

  /// Whether this sender may commit offsets for the group now.
  [[nodiscard]] ErrorCode validateCommit(const ClassicGroup& group, const protocol::OffsetCommitRequest& request) const;
  /// A member that commits is alive.
  void keepSession(ClassicGroup& group, const std::string& memberId, Moment now);

  /// A deadline of the group has passed.
  void onTimer(ClassicGroup& group, const TimerKey& timer, Moment now, Step& step);
  /// The group has just been loaded: its members' sessions begin anew.
  void onLoaded(ClassicGroup& group, Moment now, Step& step);
  /// The group goes from this coordinator: whatever waits is answered with `error`.
  void abandon(ClassicGroup& group, ErrorCode error, Step& step);

 private:
  /// A JoinGroup on its way through the rules.
  struct JoinCall {
    const RequestInfo& info;
    protocol::JoinGroupRequest request;
    MemberTerms terms;
    Answer<protocol::JoinGroupResponse> answer;
    Moment now;
    Step& step;

    void refuse(ErrorCode error, std::string memberId);
  };

  // join.cc: joining
  [[nodiscard]] bool hasRoomFor(const ClassicGroup& group, const JoinCall& call) const;
  void joinAsNew(ClassicGroup& group, JoinCall& call);
  void joinAsKnown(ClassicGroup& group, JoinCall& call);
  void addMember(ClassicGroup& group, const std::string& memberId, JoinCall& call);
  void updateMember(ClassicGroup& group, ClassicMember& member, JoinCall& call);
  void replaceStaticMember(ClassicGroup& group, const std::string& newMemberId, JoinCall& call);
  void storeStaticMember(ClassicGroup& group, const std::string& oldMemberId, MemberTerms oldTerms,
                         const std::optional<std::string>& oldLeader, JoinCall& call, const std::string& newMemberId);
  void answerCurrentGeneration(ClassicGroup& group, const ClassicMember& member, JoinCall& call);

  // classic_protocol.cc: the phases of a rebalance
  void rebalanceOrCompleteJoin(ClassicGroup& group, std::string_view reason, Moment now, Step& step);
  void prepareRebalance(ClassicGroup& group, std::string_view reason, Moment now, Step& step);
  void completeJoinIfAllJoined(ClassicGroup& group, Moment now, Step& step);
  void completeJoin(ClassicGroup& group, Moment now, Step& step);
  void answerJoined(ClassicGroup& group, Moment now, Step& step);
  void continueInitialWait(ClassicGroup& group, Moment now, Step& step);
  void failWaitingSyncs(ClassicGroup& group, ErrorCode error, Moment now, Step& step);
  void storeAssignment(ClassicGroup& group, const protocol::SyncGroupRequest& request, Moment now, Step& step);
  void expireSession(ClassicGroup& group, const std::string& memberId, Moment now, Step& step);
  void expirePendingSync(ClassicGroup& group, Moment now, Step& step);
  void removeMember(ClassicGroup& group, const std::string& memberId, Step& step);
  [[nodiscard]] ErrorCode leaveOne(ClassicGroup& group, const protocol::LeaveGroupRequest::MemberIdentity& identity, Step& step);
  [[nodiscard]] std::string shown(const std::string& text) const;
  void scheduleSession(const ClassicGroup& group, const std::string& memberId, Millis timeout, Moment now);

  const GroupConfig& config_;
  TimerQueue& timers_;
  Random& random_;
  const Log& log_;
};

/// What a member is told when its joining phase is over; the leader alone learns of the others.
[[nodiscard]] protocol::JoinGroupResponse joinedResponse(const ClassicGroup& group, const std::string& memberId, bool withMembers);
/// What a client chose (a group id, a reason), fit for a log line: no control characters, at most `maxBytes`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t maxBytes);

}  // namespace klamm::broker::coordinator
