#include "consumer/offset_commits.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace klamm::consumer {
namespace {

/// From here on topics are named by id only; names are enough for us and every broker knows the versions below.
constexpr std::int16_t kLastVersionWithNames = 9;
constexpr std::int16_t kFirstVersionOfGroups = 8;  ///< OffsetFetch of several groups at once
constexpr std::int16_t kFirstStableVersion = 7;    ///< OffsetFetch can ask for stable offsets

bool coordinatorIsWrong(ErrorCode code) {
  return code == ErrorCode::NotCoordinator || code == ErrorCode::CoordinatorNotAvailable || code == ErrorCode::RequestTimedOut ||
         code == ErrorCode::NetworkException || code == ErrorCode::ResolveFailed;
}

bool isMembershipError(ErrorCode code) {
  return code == ErrorCode::UnknownMemberId || code == ErrorCode::IllegalGeneration || code == ErrorCode::FencedInstanceId ||
         code == ErrorCode::RebalanceInProgress;
}

protocol::OffsetCommitRequest commitRequest(const OffsetMap& offsets) {
  protocol::OffsetCommitRequest request;
  for (const auto& [partition, offset] : offsets) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) request.topics.emplace_back().name = partition.topic;
    auto& entry = request.topics.back().partitions.emplace_back();
    entry.partitionIndex = partition.partition;
    entry.committedOffset = offset.offset;
    entry.committedLeaderEpoch = offset.leaderEpoch.value_or(-1);
    entry.committedMetadata = offset.metadata;
  }
  return request;
}

std::map<std::string, std::vector<std::int32_t>> byTopic(const TopicPartitions& partitions) {
  std::map<std::string, std::vector<std::int32_t>> topics;
  for (const TopicPartition& partition : partitions) topics[partition.topic].push_back(partition.partition);
  return topics;
}

protocol::OffsetFetchRequest lookupRequest(const std::string& groupId, const TopicPartitions& partitions, bool stable, std::int16_t version) {
  protocol::OffsetFetchRequest request;
  request.requireStable = stable && version >= kFirstStableVersion;
  const auto ask = [&](auto& ofGroup) {
    ofGroup.groupId = groupId;
    ofGroup.topics.emplace();
    for (auto& [topic, numbers] : byTopic(partitions)) {
      auto& entry = ofGroup.topics->emplace_back();
      entry.name = topic;
      entry.partitionIndexes = numbers;
    }
  };
  if (version >= kFirstVersionOfGroups) ask(request.groups.emplace_back());
  else ask(request);
  return request;
}

template <class Topics>
Status addCommitted(const Topics& topics, OffsetMap& offsets) {
  for (const auto& topic : topics) {
    for (const auto& partition : topic.partitions) {
      const TopicPartition name{topic.name, partition.partitionIndex};
      if (partition.errorCode != ErrorCode::None) return klamm::fail(partition.errorCode, "committed offset of " + name.toString());
      if (partition.committedOffset < 0) continue;
      OffsetAndMetadata& offset = offsets[name];
      offset.offset = partition.committedOffset;
      if (partition.committedLeaderEpoch >= 0) offset.leaderEpoch = partition.committedLeaderEpoch;
      offset.metadata = partition.metadata.value_or("");
    }
  }
  return {};
}

}  // namespace

Error commitError(const protocol::OffsetCommitResponse& response) {
  Error first;
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.errorCode == ErrorCode::None) continue;
      Error error(partition.errorCode, "committing " + topic.name + "-" + std::to_string(partition.partitionIndex));
      // A topic that may not be read is told only when nothing worse was: the others were refused for a reason of the group.
      if (!first || first.code() == ErrorCode::TopicAuthorizationFailed) first = std::move(error);
    }
  }
  return first;
}

