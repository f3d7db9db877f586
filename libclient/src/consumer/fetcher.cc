#include "consumer/fetcher.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace klamm::consumer {

void Fetcher::planPartition(PartitionState& state, const client::ClusterSnapshot& cluster, TimePoint now,
                            std::map<client::NodeId, NodePlan>& plans) {
  if (!state.fetchable()) return;
  if (state.retryAt > now) {
    atLatest(state.retryAt);
    return;
  }
  const client::TopicMetadata* topic = cluster.topic(state.name->topic);
  const client::PartitionMetadata* partition = cluster.partition(state.name->topic, state.name->partition);
  if (topic == nullptr || partition == nullptr || partition->leader < 0) {
    leaderMissing_ = true;
    return;
  }
  const bool fromReplica = state.preferredReplica >= 0 && state.preferredUntil > now && cluster.node(state.preferredReplica) != nullptr;
  const client::NodeId node = fromReplica ? state.preferredReplica : partition->leader;
  if (inFlight_.count(node) != 0) return;
  if (const auto retry = nodeRetryAt_.find(node); retry != nodeRetryAt_.end() && retry->second > now) {
    atLatest(retry->second);
    return;
  }
  NodePlan& plan = plans[node];
  const std::int64_t offset = promised(node, state);
  const bool ahead = offset != state.nextFetch;
  // Of one partition there is as much in memory as without fetching ahead: two answers.
  if (state.bufferedBytes > (ahead ? 0 : static_cast<std::size_t>(settings_.partitionMaxBytes))) plan.held = true;
  plan.targets[*state.name] = {topic->id, offset, settings_.partitionMaxBytes,
                               state.position.leaderEpoch >= 0 ? state.position.leaderEpoch : partition->leaderEpoch};
  plan.asked.partitions[*state.name] = {state.name, state.incarnation, offset, fromReplica, ahead};
}

/// Where to fetch on: behind what is buffered, or behind the answer that is arriving.
std::int64_t Fetcher::promised(client::NodeId node, const PartitionState& state) const {
  const auto arriving = arriving_.find(node);
  if (arriving == arriving_.end()) return state.nextFetch;
  const auto asked = arriving->second.partitions.find(*state.name);
  if (asked == arriving->second.partitions.end() || asked->second.incarnation != state.incarnation) return state.nextFetch;
  return asked->second.offset <= state.nextFetch ? std::max(asked->second.next, state.nextFetch) : state.nextFetch;
}

std::vector<Fetcher::Request> Fetcher::plan(SubscriptionState& subscriptions, const client::ClusterSnapshot& cluster, TimePoint now) {
  held_ = false;
  leaderMissing_ = false;
  retryAt_ = TimePoint::max();
  std::map<client::NodeId, NodePlan> plans;
  std::size_t claimed = 0;
  for (auto& [name, state] : subscriptions.partitions()) {
    claimed += state.bufferedBytes;
    planPartition(state, cluster, now, plans);
  }
  for (const auto* flying : {&arriving_, &inFlight_}) {
    for (const auto& [node, one] : *flying) claimed += one.expectedBytes;
  }
  const auto budget = static_cast<std::size_t>(settings_.maxBytes);
  std::vector<Request> requests;
  for (auto& [node, plan] : plans) {
    if (plan.held || (claimed >= budget && claimed > 0)) {
      held_ = true;
      continue;
    }
    const std::size_t maxBytes = budget - claimed;
    plan.asked.expectedBytes = std::min(maxBytes, plan.targets.size() * static_cast<std::size_t>(settings_.partitionMaxBytes));
    claimed += plan.asked.expectedBytes;
    requests.push_back(makeRequest(node, plan.targets, maxBytes));
    inFlight_[node] = std::move(plan.asked);
  }
  return requests;
}

Fetcher::Request Fetcher::makeRequest(client::NodeId node, const FetchTargets& targets, std::size_t maxBytes) {
  Request request;
  request.node = node;
  request.ahead = arriving_.count(node) != 0;
  request.body.maxWaitMs = static_cast<std::int32_t>(std::chrono::duration_cast<Millis>(settings_.maxWait).count());
  request.body.minBytes = settings_.minBytes;
  request.body.maxBytes = static_cast<std::int32_t>(maxBytes);
  request.body.isolationLevel = settings_.readCommitted ? 1 : 0;
  request.body.rackId = settings_.rack;
  FetchSession& session = sessions_[node];
  session.fill(request.body, targets);
  request.topicIds = session.usesTopicIds();
  return request;
}

