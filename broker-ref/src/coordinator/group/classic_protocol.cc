// The phases of a rebalance, and what keeps a member in the group.

#include "coordinator/group/classic_protocol.h"

#include <algorithm>

namespace klamm::broker::coordinator {
namespace {

constexpr Millis kShortestWait{1'000};

TimerKey joinTimer(const ClassicGroup& group) { return {.kind = TimerKey::Kind::Join, .groupId = group.groupId()}; }
TimerKey syncTimer(const ClassicGroup& group) { return {.kind = TimerKey::Kind::Sync, .groupId = group.groupId()}; }
TimerKey sessionTimer(const ClassicGroup& group, const std::string& memberId) {
  return {.kind = TimerKey::Kind::Session, .groupId = group.groupId(), .memberId = memberId};
}

protocol::SyncGroupResponse syncError(ErrorCode error) {
  protocol::SyncGroupResponse response;
  response.errorCode = error;
  return response;
}

protocol::SyncGroupResponse syncedResponse(const ClassicGroup& group, Buffer assignment) {
  protocol::SyncGroupResponse response;
  response.protocolType = group.protocolType();
  response.protocolName = group.protocolName();
  response.assignment = std::move(assignment);
  return response;
}

ErrorCode validateSync(const ClassicGroup& group, const protocol::SyncGroupRequest& request) {
  if (group.isIn(GroupState::Dead)) return ErrorCode::CoordinatorNotAvailable;
  if (const ErrorCode error = group.validateMember(request.memberId, request.groupInstanceId); error != ErrorCode::None) return error;
  if (request.generationId != group.generation()) return ErrorCode::IllegalGeneration;
  const auto contradicts = [](const std::optional<std::string>& told, const std::optional<std::string>& known) {
    return told && known && *told != *known;
  };
  if (contradicts(request.protocolType, group.protocolType()) || contradicts(request.protocolName, group.protocolName())) {
    return ErrorCode::InconsistentGroupProtocol;
  }
  return ErrorCode::None;
}

}  // namespace

protocol::JoinGroupResponse joinedResponse(const ClassicGroup& group, const std::string& memberId, bool withMembers) {
  protocol::JoinGroupResponse response;
  response.memberId = memberId;
  response.generationId = group.generation();
  response.protocolType = group.protocolType();
  response.protocolName = group.protocolName();
  response.leader = group.leaderId().value_or("");
  if (!withMembers) return response;
  response.members.reserve(group.members().size());
  for (const auto& [id, member] : group.members()) {
    protocol::JoinGroupResponse::JoinGroupResponseMember told;
    told.memberId = id;
    told.groupInstanceId = member.groupInstanceId;
    told.metadata = member.metadata(group.protocolName().value_or(""));
    response.members.push_back(std::move(told));
  }
  return response;
}

std::string printable(std::string_view text, std::size_t maxBytes) {
  std::string shown(text.substr(0, maxBytes));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return shown;
}

std::string ClassicProtocol::shown(const std::string& text) const { return printable(text, config_.maxLoggedBytes); }

void ClassicProtocol::scheduleSession(const ClassicGroup& group, const std::string& memberId, Millis timeout, Moment now) {
  timers_.schedule(sessionTimer(group, memberId), now.at + timeout);
}

// --- joining -----------------------------------------------------------------------------------------------------------

void ClassicProtocol::rebalanceOrCompleteJoin(ClassicGroup& group, std::string_view reason, Moment now, Step& step) {
  if (group.canRebalance()) return prepareRebalance(group, reason, now, step);
  completeJoinIfAllJoined(group, now, step);
}

void ClassicProtocol::prepareRebalance(ClassicGroup& group, std::string_view reason, Moment now, Step& step) {
  if (group.isIn(GroupState::CompletingRebalance)) failWaitingSyncs(group, ErrorCode::RebalanceInProgress, now, step);
  timers_.cancel(syncTimer(group));
  log_.info("group {}: rebalance after generation {} in state {}: {}", shown(group.groupId()), group.generation(), groupStateName(group.state()),
            reason);
  if (group.isIn(GroupState::Empty)) {
    const Millis round = config_.initialRebalanceDelay;
    group.initialWait() = InitialWait{.round = round, .left = std::max(group.rebalanceTimeout() - round, Millis(0))};
    timers_.schedule(joinTimer(group), now.at + round);
    return group.transitionTo(GroupState::PreparingRebalance, now);
  }
  group.transitionTo(GroupState::PreparingRebalance, now);
  if (group.hasAllMembersJoined()) return completeJoin(group, now, step);
  timers_.schedule(joinTimer(group), now.at + group.rebalanceTimeout());
}

void ClassicProtocol::completeJoinIfAllJoined(ClassicGroup& group, Moment now, Step& step) {
  // An empty group gathers its first members until the initial delay is over.
  if (group.isIn(GroupState::PreparingRebalance) && !group.initialWait() && group.hasAllMembersJoined()) completeJoin(group, now, step);
}

void ClassicProtocol::continueInitialWait(ClassicGroup& group, Moment now, Step& step) {
  InitialWait& wait = *group.initialWait();
  if (!wait.memberAdded || wait.left.count() == 0) return completeJoin(group, now, step);
  const Millis next = std::min(config_.initialRebalanceDelay, wait.left);
  wait = {.round = next, .left = std::max(wait.left - wait.round, Millis(0))};
  timers_.schedule(joinTimer(group), now.at + next);
}

void ClassicProtocol::completeJoin(ClassicGroup& group, Moment now, Step& step) {
  group.initialWait().reset();
  timers_.cancel(joinTimer(group));
  std::vector<std::string> absent;
  for (const auto& [id, member] : group.members())
    if (!member.isAwaitingJoin() && !member.isStatic()) absent.push_back(id);
  for (const std::string& id : absent) {
    log_.info("group {}: member {} did not join again in time and is removed", shown(group.groupId()), shown(id));
    removeMember(group, id, step);
  }
  if (!group.electJoinedLeader() && !group.members().empty()) {
    // Only static members that have not come back: wait on, until their sessions end. A time-out of zero must not spin.
    timers_.schedule(joinTimer(group), now.at + std::max(group.rebalanceTimeout(), kShortestWait));
    return;
  }
  group.beginGeneration(now);
  log_.info("group {}: generation {}, {} members, {}", shown(group.groupId()), group.generation(), group.members().size(),
            groupStateName(group.state()));
  if (group.isIn(GroupState::Empty)) {
    step.records.emplace_back(GroupRecord{.group = group.groupId(), .value = group.toRecord()});
    return;
  }
  answerJoined(group, now, step);
}

void ClassicProtocol::answerJoined(ClassicGroup& group, Moment now, Step& step) {
  for (auto& [id, member] : group.members()) {
    step.reply(std::move(member.awaitingJoin), joinedResponse(group, id, group.isLeader(id)));
    member.awaitingJoin = nullptr;
    member.isNew = false;
    scheduleSession(group, id, member.terms.sessionTimeout, now);
    group.pendingSync().insert(id);
  }
  timers_.schedule(syncTimer(group), now.at + group.rebalanceTimeout());
}

// --- assignment --------------------------------------------------------------------------------------------------------

void ClassicProtocol::sync(ClassicGroup& group, const protocol::SyncGroupRequest& request, Answer<protocol::SyncGroupResponse> answer,
                           Moment now, Step& step) {
  if (const ErrorCode error = validateSync(group, request); error != ErrorCode::None) {
    return step.reply(std::move(answer), syncError(error));
  }
  if (!group.isIn(GroupState::CompletingRebalance) && !group.isIn(GroupState::Stable)) {
    const bool preparing = group.isIn(GroupState::PreparingRebalance);
    return step.reply(std::move(answer), syncError(preparing ? ErrorCode::RebalanceInProgress : ErrorCode::UnknownMemberId));
  }
  ClassicMember& member = group.member(request.memberId);
  group.pendingSync().erase(request.memberId);
  if (group.pendingSync().empty()) timers_.cancel(syncTimer(group));
  if (group.isIn(GroupState::Stable)) {
    scheduleSession(group, request.memberId, member.terms.sessionTimeout, now);
    return step.reply(std::move(answer), syncedResponse(group, member.assignment));
  }
  // Sent again over another connection while the first still waits: the first is let go.
  step.reply(std::move(member.awaitingSync), syncError(ErrorCode::RebalanceInProgress));
  member.awaitingSync = std::move(answer);
  if (group.isLeader(request.memberId)) storeAssignment(group, request, now, step);
}

void ClassicProtocol::storeAssignment(ClassicGroup& group, const protocol::SyncGroupRequest& request, Moment now, Step& step) {
  std::map<std::string, Buffer> assignments;
  for (const auto& given : request.assignments) {
    if (group.hasMember(given.memberId)) assignments[given.memberId] = Buffer::copyOf(given.assignment.view());
  }
  step.records.emplace_back(GroupRecord{.group = group.groupId(), .value = group.toRecord(assignments)});
  for (auto& [id, member] : group.members()) {
    if (!member.isAwaitingSync()) continue;
    step.reply(std::move(member.awaitingSync), syncedResponse(group, assignments[id]));
    member.awaitingSync = nullptr;
    scheduleSession(group, id, member.terms.sessionTimeout, now);
  }
  step.ifRefused = [this, &group](Step& next, Moment later) {
    for (auto& [id, member] : group.members()) member.assignment = {};
    prepareRebalance(group, "the assignment could not be stored", later, next);
  };
}

void ClassicProtocol::failWaitingSyncs(ClassicGroup& group, ErrorCode error, Moment now, Step& step) {
  for (auto& [id, member] : group.members()) {
    member.assignment = {};
    if (!member.isAwaitingSync()) continue;
    step.reply(std::move(member.awaitingSync), syncError(error));
    member.awaitingSync = nullptr;
    scheduleSession(group, id, member.terms.sessionTimeout, now);
  }
}

// --- staying -----------------------------------------------------------------------------------------------------------

ErrorCode ClassicProtocol::heartbeat(ClassicGroup& group, const protocol::HeartbeatRequest& request, Moment now) {
  if (group.isIn(GroupState::Dead)) return ErrorCode::CoordinatorNotAvailable;
  if (const ErrorCode error = group.validateMember(request.memberId, request.groupInstanceId); error != ErrorCode::None) return error;
  if (request.generationId != group.generation()) return ErrorCode::IllegalGeneration;
  if (group.isIn(GroupState::Empty)) return ErrorCode::UnknownMemberId;
  scheduleSession(group, request.memberId, group.member(request.memberId).terms.sessionTimeout, now);
  return group.isIn(GroupState::PreparingRebalance) ? ErrorCode::RebalanceInProgress : ErrorCode::None;
}

ErrorCode ClassicProtocol::validateCommit(const ClassicGroup& group, const protocol::OffsetCommitRequest& request) const {
  if (group.isIn(GroupState::Dead)) return ErrorCode::CoordinatorNotAvailable;
  // A generation below 0: an administrator or a consumer that keeps its offsets here and assigns itself.
  if (request.generationIdOrMemberEpoch < 0 && group.isIn(GroupState::Empty)) return ErrorCode::None;
  const bool claimsMembership = request.generationIdOrMemberEpoch >= 0 || !request.memberId.empty() || request.groupInstanceId;
  if (!claimsMembership) return group.isIn(GroupState::Empty) ? ErrorCode::None : ErrorCode::UnknownMemberId;
  if (const ErrorCode error = group.validateMember(request.memberId, request.groupInstanceId); error != ErrorCode::None) return error;
  if (request.generationIdOrMemberEpoch != group.generation()) return ErrorCode::IllegalGeneration;
  // The member has heard of the new generation, but not of its assignment: it cannot own what it commits.
  return group.isIn(GroupState::CompletingRebalance) ? ErrorCode::RebalanceInProgress : ErrorCode::None;
}

void ClassicProtocol::keepSession(ClassicGroup& group, const std::string& memberId, Moment now) {
  const bool counts = group.isIn(GroupState::Stable) || group.isIn(GroupState::PreparingRebalance);
  if (counts && group.hasMember(memberId)) scheduleSession(group, memberId, group.member(memberId).terms.sessionTimeout, now);
}

// --- leaving -----------------------------------------------------------------------------------------------------------

void ClassicProtocol::removeMember(ClassicGroup& group, const std::string& memberId, Step& step) {
  timers_.cancel(sessionTimer(group, memberId));
  if (const auto it = group.members().find(memberId); it != group.members().end()) {
    // Without an id: should the client still be there, it joins as a new member.
    protocol::JoinGroupResponse removed;
    removed.errorCode = ErrorCode::UnknownMemberId;
    step.reply(std::move(it->second.awaitingJoin), std::move(removed));
    step.reply(std::move(it->second.awaitingSync), syncError(ErrorCode::UnknownMemberId));
  }
  group.remove(memberId);
}

ErrorCode ClassicProtocol::leaveOne(ClassicGroup& group, const protocol::LeaveGroupRequest::MemberIdentity& identity, Step& step) {
  if (identity.memberId.empty()) {
    // An administrator removes a static member by its instance id alone.
    const std::string* current = identity.groupInstanceId ? group.staticMemberId(*identity.groupInstanceId) : nullptr;
    if (current == nullptr) return ErrorCode::UnknownMemberId;
    removeMember(group, std::string(*current), step);
    return ErrorCode::None;
  }
  if (!group.pendingJoin().contains(identity.memberId)) {
    const ErrorCode error = group.validateMember(identity.memberId, identity.groupInstanceId);
    if (error != ErrorCode::None) return error;
  }
  log_.info("group {}: member {} leaves ({})", shown(group.groupId()), shown(identity.memberId), shown(identity.reason.value_or("no reason given")));
  removeMember(group, identity.memberId, step);
  return ErrorCode::None;
}

protocol::LeaveGroupResponse ClassicProtocol::leave(ClassicGroup& group, const protocol::LeaveGroupRequest& request, Moment now, Step& step) {
  protocol::LeaveGroupResponse response;
  if (group.isIn(GroupState::Dead)) {
    response.errorCode = ErrorCode::CoordinatorNotAvailable;
    return response;
  }
  bool anyLeft = false;
  for (const auto& identity : request.members) {
    protocol::LeaveGroupResponse::MemberResponse told;
    told.memberId = identity.memberId;
    told.groupInstanceId = identity.groupInstanceId;
    told.errorCode = leaveOne(group, identity, step);
    anyLeft = anyLeft || told.errorCode == ErrorCode::None;
    response.members.push_back(std::move(told));
  }
  if (!anyLeft) return response;
  if (group.isIn(GroupState::Stable) || group.isIn(GroupState::CompletingRebalance)) {
    prepareRebalance(group, "members have left", now, step);
  } else {
    completeJoinIfAllJoined(group, now, step);
  }
  return response;
}

void ClassicProtocol::expireSession(ClassicGroup& group, const std::string& memberId, Moment now, Step& step) {
  const auto it = group.members().find(memberId);
  if (it != group.members().end() && it->second.isAliveWhileParked()) return;
  if (it == group.members().end() && !group.pendingJoin().contains(memberId)) return;
  const bool wasMember = it != group.members().end();
  log_.info("group {}: member {} was not heard of within its session time-out and is removed", shown(group.groupId()), shown(memberId));
  removeMember(group, memberId, step);
  if (wasMember && (group.isIn(GroupState::Stable) || group.isIn(GroupState::CompletingRebalance))) {
    return prepareRebalance(group, fmt::format("member {} failed", shown(memberId)), now, step);
  }
  completeJoinIfAllJoined(group, now, step);
}

void ClassicProtocol::expirePendingSync(ClassicGroup& group, Moment now, Step& step) {
  if (!group.isIn(GroupState::CompletingRebalance) && !group.isIn(GroupState::Stable)) return;
  if (group.pendingSync().empty()) return;
  const std::set<std::string> silent = group.pendingSync();
  for (const std::string& id : silent) removeMember(group, id, step);
  prepareRebalance(group, "members that had joined did not ask for their assignment", now, step);
}

void ClassicProtocol::onTimer(ClassicGroup& group, const TimerKey& timer, Moment now, Step& step) {
  switch (timer.kind) {
    case TimerKey::Kind::Session: return expireSession(group, timer.memberId, now, step);
    case TimerKey::Kind::Join:
      if (!group.isIn(GroupState::PreparingRebalance)) return;
      return group.initialWait() ? continueInitialWait(group, now, step) : completeJoin(group, now, step);
    case TimerKey::Kind::Sync: return expirePendingSync(group, now, step);
    case TimerKey::Kind::OffsetExpiry: return;
  }
}

void ClassicProtocol::onLoaded(ClassicGroup& group, Moment now, Step& step) {
  for (const auto& [id, member] : group.members()) scheduleSession(group, id, member.terms.sessionTimeout, now);
  if (group.members().size() > static_cast<std::size_t>(config_.maxSize) && group.canRebalance()) {
    prepareRebalance(group, "loaded with more members than group.max.size", now, step);
  }
}

void ClassicProtocol::abandon(ClassicGroup& group, ErrorCode error, Step& step) {
  for (auto& [id, member] : group.members()) {
    protocol::JoinGroupResponse gone;
    gone.errorCode = error;
    gone.memberId = id;
    step.reply(std::move(member.awaitingJoin), std::move(gone));
    member.awaitingJoin = nullptr;
    step.reply(std::move(member.awaitingSync), syncError(error));
    member.awaitingSync = nullptr;
    timers_.cancel(sessionTimer(group, id));
  }
  for (const std::string& id : group.pendingJoin()) timers_.cancel(sessionTimer(group, id));
  timers_.cancel(joinTimer(group));
  timers_.cancel(syncTimer(group));
}

}  // namespace klamm::broker::coordinator