Result<OffsetMap> committedOffsets(const protocol::OffsetFetchResponse& response) {
  OffsetMap offsets;
  if (response.errorCode != ErrorCode::None) return klamm::fail(response.errorCode, "looking up committed offsets");
  for (const auto& group : response.groups) {
    if (group.errorCode != ErrorCode::None) return klamm::fail(group.errorCode, "looking up committed offsets of group '" + group.groupId + "'");
    KLAMM_TRY(addCommitted(group.topics, offsets));
  }
  KLAMM_TRY(addCommitted(response.topics, offsets));
  return offsets;
}

OffsetCommits::OffsetCommits(Settings settings, client::NetworkClient& network, GroupCoordinatorLink& coordinator, const Clock& clock, Hooks hooks)
    : settings_(std::move(settings)), network_(network), coordinator_(coordinator), clock_(clock), hooks_(std::move(hooks)) {}

void OffsetCommits::commit(Commit commit) { commits_.push_back(std::move(commit)); }

void OffsetCommits::lookUp(Lookup lookup) { lookups_.push_back(std::move(lookup)); }

void OffsetCommits::fail(const Error& why) {
  for (Commit& commit : std::exchange(commits_, {})) commit.done(why);
  for (Lookup& lookup : std::exchange(lookups_, {})) lookup.done(klamm::fail(why));
}

bool OffsetCommits::expire(TimePoint now) {
  bool any = false;
  const auto split = [now](auto& queue) {
    std::remove_reference_t<decltype(queue)> late;
    std::remove_reference_t<decltype(queue)> rest;
    for (auto& one : queue) (one.deadline <= now ? late : rest).push_back(std::move(one));
    queue = std::move(rest);
    return late;
  };
  for (Commit& commit : split(commits_)) {
    any = true;
    commit.done(commit.untilDeadline ? Error(ErrorCode::RequestTimedOut, "the offsets could not be committed in time")
                                     : Error(ErrorCode::RetriableCommitFailed, "the coordinator could not be reached in time"));
  }
  for (Lookup& lookup : split(lookups_)) {
    any = true;
    lookup.done(klamm::fail(ErrorCode::RequestTimedOut, "the committed offsets could not be looked up in time"));
  }
  return any;
}

TimePoint OffsetCommits::run(TimePoint now) {
  while (expire(now)) {
  }
  if (commits_.empty() && lookups_.empty()) return TimePoint::max();
  TimePoint wakeAt = TimePoint::max();
  for (const Commit& commit : commits_) wakeAt = std::min(wakeAt, commit.deadline);
  for (const Lookup& lookup : lookups_) wakeAt = std::min(wakeAt, lookup.deadline);
  if (retryAt_ > now) return std::min(wakeAt, retryAt_);
  const auto node = coordinator_.node();
  if (!node) {
    coordinator_.need(now);
    return wakeAt;
  }
  for (Commit& commit : std::exchange(commits_, {})) sendCommit(*node, std::move(commit), now);
  for (Lookup& lookup : std::exchange(lookups_, {})) sendLookup(*node, std::move(lookup), now);
  return TimePoint::max();
}

Error OffsetCommits::memberError(const Commit& commit) const {
  if (!commit.asMember) return {};
  if (hooks_.rebalancing()) return Error(ErrorCode::RebalanceInProgress, "the group is rebalancing: poll() until it is done, then commit again");
  if (hooks_.member().generationId < 0) return Error(ErrorCode::CommitFailed, "the consumer is not a member of an active group");
  return {};
}