Fetcher::PartitionAnswer Fetcher::digestPartition(const Asked& asked, protocol::FetchResponse::PartitionData& data) const {
  PartitionAnswer answer;
  answer.name = asked.name;
  answer.incarnation = asked.incarnation;
  answer.fetchOffset = asked.offset;
  answer.fromReplica = asked.fromReplica;
  answer.onPromise = asked.onPromise;
  answer.error = data.errorCode;
  answer.highWatermark = data.highWatermark;
  answer.lastStableOffset = data.lastStableOffset;
  answer.logStartOffset = data.logStartOffset;
  answer.preferredReplica = data.preferredReadReplica;
  Buffer records = data.records ? data.records->buffer() : Buffer();
  if (data.errorCode != ErrorCode::None || records.empty()) return answer;
  FetchedSource source{asked.name, asked.incarnation, asked.offset, settings_.checkCrcs, settings_.readCommitted, {}};
  if (data.abortedTransactions) source.aborted = std::move(*data.abortedTransactions);
  answer.records = FetchedPartition::arrive(std::move(source), std::move(records));
  return answer;
}

bool Fetcher::begun(client::NodeId node, const FetchPreview& preview) {
  const auto flying = inFlight_.find(node);
  if (flying == inFlight_.end() || arriving_.count(node) != 0) return false;
  FetchSession& session = sessions_[node];
  std::vector<const Asked*> order;
  for (const FetchPreview::Partition& one : preview.partitions()) {
    const TopicPartition* name = session.find(one.topic, one.topicId, one.index);
    const auto found = name == nullptr ? flying->second.partitions.end() : flying->second.partitions.find(*name);
    if (found == flying->second.partitions.end()) return false;
    if (one.next >= 0 && one.next <= found->second.offset) return false;  // nothing new: apply() knows what to do
    found->second.next = one.next;
    order.push_back(&found->second);
  }
  if (!session.begun(preview.sessionId())) return false;
  flying->second.begun = std::move(order);
  arriving_.insert(inFlight_.extract(flying));
  return true;
}

/// What the answer that comes next from this broker was asked for; nothing when none is awaited.
std::optional<Fetcher::InFlight> Fetcher::takeOldest(client::NodeId node) {
  for (auto* flying : {&arriving_, &inFlight_}) {
    if (auto found = flying->extract(node)) return std::move(found.mapped());
  }
  return std::nullopt;
}

Fetcher::Answer Fetcher::digest(client::NodeId node, Result<protocol::FetchResponse> response, TimePoint now) {
  Answer answer;
  const bool begun = arriving_.count(node) != 0;
  const std::optional<InFlight> asked = takeOldest(node);
  if (!asked) return answer;
  FetchSession& session = sessions_[node];
  if (!response) {
    session.failed();
    nodeRetryAt_[node] = now + settings_.retryBackoff;
    return answer;
  }
  nodeRetryAt_.erase(node);
  if (!begun && !session.answered(*response)) {
    // A lost session is begun anew at once; anything else is worth a pause.
    if (response->errorCode != ErrorCode::FetchSessionIdNotFound && response->errorCode != ErrorCode::InvalidFetchSessionEpoch) {
      nodeRetryAt_[node] = now + settings_.retryBackoff;
    }
    return answer;
  }
  std::size_t place = 0;
  for (auto& topic : response->responses) {
    for (auto& data : topic.partitions) {
      const Asked* of = nullptr;
      if (begun) {  // the session may speak of other partitions by now
        if (place < asked->begun.size()) of = asked->begun[place++];
        if (of != nullptr && of->name->partition != data.partitionIndex) of = nullptr;
      } else if (const TopicPartition* name = session.find(topic.topic, topic.topicId, data.partitionIndex)) {
        if (const auto found = asked->partitions.find(*name); found != asked->partitions.end()) of = &found->second;
      }
      if (of == nullptr) continue;
      if (data.currentLeader.leaderId >= 0) {
        answer.hints.push_back({of->name->topic, of->name->partition, data.currentLeader.leaderId, data.currentLeader.leaderEpoch});
      }
      if (data.records) answer.bytes += data.records->size();
      answer.partitions.push_back(digestPartition(*of, data));
    }
  }
  for (const auto& endpoint : response->nodeEndpoints) answer.nodes.push_back({endpoint.nodeId, endpoint.host, endpoint.port, endpoint.rack});
  return answer;
}

