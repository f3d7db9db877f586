#include "consumer/group/classic.h"

#include <algorithm>
#include <utility>

#include "consumer/group/consumer_protocol.h"

namespace klamm::consumer {
namespace {

constexpr const char* kProtocolType = "consumer";
/// How much longer than the rebalance itself a JoinGroup may take (Kafka's JOIN_GROUP_TIMEOUT_LAPSE).
constexpr auto kJoinLapse = std::chrono::seconds(5);
/// How long the leader waits for the metadata of topics that only others subscribe to.
constexpr auto kMetadataPatience = std::chrono::seconds(5);

std::int32_t millis(Duration duration) {
  return static_cast<std::int32_t>(std::min<std::int64_t>(std::chrono::duration_cast<Millis>(duration).count(), 0x7FFFFFFF));
}

/// The coordinator has moved or cannot be reached.
bool coordinatorIsWrong(ErrorCode code) {
  return code == ErrorCode::CoordinatorNotAvailable || code == ErrorCode::NotCoordinator || code == ErrorCode::NetworkException ||
         code == ErrorCode::RequestTimedOut || code == ErrorCode::ResolveFailed;
}

}  // namespace

ClassicMembership::ClassicMembership(GroupSettings settings, std::vector<std::shared_ptr<PartitionAssignor>> assignors, Random& random)
    : settings_(std::move(settings)), assignors_(std::move(assignors)), random_(random) {}

void ClassicMembership::transitionTo(State to) {
  state_ = to;
  inFlight_ = 0;  // an answer that is still under way belongs to the state that was left
}

bool ClassicMembership::heartbeats() const noexcept {
  return hasGeneration() && (state_ == State::Stable || state_ == State::Releasing || state_ == State::Assigning || state_ == State::Syncing);
}

// ---- events ------------------------------------------------------------------------------------------------------------

void ClassicMembership::subscribe(const std::set<std::string>& topics, TimePoint now) {
  topics_ = topics;
  failed_ = {};
  if (state_ == State::Out) {
    lastPolled_ = now;
    rejoinReason_.clear();
    transitionTo(State::Joining);  // nothing is owned yet: nothing to release
    return;
  }
  if (joinedTopics_ != topics_) rejoin("the subscription has changed", now);
}

void ClassicMembership::polled(TimePoint now) {
  lastPolled_ = now;
  if (failed_ && state_ == State::Out) {
    if (failed_.code() == ErrorCode::FencedInstanceId) {
      events_.push_back({GroupEvent::Kind::Fail, {}, failed_});
    } else {
      failed_ = {};
      backOff(now);
      transitionTo(State::Joining);
    }
    return;
  }
  if (state_ != State::Silent) return;
  transitionTo(State::Releasing);
  events_.push_back({GroupEvent::Kind::Lose, {}, {}});
}

void ClassicMembership::released(TimePoint) {
  if (state_ == State::Releasing) transitionTo(State::Joining);
}

void ClassicMembership::leave(const std::string& reason, TimePoint) {
  if (state_ != State::Out && state_ != State::Silent && !memberId_.empty() && !settings_.instanceId) leave_ = leaveRequest(reason);
  transitionTo(State::Out);
  failed_ = {};
  memberId_.clear();
  generation_ = -1;
  leads_ = false;
  groupTopics_.clear();
  joinedTopics_.clear();
  events_.clear();
}

void ClassicMembership::rebalance(const std::string& reason, TimePoint now) {
  if (state_ != State::Out) rejoin(reason.empty() ? "rebalance enforced by user" : reason, now);
}

void ClassicMembership::rejoin(const std::string& reason, TimePoint) {
  if (state_ == State::Stable) {
    rejoinReason_ = reason;
    transitionTo(State::Releasing);
    events_.push_back({hasGeneration() ? GroupEvent::Kind::Revoke : GroupEvent::Kind::Lose, {}, {}});
  } else if (state_ == State::Joining || state_ == State::Assigning || state_ == State::Syncing) {
    rejoinAgain_ = true;
  }
}

void ClassicMembership::loseGeneration(bool memberToo, const std::string& reason, TimePoint) {
  if (memberToo) memberId_.clear();
  generation_ = -1;
  rejoinReason_ = reason;
  leads_ = false;
  if (state_ == State::Stable) {
    transitionTo(State::Releasing);
    events_.push_back({GroupEvent::Kind::Lose, {}, {}});
  } else if (state_ == State::Releasing) {
    // The application may not have begun to release: then it loses instead.
    for (GroupEvent& event : events_) {
      if (event.kind == GroupEvent::Kind::Revoke) event.kind = GroupEvent::Kind::Lose;
    }
  } else if (state_ != State::Out && state_ != State::Silent) {
    transitionTo(State::Joining);
  }
}

void ClassicMembership::failFatally(Error error) {
  const bool owned = state_ == State::Stable || state_ == State::Releasing;
  transitionTo(State::Out);
  generation_ = -1;
  memberId_.clear();
  leads_ = false;
  failed_ = error;
  if (owned) events_.push_back({GroupEvent::Kind::Lose, {}, {}});
  events_.push_back({GroupEvent::Kind::Fail, {}, std::move(error)});
}

/// Trying again may help, but the application should know what its coordinator sends.
void ClassicMembership::tellIfMalformed(const Error& error) {
  if (error.code() == ErrorCode::MalformedResponse && failures_ == 0) events_.push_back({GroupEvent::Kind::Fail, {}, error});
}

void ClassicMembership::clusterChanged(const client::Snapshot& cluster, TimePoint now) {
  cluster_ = cluster;
  if (state_ == State::Assigning) {
    tryToAssign(now);
  } else if (leads_ && state_ == State::Stable) {
    std::set<std::string> topics = groupTopics_;
    topics.insert(joinedTopics_.begin(), joinedTopics_.end());
    if (partitionCounts(topics) != assignedCounts_) rejoin("cached metadata has changed", now);
  }
}

void ClassicMembership::coordinatorFound(TimePoint now) {
  coordinatorKnown_ = true;
  lastHeard_ = now;
}

void ClassicMembership::coordinatorFailed(const Error& why, TimePoint now) {
  if (why.retriable() || why.code() == ErrorCode::RequestTimedOut) backOff(now);
  else if (state_ != State::Out) failFatally(why);
}

void ClassicMembership::commitRefused(ErrorCode code, std::int32_t generation, TimePoint now) {
  if (generation != generation_ || state_ == State::Out) return;  // about a generation that is over anyway
  if (code == ErrorCode::FencedInstanceId) failFatally(Error(code, "group.instance.id " + settings_.instanceId.value_or("")));
  else if (code == ErrorCode::RebalanceInProgress) rejoin("offset commit failed since group is already rebalancing", now);
  else loseGeneration(code == ErrorCode::UnknownMemberId, "encountered " + std::string(errorName(code)) + " from OFFSET_COMMIT response", now);
}

void ClassicMembership::backOff(TimePoint now) {
  const int doublings = std::min(failures_++, 10);
  const Duration base = std::min(settings_.retryBackoff * (std::int64_t{1} << doublings), settings_.retryBackoffMax);
  const auto jitter = static_cast<std::int64_t>(random_.below(41)) - 20;  // 20 % up or down, as Kafka's ExponentialBackoff
  retryAt_ = now + base + base * jitter / 100;
}

// ---- JoinGroup -----------------------------------------------------------------------------------------------------------

void ClassicMembership::answered(std::uint64_t token, Result<GroupResponse> response, TimePoint now) {
  if (!response && coordinatorIsWrong(response.error().code())) {
    coordinatorKnown_ = false;
    forgetCoordinator_ = true;
  }
  if (token == heartbeatInFlight_) {
    heartbeatInFlight_ = 0;
    onHeartbeat(std::move(response), now);
  } else if (token == inFlight_ && token != 0) {
    inFlight_ = 0;
    if (state_ == State::Joining) onJoin(std::move(response), now);
    else if (state_ == State::Syncing) onSync(std::move(response), now);
  }
}

void ClassicMembership::onJoin(Result<GroupResponse> response, TimePoint now) {
  if (!response) {
    if (response.error().code() == ErrorCode::UnsupportedVersion) return failFatally(response.error());
    tellIfMalformed(response.error());
    backOff(now);
    return;
  }
  auto* join = std::get_if<protocol::JoinGroupResponse>(&*response);
  if (join == nullptr) return;
  if (join->errorCode == ErrorCode::None) joined(*join, now);
  else joinFailed(*join, now);
}

void ClassicMembership::joinFailed(const protocol::JoinGroupResponse& response, TimePoint now) {
  const ErrorCode code = response.errorCode;
  switch (code) {
    case ErrorCode::MemberIdRequired:  // KIP-394: join again at once with the id that was given
      memberId_ = response.memberId;
      generation_ = -1;
      rejoinReason_ = "need to re-join with the given member-id: " + memberId_;
      return;
    case ErrorCode::UnknownMemberId:
      memberId_.clear();
      generation_ = -1;
      return;
    case ErrorCode::CoordinatorNotAvailable:
    case ErrorCode::NotCoordinator:
      coordinatorKnown_ = false;
      forgetCoordinator_ = true;
      backOff(now);
      return;
    case ErrorCode::CoordinatorLoadInProgress:
    case ErrorCode::RebalanceInProgress:
      backOff(now);
      return;
    default:
      failFatally(Error(code, "joining group '" + settings_.groupId + "'"));
  }
}

void ClassicMembership::joined(protocol::JoinGroupResponse& response, TimePoint now) {
  const auto chosen = std::find_if(assignors_.begin(), assignors_.end(), [&](const auto& assignor) { return assignor->name() == response.protocolName; });
  if ((response.protocolType && *response.protocolType != kProtocolType) || chosen == assignors_.end()) {
    failFatally(Error(ErrorCode::InconsistentGroupProtocol, "group '" + settings_.groupId + "' chose the protocol '" + response.protocolName.value_or("") + "'"));
    return;
  }
  failures_ = 0;
  memberId_ = response.memberId;
  generation_ = response.generationId;
  protocolName_ = *response.protocolName;
  lastHeard_ = now;
  nextHeartbeat_ = now + settings_.heartbeatInterval;
  assignments_.clear();
  members_.clear();
  groupTopics_.clear();
  leads_ = response.leader == memberId_;
  skipsAssignment_ = response.skipAssignment;
  if (!leads_) {
    transitionTo(State::Syncing);
    return;
  }
  for (const auto& member : response.members) {
    auto subscription = decodeSubscription(member.metadata);
    if (!subscription) {
      failFatally(Error(subscription.error().code(), "the metadata of member '" + member.memberId + "': " + subscription.error().context()));
      return;
    }
    subscription->groupInstanceId = member.groupInstanceId;
    groupTopics_.insert(subscription->topics.begin(), subscription->topics.end());
    members_[member.memberId] = std::move(*subscription);
  }
  transitionTo(State::Assigning);
  metadataDeadline_ = now + kMetadataPatience;
  tryToAssign(now);
}

std::map<std::string, std::int32_t> ClassicMembership::partitionCounts(const std::set<std::string>& topics) const {
  std::map<std::string, std::int32_t> counts;
  if (!cluster_) return counts;
  for (const std::string& topic : topics) {
    const client::TopicMetadata* known = cluster_->topic(topic);
    if (known != nullptr && !known->partitions.empty()) counts[topic] = static_cast<std::int32_t>(known->partitions.size());
  }
  return counts;
}

void ClassicMembership::tryToAssign(TimePoint now) {
  const bool allKnown = cluster_ && std::all_of(groupTopics_.begin(), groupTopics_.end(), [&](const std::string& topic) { return cluster_->topic(topic) != nullptr; });
  if (allKnown || now >= metadataDeadline_) assign(now);
}

void ClassicMembership::assign(TimePoint) {
  assignedCounts_ = partitionCounts(groupTopics_);
  if (!skipsAssignment_) {
    const auto assignor = std::find_if(assignors_.begin(), assignors_.end(), [&](const auto& one) { return one->name() == protocolName_; });
    const MemberAssignments shares = (*assignor)->assign(assignedCounts_, members_);
    for (const auto& [member, subscription] : members_) {
      const auto share = shares.find(member);
      auto bytes = encodeAssignment(share == shares.end() ? TopicPartitions{} : share->second);
      if (!bytes) {
        failFatally(bytes.error());
        return;
      }
      auto& entry = assignments_.emplace_back();
      entry.memberId = member;
      entry.assignment = std::move(*bytes);
    }
  }
  members_.clear();
  transitionTo(State::Syncing);
}

void ClassicMembership::sendJoin(GroupActions& actions) {
  protocol::JoinGroupRequest join;
  join.groupId = settings_.groupId;
  join.sessionTimeoutMs = millis(settings_.sessionTimeout);
  join.rebalanceTimeoutMs = millis(settings_.maxPollInterval);
  join.memberId = memberId_;
  join.groupInstanceId = settings_.instanceId;
  join.protocolType = kProtocolType;
  if (!rejoinReason_.empty()) join.reason = rejoinReason_.substr(0, 255);
  MemberSubscription subscription;
  subscription.topics.assign(topics_.begin(), topics_.end());
  subscription.generationId = generation_;
  subscription.rackId = settings_.rack;
  for (const auto& assignor : assignors_) {
    auto bytes = encodeSubscription(subscription);
    if (!bytes) {
      failFatally(bytes.error());
      return;
    }
    auto& entry = join.protocols.emplace_back();
    entry.name = std::string(assignor->name());
    entry.metadata = std::move(*bytes);
  }
  joinedTopics_ = topics_;
  rejoinAgain_ = false;
  const Duration timeout = std::max(settings_.requestTimeout, settings_.maxPollInterval + kJoinLapse);
  actions.requests.push_back({std::move(join), newToken(), timeout});
}

// ---- SyncGroup -----------------------------------------------------------------------------------------------------------

void ClassicMembership::sendSync(GroupActions& actions) {
  protocol::SyncGroupRequest sync;
  sync.groupId = settings_.groupId;
  sync.generationId = generation_;
  sync.memberId = memberId_;
  sync.groupInstanceId = settings_.instanceId;
  sync.protocolType = kProtocolType;
  sync.protocolName = protocolName_;
  sync.assignments = assignments_;
  actions.requests.push_back({std::move(sync), newToken(), settings_.requestTimeout + settings_.maxPollInterval});
}

void ClassicMembership::onSync(Result<GroupResponse> response, TimePoint now) {
  if (!response) {
    transitionTo(State::Joining);
    tellIfMalformed(response.error());
    backOff(now);
    return;
  }
  const auto* sync = std::get_if<protocol::SyncGroupResponse>(&*response);
  if (sync == nullptr) return;
  if (sync->errorCode == ErrorCode::None) synced(*sync, now);
  else syncFailed(sync->errorCode, now);
}

void ClassicMembership::synced(const protocol::SyncGroupResponse& response, TimePoint now) {
  if ((response.protocolType && *response.protocolType != kProtocolType) || (response.protocolName && *response.protocolName != protocolName_)) {
    failFatally(Error(ErrorCode::InconsistentGroupProtocol, "SyncGroup of group '" + settings_.groupId + "'"));
    return;
  }
  auto partitions = decodeAssignment(response.assignment);
  if (!partitions) {
    failFatally(Error(partitions.error().code(), "the assignment of group '" + settings_.groupId + "': " + partitions.error().context()));
    return;
  }
  lastHeard_ = now;
  assignments_.clear();
  rejoinReason_.clear();
  transitionTo(State::Stable);
  events_.push_back({GroupEvent::Kind::Assign, std::move(*partitions), {}});
  if (rejoinAgain_ || joinedTopics_ != topics_) {
    rejoinAgain_ = false;
    rejoin("the subscription has changed", now);
  } else if (leads_ && cluster_) {
    clusterChanged(cluster_, now);  // it may have changed while the group synchronised
  }
}

void ClassicMembership::syncFailed(ErrorCode code, TimePoint now) {
  switch (code) {
    case ErrorCode::RebalanceInProgress:
      transitionTo(State::Joining);
      rejoinReason_ = "the group began another rebalance";
      return;
    case ErrorCode::UnknownMemberId:
    case ErrorCode::IllegalGeneration:
      loseGeneration(code == ErrorCode::UnknownMemberId, "encountered " + std::string(errorName(code)) + " from SYNC_GROUP response", now);
      return;
    case ErrorCode::CoordinatorNotAvailable:
    case ErrorCode::NotCoordinator:
      coordinatorKnown_ = false;
      forgetCoordinator_ = true;
      transitionTo(State::Joining);
      backOff(now);
      return;
    default:
      failFatally(Error(code, "synchronising group '" + settings_.groupId + "'"));
  }
}

// ---- Heartbeat and the time ------------------------------------------------------------------------------------------------

void ClassicMembership::onHeartbeat(Result<GroupResponse> response, TimePoint now) {
  const auto* heartbeat = response ? std::get_if<protocol::HeartbeatResponse>(&*response) : nullptr;
  if (heartbeat == nullptr) {
    nextHeartbeat_ = now + settings_.retryBackoff;
    return;
  }
  switch (heartbeat->errorCode) {
    case ErrorCode::None:
      lastHeard_ = now;
      return;
    case ErrorCode::RebalanceInProgress:
      lastHeard_ = now;
      rejoin("group is already rebalancing", now);
      return;
    case ErrorCode::IllegalGeneration:
    case ErrorCode::UnknownMemberId:
      if (heartbeats()) {
        loseGeneration(heartbeat->errorCode == ErrorCode::UnknownMemberId,
                       "encountered " + std::string(errorName(heartbeat->errorCode)) + " from HEARTBEAT response", now);
      }
      return;
    case ErrorCode::CoordinatorNotAvailable:
    case ErrorCode::NotCoordinator:
      coordinatorKnown_ = false;
      forgetCoordinator_ = true;
      return;
    case ErrorCode::CoordinatorLoadInProgress:
      nextHeartbeat_ = now + settings_.retryBackoff;
      return;
    default:
      failFatally(Error(heartbeat->errorCode, "heartbeat in group '" + settings_.groupId + "'"));
  }
}

void ClassicMembership::pollHeartbeat(GroupActions& actions, TimePoint now) {
  if (!heartbeats()) return;
  if (lastHeard_ + settings_.sessionTimeout <= now) {
    // Nothing was heard for so long: the coordinator may live elsewhere by now.
    coordinatorKnown_ = false;
    forgetCoordinator_ = true;
    lastHeard_ = now;
  }
  if (heartbeatInFlight_ == 0 && nextHeartbeat_ <= now && coordinatorKnown_) {
    protocol::HeartbeatRequest heartbeat;
    heartbeat.groupId = settings_.groupId;
    heartbeat.generationId = generation_;
    heartbeat.memberId = memberId_;
    heartbeat.groupInstanceId = settings_.instanceId;
    heartbeatInFlight_ = ++lastToken_;
    nextHeartbeat_ = now + settings_.heartbeatInterval;
    actions.requests.push_back({std::move(heartbeat), heartbeatInFlight_, std::min(settings_.requestTimeout, settings_.sessionTimeout)});
  }
  if (!coordinatorKnown_) actions.needsCoordinator = true;
  actions.wakeAt = std::min({actions.wakeAt, heartbeatInFlight_ == 0 ? nextHeartbeat_ : TimePoint::max(), lastHeard_ + settings_.sessionTimeout});
}

void ClassicMembership::checkPollInterval(GroupActions& actions, TimePoint now) {
  if (state_ == State::Out || state_ == State::Silent) return;
  const TimePoint deadline = lastPolled_ + settings_.maxPollInterval;
  if (deadline > now) {
    actions.wakeAt = std::min(actions.wakeAt, deadline);
    return;
  }
  // A static member keeps its place until its session runs out: it may come back. Both stop their heartbeats.
  if (!settings_.instanceId && !memberId_.empty()) leave_ = leaveRequest("consumer poll timeout has expired.");
  transitionTo(State::Silent);
  generation_ = -1;
  if (!settings_.instanceId) memberId_.clear();
  leads_ = false;
  events_.clear();
}

protocol::LeaveGroupRequest ClassicMembership::leaveRequest(const std::string& reason) const {
  protocol::LeaveGroupRequest request;
  request.groupId = settings_.groupId;
  auto& member = request.members.emplace_back();
  member.memberId = memberId_;
  member.groupInstanceId = settings_.instanceId;
  if (!reason.empty()) member.reason = reason.substr(0, 255);
  return request;
}

GroupActions ClassicMembership::poll(TimePoint now) {
  GroupActions actions;
  checkPollInterval(actions, now);
  if (state_ == State::Assigning) {
    tryToAssign(now);
    actions.wakeAt = std::min(actions.wakeAt, metadataDeadline_);
  }
  const bool wantsToSend = inFlight_ == 0 && ((state_ == State::Joining && (!topics_.empty() || !memberId_.empty())) || state_ == State::Syncing);
  if (wantsToSend && retryAt_ > now) {
    actions.wakeAt = std::min(actions.wakeAt, retryAt_);
  } else if (wantsToSend && !coordinatorKnown_) {
    actions.needsCoordinator = true;
  } else if (wantsToSend) {
    if (state_ == State::Joining) sendJoin(actions);
    else sendSync(actions);
  }
  pollHeartbeat(actions, now);
  actions.events = std::exchange(events_, {});
  actions.leave = std::exchange(leave_, std::nullopt);
  actions.forgetCoordinator = std::exchange(forgetCoordinator_, false);
  return actions;
}

ConsumerGroupMetadata ClassicMembership::metadata() const {
  return {settings_.groupId, generation_, memberId_, settings_.instanceId};
}

}  // namespace klamm::consumer
