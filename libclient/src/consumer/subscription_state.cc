#include "consumer/subscription_state.h"

#include <utility>

namespace klamm::consumer {
namespace {

using Phase = PartitionState::Phase;

Status exclusive(const char* wanted) {
  return klamm::fail(ErrorCode::IllegalState, std::string(wanted) +
                                                  ": subscribe, subscribePattern and assign exclude one another; call unsubscribe() before");
}

}  // namespace

Status SubscriptionState::subscribe(std::set<std::string> topics) {
  if (type_ != SubscriptionType::None && type_ != SubscriptionType::Topics) return exclusive("subscribe");
  type_ = SubscriptionType::Topics;
  topics_ = std::move(topics);
  ++version_;
  return {};
}

Status SubscriptionState::subscribePattern(const std::string& regex) {
  if (type_ != SubscriptionType::None && type_ != SubscriptionType::Pattern) return exclusive("subscribePattern");
  try {
    pattern_.emplace(regex, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& refused) {  // the only way std::regex tells
    return klamm::fail(ErrorCode::InvalidRegularExpression, "'" + regex + "': " + refused.what());
  }
  type_ = SubscriptionType::Pattern;
  topics_.clear();
  ++version_;
  return {};
}

Status SubscriptionState::assignByUser(const TopicPartitions& partitions) {
  if (type_ != SubscriptionType::None && type_ != SubscriptionType::Assigned) return exclusive("assign");
  type_ = SubscriptionType::Assigned;
  assignByGroup(partitions);
  return {};
}

void SubscriptionState::unsubscribe() {
  type_ = SubscriptionType::None;
  topics_.clear();
  pattern_.reset();
  partitions_.clear();
  ++version_;
}

bool SubscriptionState::matches(const std::string& topic) const { return pattern_ && std::regex_match(topic, *pattern_); }

bool SubscriptionState::matchTopics(const std::vector<std::string>& all) {
  if (type_ != SubscriptionType::Pattern) return false;
  std::set<std::string> matched;
  for (const std::string& topic : all) {
    if (matches(topic)) matched.insert(topic);
  }
  if (matched == topics_) return false;
  topics_ = std::move(matched);
  ++version_;
  return true;
}

PartitionState SubscriptionState::makeState(const TopicPartition& partition) {
  PartitionState state;
  state.name = std::make_shared<const TopicPartition>(partition);
  state.incarnation = nextIncarnation_;
  nextIncarnation_ += std::uint64_t{1} << 32;  // jumps of one partition never reach the next one's numbers
  return state;
}

void SubscriptionState::assignByGroup(const TopicPartitions& partitions) {
  std::map<TopicPartition, PartitionState> next;
  for (const TopicPartition& partition : partitions) {
    auto existing = partitions_.extract(partition);
    if (existing.empty()) next.try_emplace(partition, makeState(partition));
    else next.insert(std::move(existing));
  }
  partitions_ = std::move(next);
  ++version_;
}

TopicPartitions SubscriptionState::assigned() const {
  TopicPartitions result;
  result.reserve(partitions_.size());
  for (const auto& [partition, state] : partitions_) result.push_back(partition);
  return result;
}

PartitionState* SubscriptionState::find(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : &found->second;
}

PartitionState* SubscriptionState::find(const TopicPartition& partition, std::uint64_t incarnation) {
  PartitionState* state = find(partition);
  return state != nullptr && state->incarnation == incarnation ? state : nullptr;
}

void SubscriptionState::transitionTo(PartitionState& state, Phase to) {
  // Validation is only for a position that is there; everything else may follow everything (a seek is always allowed).
  if (to == Phase::AwaitValidation && state.phase == Phase::AwaitReset && state.position.offset < 0) return;
  state.phase = to;
  state.requested = false;
}

void SubscriptionState::jump(PartitionState& state) {
  ++state.incarnation;
  state.bufferedBytes = 0;
  state.blocked = false;
  state.retryAt = {};
}

void SubscriptionState::seek(PartitionState& state, const Position& to) { startAt(state, to, to.offsetEpoch.has_value()); }

void SubscriptionState::requestReset(PartitionState& state, const ResetPolicy& policy) {
  jump(state);
  state.resetTo = policy;
  transitionTo(state, Phase::AwaitReset);
}

void SubscriptionState::startAt(PartitionState& state, const Position& position, bool validate) {
  jump(state);
  state.position = position;
  state.nextFetch = position.offset;
  transitionTo(state, validate && position.offsetEpoch ? Phase::AwaitValidation : Phase::Fetching);
}

void SubscriptionState::leaderChanged(PartitionState& state, std::int32_t leaderEpoch, bool canValidate) {
  if (leaderEpoch < 0 || leaderEpoch <= state.position.leaderEpoch || !state.hasPosition()) return;
  state.position.leaderEpoch = leaderEpoch;
  state.preferredReplica = -1;
  if (!canValidate || !state.position.offsetEpoch) {
    if (state.phase == Phase::AwaitValidation) transitionTo(state, Phase::Fetching);
    return;
  }
  // What is buffered came from the old leader: it may have been cut off with it, so it is fetched again.
  jump(state);
  state.nextFetch = state.position.offset;
  transitionTo(state, Phase::AwaitValidation);
}

void SubscriptionState::consumed(PartitionState& state, std::int64_t next, std::optional<std::int32_t> epoch) {
  state.position.offset = next;
  if (epoch) state.position.offsetEpoch = epoch;
}

OffsetMap SubscriptionState::allConsumed() const {
  OffsetMap result;
  for (const auto& [partition, state] : partitions_) {
    if (state.hasPosition()) result.emplace(partition, OffsetAndMetadata{state.position.offset, state.position.offsetEpoch, ""});
  }
  return result;
}

TopicPartitions SubscriptionState::initializing(TimePoint now) const {
  TopicPartitions result;
  for (const auto& [partition, state] : partitions_) {
    if (state.phase == Phase::Initializing && !state.requested && state.retryAt <= now) result.push_back(partition);
  }
  return result;
}

}  // namespace klamm::consumer