/// False for an answer to an old question. One that was asked on a promise may begin before what has come by now, which was more
/// than could be seen: the front of it is passed over. Not with aborted transactions, as their markers may lie there.
bool Fetcher::fits(PartitionAnswer& answer, const PartitionState& state) {
  if (answer.fetchOffset == state.nextFetch) return true;
  if (!answer.onPromise || answer.fetchOffset > state.nextFetch || !answer.records) return false;
  if (answer.records->nextFetch() <= state.nextFetch || !answer.records->source().aborted.empty()) return false;
  answer.records->beginAt(state.nextFetch);
  return true;
}

bool Fetcher::apply(Answer answer, SubscriptionState& subscriptions, FetchBuffer& buffer, TimePoint now) {
  bool refresh = false;
  for (PartitionAnswer& one : answer.partitions) {
    PartitionState* state = subscriptions.find(*one.name, one.incarnation);
    if (state == nullptr || !fits(one, *state)) continue;  // it has jumped since
    if (one.error != ErrorCode::None) {
      refresh = applyError(one, *state, buffer, now) || refresh;
      continue;
    }
    if (one.highWatermark >= 0) state->highWatermark = one.highWatermark;
    if (one.lastStableOffset >= 0) state->lastStableOffset = one.lastStableOffset;
    if (one.logStartOffset >= 0) state->logStartOffset = one.logStartOffset;
    if (one.preferredReplica >= 0 && one.preferredReplica != state->preferredReplica) {
      state->preferredReplica = one.preferredReplica;
      state->preferredUntil = now + settings_.metadataMaxAge;
    }
    if (!one.records) continue;
    if (one.records->nextFetch() == state->nextFetch && one.records->sound()) {
      state->retryAt = now + settings_.retryBackoff;  // batches that lie before what was asked for: do not ask in a circle
      continue;
    }
    state->nextFetch = one.records->nextFetch();
    state->bufferedBytes += one.records->sizeInBytes();
    state->blocked = !one.records->sound();
    buffer.push_back(std::move(one.records));
  }
  return refresh;
}

void Fetcher::queueBroken(const PartitionAnswer& answer, PartitionState& state, FetchBuffer& buffer) const {
  FetchedSource source{answer.name, answer.incarnation, answer.fetchOffset, false, false, {}};
  state.blocked = true;
  buffer.push_back(FetchedPartition::broken(
      std::move(source), Error(answer.error, "fetching " + answer.name->toString() + " from offset " + std::to_string(answer.fetchOffset))));
}

bool Fetcher::applyError(PartitionAnswer& answer, PartitionState& state, FetchBuffer& buffer, TimePoint now) const {
  state.retryAt = now + settings_.retryBackoff;
  switch (answer.error) {
    case ErrorCode::OffsetOutOfRange:
      if (answer.fromReplica) {  // the follower may lag: ask the leader before believing it
        state.preferredReplica = -1;
        state.retryAt = {};
        return false;
      }
      queueBroken(answer, state, buffer);
      return false;
    case ErrorCode::TopicAuthorizationFailed:
    case ErrorCode::CorruptMessage:
      queueBroken(answer, state, buffer);
      return false;
    case ErrorCode::UnknownServerError:
    case ErrorCode::UnknownLeaderEpoch:
      return false;  // it passes
    default:
      // The leader has moved, the topic is gone or was made anew, the disk failed: the metadata will say.
      state.preferredReplica = -1;
      return true;
  }
}

std::vector<Fetcher::Request> Fetcher::closeSessions() {
  std::vector<Request> requests;
  for (const auto& [node, session] : sessions_) {
    if (session.id() == 0 || inFlight_.count(node) != 0) continue;
    Request request;
    request.node = node;
    request.body.minBytes = 0;
    request.body.sessionId = session.id();
    request.body.sessionEpoch = -1;
    request.topicIds = session.usesTopicIds();
    requests.push_back(std::move(request));
  }
  sessions_.clear();
  return requests;
}

}  // namespace klamm::consumer
