// Membership: what reaches the groups of a shard from their members, the clock and the log.

#include "coordinator/group/group_shard.h"

namespace klamm::broker::coordinator {

GroupShard::GroupShard(const GroupConfig& config, Random& random, Log log)
    : config_(config), random_(random), log_(std::move(log)), protocol_(config_, timers_, random_, log_) {}

ClassicGroup* GroupShard::find(const std::string& groupId) {
  const auto it = groups_.find(groupId);
  return it == groups_.end() ? nullptr : &it->second;
}

Step GroupShard::join(const RequestInfo& info, protocol::JoinGroupRequest request, Answer<protocol::JoinGroupResponse> answer, Moment now) {
  Step step;
  const std::string groupId = request.groupId;
  ClassicGroup* group = find(groupId);
  const bool isNewGroup = group == nullptr;
  if (isNewGroup) {
    protocol::JoinGroupResponse refused;
    refused.memberId = request.memberId;
    // Only a member without an id starts a group: one with an id believes in a group that is no more.
    if (!request.memberId.empty()) refused.errorCode = ErrorCode::UnknownMemberId;
    else if (groups_.size() >= config_.maxGroups) refused.errorCode = ErrorCode::CoordinatorNotAvailable;
    if (refused.errorCode != ErrorCode::None) {
      step.reply(std::move(answer), std::move(refused));
      return step;
    }
    group = &groups_.try_emplace(groupId, groupId).first->second;
    step.records.emplace_back(GroupRecord{.group = groupId, .value = group->toRecord()});
    std::get<GroupRecord>(step.records.back()).value->currentStateTimestamp = now.wallMillis;
    step.ifRefused = [this, groupId](Step& next, Moment) { dropGroup(groupId, ErrorCode::CoordinatorNotAvailable, next); };
  }
  protocol_.join(*group, info, std::move(request), std::move(answer), now, step);
  return step;
}

void GroupShard::dropGroup(const std::string& groupId, ErrorCode error, Step& step) {
  const auto it = groups_.find(groupId);
  if (it == groups_.end()) return;
  protocol_.abandon(it->second, error, step);
  groups_.erase(it);
}

Step GroupShard::sync(const protocol::SyncGroupRequest& request, Answer<protocol::SyncGroupResponse> answer, Moment now) {
  Step step;
  if (ClassicGroup* group = find(request.groupId)) {
    protocol_.sync(*group, request, std::move(answer), now, step);
  } else {
    protocol::SyncGroupResponse response;
    response.errorCode = ErrorCode::UnknownMemberId;
    step.reply(std::move(answer), std::move(response));
  }
  return step;
}

Step GroupShard::heartbeat(const protocol::HeartbeatRequest& request, Answer<protocol::HeartbeatResponse> answer, Moment now) {
  Step step;
  ClassicGroup* group = find(request.groupId);
  protocol::HeartbeatResponse response;
  response.errorCode = group == nullptr ? ErrorCode::UnknownMemberId : protocol_.heartbeat(*group, request, now);
  step.reply(std::move(answer), std::move(response));
  return step;
}

Step GroupShard::leave(const protocol::LeaveGroupRequest& request, Answer<protocol::LeaveGroupResponse> answer, Moment now) {
  Step step;
  protocol::LeaveGroupResponse response;
  if (ClassicGroup* group = find(request.groupId)) {
    response = protocol_.leave(*group, request, now, step);
  } else {
    for (const auto& identity : request.members) {
      protocol::LeaveGroupResponse::MemberResponse unknown;
      unknown.memberId = identity.memberId;
      unknown.groupInstanceId = identity.groupInstanceId;
      unknown.errorCode = ErrorCode::UnknownMemberId;
      response.members.push_back(std::move(unknown));
    }
  }
  step.reply(std::move(answer), std::move(response));
  return step;
}

std::optional<Step> GroupShard::onTimer(Moment now) {
  const auto timer = timers_.popDue(now.at);
  if (!timer) return std::nullopt;
  Step step;
  if (timer->kind == TimerKey::Kind::OffsetExpiry) {
    expireOffsets(now, step);
    timers_.schedule(*timer, now.at + config_.offsetsRetentionCheckInterval);
  } else if (ClassicGroup* group = find(timer->groupId)) {
    protocol_.onTimer(*group, *timer, now, step);
  }
  return step;
}

void GroupShard::replay(const CoordinatorRecord& record) {
  if (const auto* offset = std::get_if<OffsetRecord>(&record)) {
    // Offsets without a group of members: a group that only stores offsets.
    if (offset->value) groups_.try_emplace(offset->group, offset->group);
    offsets_.apply(*offset);
    return;
  }
  const auto& stored = std::get<GroupRecord>(record);
  if (stored.value) {
    groups_.try_emplace(stored.group, stored.group).first->second.apply(*stored.value);
  } else if (ClassicGroup* group = find(stored.group)) {
    Step none;  // nobody waits in a group that may be deleted
    protocol_.abandon(*group, ErrorCode::CoordinatorNotAvailable, none);
    groups_.erase(stored.group);
  }
}

Step GroupShard::onLoaded(Moment now) {
  Step step;
  timers_.schedule({.kind = TimerKey::Kind::OffsetExpiry}, now.at + config_.offsetsRetentionCheckInterval);
  for (auto& [id, group] : groups_) protocol_.onLoaded(group, now, step);
  return step;
}

Step GroupShard::unload(ErrorCode error) {
  Step step;
  for (auto& [id, group] : groups_) protocol_.abandon(group, error, step);
  groups_.clear();
  offsets_.clear();
  timers_.clear();
  return step;
}

}  // namespace klamm::broker::coordinator
