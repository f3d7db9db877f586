#include "coordinator/group/classic_group.h"

#include <algorithm>

#include <fmt/format.h>

#include "coordinator/group/subscription.h"

namespace klamm::broker::coordinator {
namespace {

/// 8-4-4-4-12 hexadecimal digits, as Java prints a UUID.
std::string hyphenated(const Uuid& id) {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", id.high >> 32, (id.high >> 16) & 0xFFFF, id.high & 0xFFFF, id.low >> 48,
                     id.low & 0xFFFF'FFFF'FFFF);
}

std::optional<std::string> noneIfEmpty(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

}  // namespace

std::string_view groupStateName(GroupState state) noexcept {
  switch (state) {
    case GroupState::Empty: return "Empty";
    case GroupState::PreparingRebalance: return "PreparingRebalance";
    case GroupState::CompletingRebalance: return "CompletingRebalance";
    case GroupState::Stable: return "Stable";
    case GroupState::Dead: return "Dead";
  }
  return "Unknown";
}

bool mayFollow(GroupState from, GroupState to) noexcept {
  switch (to) {
    case GroupState::Empty: return from == GroupState::PreparingRebalance;
    case GroupState::PreparingRebalance:
      return from == GroupState::Stable || from == GroupState::CompletingRebalance || from == GroupState::Empty;
    case GroupState::CompletingRebalance: return from == GroupState::PreparingRebalance;
    case GroupState::Stable: return from == GroupState::CompletingRebalance;
    case GroupState::Dead: return true;
  }
  return false;
}

const std::string* ClassicGroup::staticMemberId(const std::string& groupInstanceId) const {
  const auto it = staticMembers_.find(groupInstanceId);
  return it == staticMembers_.end() ? nullptr : &it->second;
}

void ClassicGroup::add(ClassicMember member) {
  if (members_.empty()) protocolType_ = member.protocolType;
  if (!leaderId_) leaderId_ = member.memberId;
  if (member.groupInstanceId) staticMembers_[*member.groupInstanceId] = member.memberId;
  pendingJoin_.erase(member.memberId);
  const std::string id = member.memberId;
  members_.insert_or_assign(id, std::move(member));
}

void ClassicGroup::remove(const std::string& memberId) {
  const std::string id = memberId;  // may be the key of the node that goes
  if (const auto it = members_.find(id); it != members_.end()) {
    if (it->second.groupInstanceId) staticMembers_.erase(*it->second.groupInstanceId);
    members_.erase(it);
  }
  if (isLeader(id)) leaderId_ = members_.empty() ? std::nullopt : std::optional(members_.begin()->first);
  pendingJoin_.erase(id);
  pendingSync_.erase(id);
}

void ClassicGroup::replaceStatic(const std::string& oldMemberId, const std::string& newMemberId) {
  const std::string oldId = oldMemberId;  // may lie in staticMembers_
  auto node = members_.extract(oldId);
  if (node.empty()) return;
  node.key() = newMemberId;
  ClassicMember& member = node.mapped();
  member.memberId = newMemberId;
  if (member.groupInstanceId) staticMembers_[*member.groupInstanceId] = newMemberId;
  members_.insert(std::move(node));
  if (isLeader(oldId)) leaderId_ = newMemberId;
  if (pendingSync_.erase(oldId) != 0) pendingSync_.insert(newMemberId);
}

ErrorCode ClassicGroup::validateMember(const std::string& memberId, const std::optional<std::string>& groupInstanceId) const {
  if (groupInstanceId) {
    const std::string* current = staticMemberId(*groupInstanceId);
    if (current == nullptr) return ErrorCode::UnknownMemberId;
    if (*current != memberId) return ErrorCode::FencedInstanceId;
  }
  return hasMember(memberId) ? ErrorCode::None : ErrorCode::UnknownMemberId;
}

std::size_t ClassicGroup::awaitingJoinCount() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& entry) { return entry.second.isAwaitingJoin(); }));
}

std::size_t ClassicGroup::protocolBytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& [id, member] : members_) sum += member.protocolBytes();
  return sum;
}

Millis ClassicGroup::rebalanceTimeout() const noexcept {
  Millis longest{0};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.terms.rebalanceTimeout);
  return longest;
}

bool ClassicGroup::electJoinedLeader() {
  if (!leaderId_) return false;
  if (const auto it = members_.find(*leaderId_); it != members_.end() && it->second.isAwaitingJoin()) return true;
  for (const auto& [id, member] : members_) {
    if (!member.isAwaitingJoin()) continue;
    leaderId_ = id;
    return true;
  }
  return false;
}

std::string ClassicGroup::newMemberId(const std::string& clientId, const std::optional<std::string>& groupInstanceId, Random& random) {
  return groupInstanceId.value_or(clientId) + "-" + hyphenated(Uuid::random(random));
}

bool ClassicGroup::supportsProtocols(const std::string& protocolType, const std::vector<MemberProtocol>& protocols) const {
  if (members_.empty()) return !protocolType.empty() && !protocols.empty();
  if (protocolType_ != protocolType) return false;
  return std::any_of(protocols.begin(), protocols.end(), [this](const MemberProtocol& protocol) {
    return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) { return entry.second.supports(protocol.name); });
  });
}