void OffsetCommits::sendCommit(client::NodeId node, Commit commit, TimePoint now) {
  if (const Error error = memberError(commit)) {
    commit.done(error);
    return;
  }
  auto request = commitRequest(commit.offsets);
  request.groupId = settings_.groupId;
  std::int32_t generation = -1;
  if (commit.asMember) {
    const ConsumerGroupMetadata member = hooks_.member();
    generation = member.generationId;
    request.generationIdOrMemberEpoch = member.generationId;
    request.memberId = member.memberId;
    request.groupInstanceId = settings_.instanceId;
  }
  client::CallOptions options;
  options.timeout = std::min(settings_.requestTimeout, std::max<Duration>(commit.deadline - now, std::chrono::milliseconds(1)));
  options.maxVersion = kLastVersionWithNames;
  ++inFlight_;
  // On the heap: a commit is larger than what a callback holds in place.
  auto held = std::make_unique<Commit>(std::move(commit));
  network_.send<protocol::OffsetCommitRequest>(
      node, client::Channel::Coordinator, std::move(request), options,
      [this, alive = std::weak_ptr<bool>(alive_), node, generation, held = std::move(held)](Result<protocol::OffsetCommitResponse> response) {
        if (!alive.expired()) commitAnswered(node, std::move(*held), generation, std::move(response));
      });
}

void OffsetCommits::commitAnswered(client::NodeId node, Commit commit, std::int32_t generation, Result<protocol::OffsetCommitResponse> response) {
  --inFlight_;
  const Error error = response ? commitError(*response) : response.error();
  if (error && coordinatorIsWrong(error.code())) coordinator_.wrong(node);
  if (!error) {
    commit.done({});
  } else if (isMembershipError(error.code())) {
    const bool current = hooks_.member().generationId == generation;
    hooks_.refused(error.code(), generation);
    if (error.code() == ErrorCode::FencedInstanceId && current) commit.done(error);
    else if (error.code() == ErrorCode::RebalanceInProgress && current) commit.done(Error(error.code(), "the group is rebalancing: poll() until it is done, then commit again"));
    else commit.done(Error(ErrorCode::CommitFailed, std::string(errorName(error.code())) + " while " + error.context()));
  } else if (error.retriable() && commit.untilDeadline && error.code() != ErrorCode::Closed) {
    retryAt_ = clock_.now() + settings_.retryBackoff;
    commits_.push_front(std::move(commit));
  } else if (error.retriable()) {
    commit.done(Error(ErrorCode::RetriableCommitFailed, error.message()));
  } else {
    commit.done(error);
  }
  hooks_.changed();
}

void OffsetCommits::sendLookup(client::NodeId node, Lookup lookup, TimePoint now) {
  client::CallOptions options;
  options.timeout = std::min(settings_.requestTimeout, std::max<Duration>(lookup.deadline - now, std::chrono::milliseconds(1)));
  options.maxVersion = kLastVersionWithNames;
  ++inFlight_;
  auto held = std::make_shared<Lookup>(std::move(lookup));
  network_.sendBuilt<protocol::OffsetFetchRequest>(
      node, client::Channel::Coordinator,
      [groupId = settings_.groupId, stable = settings_.requireStable, held](std::int16_t version) -> Result<protocol::OffsetFetchRequest> {
        return lookupRequest(groupId, held->partitions, stable, version);
      },
      options,
      [this, alive = std::weak_ptr<bool>(alive_), node, held](Result<protocol::OffsetFetchResponse> response) {
        if (!alive.expired()) lookupAnswered(node, std::move(*held), std::move(response));
      });
}

void OffsetCommits::lookupAnswered(client::NodeId node, Lookup lookup, Result<protocol::OffsetFetchResponse> response) {
  --inFlight_;
  Result<OffsetMap> offsets = response ? committedOffsets(*response) : Result<OffsetMap>(klamm::fail(response.error()));
  if (offsets) {
    lookup.done(std::move(offsets));
  } else if (const ErrorCode code = offsets.error().code(); code != ErrorCode::Closed && (offsets.error().retriable() || coordinatorIsWrong(code))) {
    if (coordinatorIsWrong(code)) coordinator_.wrong(node);
    retryAt_ = clock_.now() + settings_.retryBackoff;
    lookups_.push_front(std::move(lookup));
  } else {
    lookup.done(std::move(offsets));
  }
  hooks_.changed();
}

}  // namespace klamm::consumer
