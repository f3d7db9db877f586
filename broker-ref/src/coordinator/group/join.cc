// JoinGroup: who may join, as whom, and what it starts.

#include "coordinator/group/classic_protocol.h"

namespace klamm::broker::coordinator {
namespace {

/// From this version of JoinGroup on a member without an id is given one and must come again with it (KIP-394): a client that
/// dies meanwhile leaves no member behind.
constexpr std::int16_t kKnownIdRequired = 4;
/// From this version on the leader can be told to keep the assignment that there is (KIP-814).
constexpr std::int16_t kSkipAssignment = 9;

MemberTerms termsOf(const protocol::JoinGroupRequest& request) {
  MemberTerms terms{.rebalanceTimeout = Millis(request.rebalanceTimeoutMs), .sessionTimeout = Millis(request.sessionTimeoutMs)};
  terms.protocols.reserve(request.protocols.size());
  for (const auto& protocol : request.protocols)
    terms.protocols.push_back({.name = protocol.name, .metadata = Buffer::copyOf(protocol.metadata.view())});
  return terms;
}

std::size_t sizeOf(const MemberTerms& terms) {
  std::size_t sum = 0;
  for (const MemberProtocol& protocol : terms.protocols) sum += protocol.name.size() + protocol.metadata.size();
  return sum;
}

/// "member m joins (the reason that it gave)".
std::string joinReason(const protocol::JoinGroupRequest& request, std::size_t maxBytes, const std::string& memberId, std::string_view what) {
  return fmt::format("member {} {} ({})", printable(memberId, maxBytes), what, printable(request.reason.value_or("no reason given"), maxBytes));
}

}  // namespace

void ClassicProtocol::JoinCall::refuse(ErrorCode error, std::string memberId) {
  protocol::JoinGroupResponse response;
  response.errorCode = error;
  response.memberId = std::move(memberId);
  step.reply(std::move(answer), std::move(response));
}

bool ClassicProtocol::hasRoomFor(const ClassicGroup& group, const JoinCall& call) const {
  const std::string& memberId = call.request.memberId;
  const auto it = group.members().find(memberId);
  const bool isMember = it != group.members().end();
  const std::size_t others = group.protocolBytes() - (isMember ? it->second.protocolBytes() : 0);
  if (others + sizeOf(call.terms) > config_.maxGroupBytes) return false;

  const auto limit = static_cast<std::size_t>(config_.maxSize);
  switch (group.state()) {
    case GroupState::Empty:
    case GroupState::Dead: return true;
    case GroupState::PreparingRebalance: return (isMember && it->second.isAwaitingJoin()) || group.awaitingJoinCount() < limit;
    case GroupState::CompletingRebalance:
    case GroupState::Stable: return isMember || group.members().size() < limit;
  }
  return false;
}

void ClassicProtocol::join(ClassicGroup& group, const RequestInfo& info, protocol::JoinGroupRequest request,
                           Answer<protocol::JoinGroupResponse> answer, Moment now, Step& step) {
  MemberTerms terms = termsOf(request);
  JoinCall call{.info = info, .request = std::move(request), .terms = std::move(terms), .answer = std::move(answer), .now = now, .step = step};
  if (!hasRoomFor(group, call)) {
    removeMember(group, call.request.memberId, step);
    call.refuse(ErrorCode::GroupMaxSizeReached, "");
    completeJoinIfAllJoined(group, now, step);
  } else if (call.request.memberId.empty()) {
    joinAsNew(group, call);
  } else {
    joinAsKnown(group, call);
  }
}

void ClassicProtocol::joinAsNew(ClassicGroup& group, JoinCall& call) {
  if (group.isIn(GroupState::Dead)) return call.refuse(ErrorCode::CoordinatorNotAvailable, "");
  if (!group.supportsProtocols(call.request.protocolType, call.terms.protocols)) {
    return call.refuse(ErrorCode::InconsistentGroupProtocol, "");
  }
  const std::string memberId = ClassicGroup::newMemberId(call.info.clientId, call.request.groupInstanceId, random_);
  if (call.request.groupInstanceId) {
    if (group.staticMemberId(*call.request.groupInstanceId) != nullptr) return replaceStaticMember(group, memberId, call);
    return addMember(group, memberId, call);
  }
  if (call.info.version < kKnownIdRequired) return addMember(group, memberId, call);
  if (group.pendingJoin().size() >= config_.maxPendingMembers) return call.refuse(ErrorCode::GroupMaxSizeReached, "");
  group.addPendingJoin(memberId);
  scheduleSession(group, memberId, call.terms.sessionTimeout, call.now);
  call.refuse(ErrorCode::MemberIdRequired, memberId);
}

void ClassicProtocol::joinAsKnown(ClassicGroup& group, JoinCall& call) {
  const std::string memberId = call.request.memberId;
  if (group.isIn(GroupState::Dead)) return call.refuse(ErrorCode::CoordinatorNotAvailable, memberId);
  if (!group.supportsProtocols(call.request.protocolType, call.terms.protocols)) {
    return call.refuse(ErrorCode::InconsistentGroupProtocol, memberId);
  }
  if (group.pendingJoin().contains(memberId)) {
    // Ids are handed out to dynamic members only.
    if (call.request.groupInstanceId) return call.refuse(ErrorCode::UnknownServerError, "");
    return addMember(group, memberId, call);
  }
  if (const ErrorCode error = group.validateMember(memberId, call.request.groupInstanceId); error != ErrorCode::None) {
    return call.refuse(error, memberId);
  }
  ClassicMember& member = group.member(memberId);
  const bool sameProtocols = member.terms.protocols == call.terms.protocols;
  switch (group.state()) {
    case GroupState::PreparingRebalance: return updateMember(group, member, call);
    case GroupState::CompletingRebalance:
      // The same metadata again: the answer to its first JoinGroup may have been lost.
      if (sameProtocols) return answerCurrentGeneration(group, member, call);
      return updateMember(group, member, call);
    case GroupState::Stable:
      // The leader may force a rebalance for changes that its own metadata does not show.
      if (group.isLeader(memberId) || !sameProtocols) return updateMember(group, member, call);
      return answerCurrentGeneration(group, member, call);
    case GroupState::Empty:
    case GroupState::Dead: return call.refuse(ErrorCode::UnknownMemberId, memberId);
  }
}

void ClassicProtocol::answerCurrentGeneration(ClassicGroup& group, const ClassicMember& member, JoinCall& call) {
  const bool withMembers = group.isIn(GroupState::CompletingRebalance) && group.isLeader(member.memberId);
  call.step.reply(std::move(call.answer), joinedResponse(group, member.memberId, withMembers));
}

void ClassicProtocol::addMember(ClassicGroup& group, const std::string& memberId, JoinCall& call) {
  ClassicMember member;
  member.memberId = memberId;
  member.groupInstanceId = call.request.groupInstanceId;
  member.clientId = call.info.clientId;
  member.clientHost = call.info.clientHost;
  member.protocolType = call.request.protocolType;
  member.terms = std::move(call.terms);
  member.isNew = true;
  member.awaitingJoin = std::move(call.answer);
  group.add(std::move(member));
  if (group.initialWait()) group.initialWait()->memberAdded = true;
  // A new member does not know its id and sends no heartbeats; a client that gave up waiting would otherwise stay for ever.
  scheduleSession(group, memberId, config_.newMemberJoinTimeout, call.now);
  rebalanceOrCompleteJoin(group, joinReason(call.request, config_.maxLoggedBytes, memberId, "joins"), call.now, call.step);
}

void ClassicProtocol::updateMember(ClassicGroup& group, ClassicMember& member, JoinCall& call) {
  // An earlier JoinGroup of the same member that still waits came over another connection: it is let go.
  protocol::JoinGroupResponse superseded;
  superseded.errorCode = ErrorCode::RebalanceInProgress;
  superseded.memberId = member.memberId;
  call.step.reply(std::move(member.awaitingJoin), std::move(superseded));
  member.terms = std::move(call.terms);
  member.awaitingJoin = std::move(call.answer);
  rebalanceOrCompleteJoin(group, joinReason(call.request, config_.maxLoggedBytes, member.memberId, "joins again"), call.now, call.step);
}

void ClassicProtocol::replaceStaticMember(ClassicGroup& group, const std::string& newMemberId, JoinCall& call) {
  const std::string oldMemberId = *group.staticMemberId(*call.request.groupInstanceId);
  const std::optional<std::string> oldLeader = group.leaderId();
  ClassicMember& member = group.member(oldMemberId);
  // Two processes under one instance id: the older one is fenced where it waits.
  protocol::JoinGroupResponse fencedJoin;
  fencedJoin.errorCode = ErrorCode::FencedInstanceId;
  fencedJoin.memberId = oldMemberId;
  call.step.reply(std::move(member.awaitingJoin), std::move(fencedJoin));
  protocol::SyncGroupResponse fencedSync;
  fencedSync.errorCode = ErrorCode::FencedInstanceId;
  call.step.reply(std::move(member.awaitingSync), std::move(fencedSync));

  timers_.cancel({.kind = TimerKey::Kind::Session, .groupId = group.groupId(), .memberId = oldMemberId});
  group.replaceStatic(oldMemberId, newMemberId);
  MemberTerms oldTerms = std::exchange(member.terms, std::move(call.terms));
  scheduleSession(group, newMemberId, member.terms.sessionTimeout, call.now);

  if (group.isIn(GroupState::Stable) && group.protocolName() == group.selectProtocol()) {
    return storeStaticMember(group, oldMemberId, std::move(oldTerms), oldLeader, call, newMemberId);
  }
  member.awaitingJoin = std::move(call.answer);
  const std::string reason = joinReason(call.request, config_.maxLoggedBytes, newMemberId, "takes the place of " + shown(oldMemberId));
  // After the joining phase the old id is already with the leader, who would assign to a member that is no more.
  if (group.canRebalance()) return prepareRebalance(group, reason, call.now, call.step);
  completeJoinIfAllJoined(group, call.now, call.step);
}

void ClassicProtocol::storeStaticMember(ClassicGroup& group, const std::string& oldMemberId, MemberTerms oldTerms,
                                        const std::optional<std::string>& oldLeader, JoinCall& call, const std::string& newMemberId) {
  // The generation and the assignment stay; only the new id is stored.
  const bool canSkip = call.info.version >= kSkipAssignment;
  protocol::JoinGroupResponse response = joinedResponse(group, newMemberId, canSkip && group.isLeader(newMemberId));
  response.skipAssignment = canSkip && group.isLeader(newMemberId);
  // A client that cannot skip must not think that it leads, or it would assign anew what the others would not hear of.
  if (!canSkip) response.leader = oldLeader.value_or("");
  call.step.records.emplace_back(GroupRecord{.group = group.groupId(), .value = group.toRecord()});
  call.step.reply(std::move(call.answer), std::move(response));
  log_.info("group {}: static member {} is now {}, generation {} stays", shown(group.groupId()), shown(oldMemberId), shown(newMemberId),
            group.generation());
  call.step.ifRefused = [this, &group, oldMemberId, newMemberId, oldTerms](Step&, Moment later) {
    group.replaceStatic(newMemberId, oldMemberId);
    ClassicMember& member = group.member(oldMemberId);
    member.terms = oldTerms;
    timers_.cancel({.kind = TimerKey::Kind::Session, .groupId = group.groupId(), .memberId = newMemberId});
    scheduleSession(group, oldMemberId, member.terms.sessionTimeout, later);
  };
}

}  // namespace klamm::broker::coordinator