std::optional<std::string> ClassicGroup::selectProtocol() const {
  std::map<std::string, int> votes;
  for (const auto& [id, member] : members_) {
    const auto& choices = member.terms.protocols;
    const auto preferred = std::find_if(choices.begin(), choices.end(), [this](const MemberProtocol& choice) {
      return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) { return entry.second.supports(choice.name); });
    });
    if (preferred != choices.end()) ++votes[preferred->name];
  }
  const auto winner = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return winner == votes.end() ? std::nullopt : std::optional(winner->first);
}

bool ClassicGroup::isSubscribedTo(const std::string& topic) const {
  return usesConsumerProtocol() && (!subscribedTopics_ || subscribedTopics_->contains(topic));
}

void ClassicGroup::computeSubscribedTopics() {
  subscribedTopics_.reset();
  if (!usesConsumerProtocol()) return;
  std::set<std::string> topics;
  for (const auto& [id, member] : members_) {
    if (!protocolName_) return;
    const auto subscribed = subscribedTopics(member.metadata(*protocolName_));
    if (!subscribed) return;
    topics.insert(subscribed->begin(), subscribed->end());
  }
  subscribedTopics_ = std::move(topics);
}

void ClassicGroup::transitionTo(GroupState next, Moment now) {
  if (!mayFollow(state_, next)) return;
  previousState_ = state_;
  state_ = next;
  stateTimestamp_ = now.wallMillis;
}

void ClassicGroup::beginGeneration(Moment now) {
  ++generation_;
  pendingSync_.clear();
  protocolName_ = selectProtocol();
  computeSubscribedTopics();
  transitionTo(members_.empty() ? GroupState::Empty : GroupState::CompletingRebalance, now);
}

protocol::GroupMetadataValue ClassicGroup::toRecord(const std::map<std::string, Buffer>& assignments) const {
  protocol::GroupMetadataValue value;
  value.protocolType = protocolType_.value_or("");
  value.generation = generation_;
  value.protocol = protocolName_;
  value.leader = leaderId_;
  value.currentStateTimestamp = stateTimestamp_.value_or(-1);
  value.members.reserve(members_.size());
  for (const auto& [id, member] : members_) {
    protocol::GroupMetadataValue::MemberMetadata stored;
    stored.memberId = id;
    stored.groupInstanceId = member.groupInstanceId;
    stored.clientId = member.clientId;
    stored.clientHost = member.clientHost;
    stored.rebalanceTimeout = static_cast<std::int32_t>(member.terms.rebalanceTimeout.count());
    stored.sessionTimeout = static_cast<std::int32_t>(member.terms.sessionTimeout.count());
    stored.subscription = member.metadata(protocolName_.value_or(""));
    if (const auto it = assignments.find(id); it != assignments.end()) stored.assignment = it->second;
    value.members.push_back(std::move(stored));
  }
  return value;
}

protocol::GroupMetadataValue ClassicGroup::toRecord() const {
  std::map<std::string, Buffer> assignments;
  for (const auto& [id, member] : members_) assignments[id] = member.assignment;
  return toRecord(assignments);
}

void ClassicGroup::setLoadedMember(const protocol::GroupMetadataValue& value, const protocol::GroupMetadataValue::MemberMetadata& stored) {
  ClassicMember& member = members_[stored.memberId];
  if (member.memberId.empty()) {
    member.memberId = stored.memberId;
    member.groupInstanceId = stored.groupInstanceId;
    member.clientId = stored.clientId;
    member.clientHost = stored.clientHost;
    member.protocolType = value.protocolType;
    member.terms.sessionTimeout = Millis(stored.sessionTimeout);
    member.terms.rebalanceTimeout = Millis(stored.rebalanceTimeout == -1 ? stored.sessionTimeout : stored.rebalanceTimeout);
    member.terms.protocols = {{.name = value.protocol.value_or(""), .metadata = stored.subscription}};
    if (member.groupInstanceId) staticMembers_[*member.groupInstanceId] = member.memberId;
  }
  member.assignment = stored.assignment;
}

void ClassicGroup::apply(const protocol::GroupMetadataValue& value) {
  if (isIn(GroupState::PreparingRebalance)) return;
  std::set<std::string> stored;
  for (const auto& member : value.members) stored.insert(member.memberId);
  std::vector<std::string> gone;
  for (const auto& [id, member] : members_)
    if (!stored.contains(id)) gone.push_back(id);
  for (const std::string& id : gone) remove(id);
  for (const auto& member : value.members) setLoadedMember(value, member);

  protocolType_ = noneIfEmpty(value.protocolType);
  generation_ = value.generation;
  protocolName_ = value.protocol;
  leaderId_ = value.leader;
  if (value.currentStateTimestamp != -1) stateTimestamp_ = value.currentStateTimestamp;
  previousState_ = state_;
  state_ = members_.empty() ? GroupState::Empty : GroupState::Stable;
  computeSubscribedTopics();
}

}  // namespace klamm::broker::coordinator
