#include "consumer/positions.h"

#include <algorithm>
#include <utility>

namespace klamm::consumer {
namespace {

using Phase = PartitionState::Phase;
/// Versions below do not let a client ask.
constexpr std::int16_t kFirstEpochVersionForClients = 3;

}  // namespace

Positions::Positions(Settings settings, ConsumerShared& shared, client::NetworkClient& network, client::Metadata& metadata, OffsetCommits* commits,
                     const Clock& clock, std::function<void()> changed)
    : settings_(settings), shared_(shared), network_(network), metadata_(metadata), commits_(commits), clock_(clock), changed_(std::move(changed)) {}

std::int32_t Positions::leaderEpoch(const TopicPartition& partition) const {
  const auto cluster = metadata_.snapshot();
  const client::PartitionMetadata* known = cluster->partition(partition.topic, partition.partition);
  return known == nullptr ? -1 : known->leaderEpoch;
}

bool Positions::canValidate(client::NodeId node) const {
  const auto version = network_.version(node, protocol::ApiKey::OffsetForLeaderEpoch);
  return !version || (*version && **version >= kFirstEpochVersionForClients);
}

TimePoint Positions::run(TimePoint now) {
  lookUpCommitted(now);
  const auto cluster = metadata_.snapshot();
  reset(*cluster, now);
  validate(*cluster, now);
  TimePoint wakeAt = TimePoint::max();
  const MutexLock lock(shared_.mutex);
  for (const auto& [partition, state] : shared_.subscriptions.partitions()) {
    if (state.phase != Phase::Fetching && !state.requested && state.retryAt > now) wakeAt = std::min(wakeAt, state.retryAt);
  }
  return wakeAt;
}

void Positions::clusterChanged(const client::ClusterSnapshot& cluster) {
  const MutexLock lock(shared_.mutex);
  for (auto& [partition, state] : shared_.subscriptions.partitions()) {
    const client::PartitionMetadata* known = cluster.partition(partition.topic, partition.partition);
    if (known != nullptr && known->leader >= 0) shared_.subscriptions.leaderChanged(state, known->leaderEpoch, canValidate(known->leader));
  }
}

void Positions::retryLater(const std::vector<Pending>& asked, TimePoint now) {
  for (const Pending& one : asked) {
    if (PartitionState* state = shared_.subscriptions.find(one.partition, one.incarnation)) {
      state->requested = false;
      state->retryAt = now + settings_.retryBackoff;
    }
  }
}

void Positions::raise(const PartitionState& state, ErrorCode code, std::string what) {
  shared_.raise({Error(code, std::move(what)), *state.name, state.incarnation});
}

// ---- committed offsets ------------------------------------------------------------------------------------------------------

void Positions::lookUpCommitted(TimePoint now) {
  std::vector<Pending> asked;
  {
    const MutexLock lock(shared_.mutex);
    auto& subscriptions = shared_.subscriptions;
    for (const TopicPartition& partition : subscriptions.initializing(now)) {
      PartitionState* state = subscriptions.find(partition);
      if (settings_.hasGroup && commits_ != nullptr) {
        state->requested = true;
        asked.push_back({partition, state->incarnation, -1});
      } else if (subscriptions.defaultReset().kind == ResetPolicy::Kind::None) {
        state->retryAt = now + settings_.retryBackoff;
        raise(*state, ErrorCode::NoOffsetForPartition, "partition " + partition.toString());
      } else {
        subscriptions.requestReset(*state, subscriptions.defaultReset());
      }
    }
  }
  if (asked.empty()) return;
  OffsetCommits::Lookup lookup;
  for (const Pending& one : asked) lookup.partitions.push_back(one.partition);
  lookup.deadline = now + settings_.requestTimeout;
  lookup.done = [this, alive = std::weak_ptr<bool>(alive_), asked = std::move(asked)](Result<OffsetMap> offsets) {
    if (!alive.expired()) committedFound(asked, std::move(offsets));
  };
  commits_->lookUp(std::move(lookup));
  changed_();
}

void Positions::committedFound(const std::vector<Pending>& asked, Result<OffsetMap> offsets) {
  const TimePoint now = clock_.now();
  {
    const MutexLock lock(shared_.mutex);
    auto& subscriptions = shared_.subscriptions;
    if (!offsets) {
      if (!offsets.error().retriable() && offsets.error().code() != ErrorCode::Closed) shared_.raise(offsets.error());
      retryLater(asked, now);
    }
    for (const Pending& one : asked) {
      PartitionState* state = subscriptions.find(one.partition, one.incarnation);
      if (state == nullptr || state->phase != Phase::Initializing || !offsets) continue;
      state->requested = false;
      if (const auto found = offsets->find(one.partition); found != offsets->end()) {
        const bool validate = found->second.leaderEpoch.has_value();
        subscriptions.startAt(*state, {found->second.offset, found->second.leaderEpoch, leaderEpoch(one.partition)}, validate);
      } else if (subscriptions.defaultReset().kind == ResetPolicy::Kind::None) {
        state->retryAt = now + settings_.retryBackoff;
        raise(*state, ErrorCode::NoOffsetForPartition, "partition " + one.partition.toString());
      } else {
        subscriptions.requestReset(*state, subscriptions.defaultReset());
      }
    }
    shared_.notify();
  }
  changed_();
}

// ---- resets -----------------------------------------------------------------------------------------------------------------

void Positions::reset(const client::ClusterSnapshot& cluster, TimePoint now) {
  OffsetQuestions questions;
  std::map<TopicPartition, Pending> pending;
  std::set<TopicPartition> withoutLeader;
  std::vector<LeaderQuestion> requests;
  {
    const MutexLock lock(shared_.mutex);
    for (auto& [partition, state] : shared_.subscriptions.partitions()) {
      if (state.phase != Phase::AwaitReset || state.requested || state.retryAt > now) continue;
      questions[partition] = state.resetTo.timestamp(clock_.wallMillis());
      pending[partition] = {partition, state.incarnation, -1};
    }
    if (questions.empty()) return;
    requests = askLeaders(questions, cluster, settings_.readCommitted, settings_.requestTimeout, withoutLeader);
    for (const auto& [partition, one] : pending) {
      if (withoutLeader.count(partition) == 0) shared_.subscriptions.find(partition)->requested = true;
    }
  }
  if (!withoutLeader.empty()) metadata_.requestUpdate("the leader of " + withoutLeader.begin()->toString() + " is not known");
  client::CallOptions options;
  options.timeout = settings_.requestTimeout;
  for (LeaderQuestion& question : requests) {
    std::vector<Pending> asked;
    for (const auto& topic : question.request.topics) {
      for (const auto& entry : topic.partitions) asked.push_back(pending[{topic.name, entry.partitionIndex}]);
    }
    network_.send<protocol::ListOffsetsRequest>(
        question.leader, client::Channel::General, std::move(question.request), options,
        [this, alive = std::weak_ptr<bool>(alive_), asked = std::move(asked)](Result<protocol::ListOffsetsResponse> response) {
          if (!alive.expired()) resetFound(asked, std::move(response));
        });
  }
}

void Positions::resetFound(const std::vector<Pending>& asked, Result<protocol::ListOffsetsResponse> response) {
  const TimePoint now = clock_.now();
  bool refresh = !response;
  {
    const MutexLock lock(shared_.mutex);
    if (!response) {
      if (response.error().code() == ErrorCode::MalformedResponse) shared_.raise(response.error());
      retryLater(asked, now);
    } else {
      const FoundOffsets found = foundOffsets(*response);
      for (const Pending& one : asked) {
        const auto at = found.find(one.partition);
        const FoundOffset answer = at == found.end() ? FoundOffset{ErrorCode::UnknownTopicOrPartition, -1, -1, {}} : at->second;
        refresh = refresh || answer.error != ErrorCode::None;
        applyReset(one, answer, now);
      }
    }
    shared_.notify();
  }
  if (refresh) metadata_.requestUpdate("an offset reset failed");
  changed_();
}

void Positions::applyReset(const Pending& pending, const FoundOffset& found, TimePoint now) {
  auto& subscriptions = shared_.subscriptions;
  PartitionState* state = subscriptions.find(pending.partition, pending.incarnation);
  if (state == nullptr || state->phase != Phase::AwaitReset) return;
  state->requested = false;
  if (found.error != ErrorCode::None) {
    state->retryAt = now + settings_.retryBackoff;
    if (!passes(found.error)) raise(*state, found.error, "resetting the offset of " + pending.partition.toString());
  } else if (found.offset >= 0) {
    subscriptions.startAt(*state, {found.offset, {}, found.leaderEpoch.value_or(leaderEpoch(pending.partition))}, false);
  } else if (state->resetTo.kind == ResetPolicy::Kind::ByDuration) {  // nothing that young: begin at the end
    subscriptions.requestReset(*state, {ResetPolicy::Kind::Latest, {}});
  } else {
    state->retryAt = now + settings_.retryBackoff;
  }
}

// ---- validation ---------------------------------------------------------------------------------------------------------------

void Positions::validate(const client::ClusterSnapshot& cluster, TimePoint now) {
  std::map<client::NodeId, protocol::OffsetForLeaderEpochRequest> requests;
  PendingByNode pending;
  bool leaderMissing = false;
  {
    const MutexLock lock(shared_.mutex);
    for (auto& [partition, state] : shared_.subscriptions.partitions()) {
      if (state.phase != Phase::AwaitValidation || state.requested || state.retryAt > now) continue;
      const client::PartitionMetadata* known = cluster.partition(partition.topic, partition.partition);
      if (known == nullptr || known->leader < 0) {
        leaderMissing = true;  // the next snapshot calls this again
        continue;
      }
      if (!canValidate(known->leader) || !state.position.offsetEpoch) {
        shared_.subscriptions.validated(state);
        continue;
      }
      auto& request = requests[known->leader];
      if (request.topics.empty() || request.topics.back().topic != partition.topic) request.topics.emplace_back().topic = partition.topic;
      auto& entry = request.topics.back().partitions.emplace_back();
      entry.partition = partition.partition;
      entry.currentLeaderEpoch = known->leaderEpoch;
      entry.leaderEpoch = *state.position.offsetEpoch;
      state.requested = true;
      pending[known->leader].push_back({partition, state.incarnation, *state.position.offsetEpoch});
    }
  }
  if (leaderMissing) metadata_.requestUpdate("a leader is not known");
  client::CallOptions options;
  options.timeout = settings_.requestTimeout;
  for (auto& [node, request] : requests) {
    request.replicaId = -1;
    network_.send<protocol::OffsetForLeaderEpochRequest>(
        node, client::Channel::General, std::move(request), options,
        [this, alive = std::weak_ptr<bool>(alive_), asked = std::move(pending[node])](Result<protocol::OffsetForLeaderEpochResponse> response) {
          if (!alive.expired()) validated(asked, std::move(response));
        });
  }
}

void Positions::validated(const std::vector<Pending>& asked, Result<protocol::OffsetForLeaderEpochResponse> response) {
  const TimePoint now = clock_.now();
  bool refresh = false;
  {
    const MutexLock lock(shared_.mutex);
    if (!response && response.error().code() == ErrorCode::UnsupportedVersion) {
      for (const Pending& one : asked) {
        PartitionState* state = shared_.subscriptions.find(one.partition, one.incarnation);
        if (state != nullptr && state->phase == Phase::AwaitValidation) shared_.subscriptions.validated(*state);
      }
    } else if (!response) {
      if (response.error().code() == ErrorCode::MalformedResponse) shared_.raise(response.error());
      retryLater(asked, now);
      refresh = true;
    } else {
      std::map<TopicPartition, protocol::OffsetForLeaderEpochResponse::EpochEndOffset> ends;
      for (const auto& topic : response->topics) {
        for (const auto& end : topic.partitions) ends[{topic.topic, end.partition}] = end;
      }
      for (const Pending& one : asked) {
        const auto end = ends.find(one.partition);
        if (end == ends.end() || end->second.errorCode != ErrorCode::None) {
          retryLater({one}, now);
          refresh = true;
          if (end != ends.end() && !passes(end->second.errorCode)) {
            shared_.raise({Error(end->second.errorCode, "checking the position of " + one.partition.toString()), one.partition, one.incarnation});
          }
          continue;
        }
        applyValidation(one, end->second, now);
      }
    }
    shared_.notify();
  }
  if (refresh) metadata_.requestUpdate("a position could not be checked");
  changed_();
}

void Positions::applyValidation(const Pending& pending, const protocol::OffsetForLeaderEpochResponse::EpochEndOffset& end, TimePoint now) {
  auto& subscriptions = shared_.subscriptions;
  PartitionState* state = subscriptions.find(pending.partition, pending.incarnation);
  if (state == nullptr || state->phase != Phase::AwaitValidation) return;
  state->requested = false;
  const bool undefined = end.endOffset < 0 || end.leaderEpoch < 0;
  if (!undefined && end.endOffset >= state->position.offset) {
    subscriptions.validated(*state);
    return;
  }
  // The log was cut below the position: what was read there is gone.
  if (subscriptions.defaultReset().kind == ResetPolicy::Kind::None) {
    state->retryAt = now + settings_.retryBackoff;
    raise(*state, ErrorCode::OffsetOutOfRange,
          "the log of " + pending.partition.toString() + " was truncated below offset " + std::to_string(state->position.offset));
  } else if (undefined) {
    subscriptions.requestReset(*state, subscriptions.defaultReset());
  } else {
    subscriptions.startAt(*state, {end.endOffset, end.leaderEpoch, state->position.leaderEpoch}, false);
  }
}

}  // namespace klamm::consumer
