#include "client/metadata_core.h"

#include <algorithm>
#include <utility>

namespace klamm::client {
namespace {

using Response = protocol::MetadataResponse;

PartitionMetadata partitionOf(const Response::MetadataResponsePartition& from) {
  PartitionMetadata partition;
  partition.partition = from.partitionIndex;
  partition.error = from.errorCode;
  partition.leader = from.leaderId;
  partition.leaderEpoch = from.leaderEpoch;
  partition.replicas = from.replicaNodes;
  partition.isr = from.isrNodes;
  partition.offlineReplicas = from.offlineReplicas;
  return partition;
}

/// Errors that may pass when asked again soon.
bool mayPass(ErrorCode error) {
  return error == ErrorCode::LeaderNotAvailable || error == ErrorCode::UnknownTopicOrPartition ||
         error == ErrorCode::UnknownTopicId || error == ErrorCode::ListenerNotFound;
}

bool mayPass(const TopicMetadata& topic) {
  return mayPass(topic.error) ||
         std::any_of(topic.partitions.begin(), topic.partitions.end(), [](const auto& one) { return mayPass(one.error); });
}

}  // namespace

MetadataCore::MetadataCore(const ClientSettings& settings)
    : maxAge_(settings.metadataMaxAge), maxIdle_(settings.metadataMaxIdle), rebootstrapTrigger_(settings.rebootstrapTrigger),
      backoff_{settings.retryBackoff, settings.retryBackoffMax}, allowAutoTopicCreation_(settings.allowAutoTopicCreation),
      rebootstrap_(settings.rebootstrap) {}

// ---- Interest ------------------------------------------------------------------------------------------------------

bool MetadataCore::touch(std::string_view topic, TimePoint now) {
  if (const auto at = touched_.find(topic); at != touched_.end()) {
    at->second = now + maxIdle_;
    return false;
  }
  touched_.emplace(topic, now + maxIdle_);
  if (topics_.contains(topic) || allTopics_) return false;
  ++wants_;
  notBefore_ = {};
  return true;
}

void MetadataCore::setTopics(std::vector<std::string> topics) {
  std::set<std::string, std::less<>> wanted(std::make_move_iterator(topics.begin()), std::make_move_iterator(topics.end()));
  const bool news = std::any_of(wanted.begin(), wanted.end(),
                                [this](const std::string& topic) { return !topics_.contains(topic) && !touched_.contains(topic); });
  topics_ = std::move(wanted);
  if (!news || allTopics_) return;
  ++wants_;
  notBefore_ = {};
}

void MetadataCore::setAllTopics(bool all) {
  if (all && !allTopics_) {
    ++wants_;
    notBefore_ = {};
  }
  allTopics_ = all;
}

// ---- Asking --------------------------------------------------------------------------------------------------------

bool MetadataCore::shouldSend(TimePoint now) {
  std::erase_if(touched_, [now](const auto& one) { return one.second <= now; });
  return !inFlight_ && isWanted(now) && now >= notBefore_;
}

TimePoint MetadataCore::nextAttempt() const {
  if (inFlight_) return TimePoint::max();
  return wants_ > asked_ ? notBefore_ : std::max(staleAt_, notBefore_);
}

protocol::MetadataRequest MetadataCore::request() {
  inFlight_ = true;
  asking_ = wants_;
  protocol::MetadataRequest request;
  request.allowAutoTopicCreation = allowAutoTopicCreation_;
  request.topics.reset();
  if (allTopics_) return request;
  std::set<std::string_view> names(topics_.begin(), topics_.end());
  for (const auto& [name, until] : touched_) names.insert(name);
  auto& asked = request.topics.emplace();
  for (const std::string_view name : names) asked.emplace_back().name = std::string(name);
  return request;
}

MetadataCore::Outcome MetadataCore::onFailure(TimePoint now, Random& random) {
  inFlight_ = false;
  notBefore_ = now + backoff_.after(++failures_, random);
  if (wants_ == asked_) ++wants_;
  if (!failingSince_) failingSince_ = now;
  if (!rebootstrap_ || now - *failingSince_ < rebootstrapTrigger_) return Outcome::Failed;
  failingSince_ = now;
  return Outcome::Rebootstrap;
}

MetadataCore::Outcome MetadataCore::onResponse(const Response& response, TimePoint now, Random& random) {
  if (response.errorCode == ErrorCode::RebootstrapRequired && rebootstrap_) {
    (void)onFailure(now, random);
    return Outcome::Rebootstrap;
  }
  // A broker that is just starting may know nobody: what we know is better.
  if (response.errorCode != ErrorCode::None || response.brokers.empty()) return onFailure(now, random);
  auto next = std::make_shared<ClusterSnapshot>();
  next->version = snapshot_->version + 1;
  next->updatedAt = now;
  next->clusterId = response.clusterId.value_or("");
  next->controllerId = response.controllerId;
  for (const auto& broker : response.brokers) {
    next->nodes[broker.nodeId] = {broker.nodeId, broker.host, broker.port, broker.rack};
  }
  bool again = false;
  for (const auto& from : response.topics) {
    if (!from.name) continue;
    auto topic = merged(from);
    again = again || mayPass(*topic);
    if (!topic->id.isZero()) next->namesById.emplace(topic->id, topic->name);
    next->topics.emplace(*from.name, std::move(topic));
  }
  snapshot_ = std::move(next);
  inFlight_ = false;
  asked_ = asking_;
  staleAt_ = now + maxAge_;
  failingSince_.reset();
  failures_ = again ? failures_ + 1 : 0;
  if (again && wants_ == asked_) ++wants_;
  const bool newInterest = wants_ > asked_ && notBefore_ == TimePoint();
  if (again || !newInterest) notBefore_ = now + backoff_.after(failures_, random);
  return Outcome::Updated;
}

std::shared_ptr<const TopicMetadata> MetadataCore::merged(const Response::MetadataResponseTopic& from) const {
  auto topic = std::make_shared<TopicMetadata>();
  topic->name = *from.name;
  topic->id = from.topicId;
  topic->isInternal = from.isInternal;
  topic->error = from.errorCode;
  const TopicMetadata* known = snapshot_->topic(topic->name);
  const bool same = known != nullptr && known->id == topic->id;  // a topic made anew starts its epochs anew
  for (const auto& one : from.partitions) topic->partitions.push_back(partitionOf(one));
  std::sort(topic->partitions.begin(), topic->partitions.end(), [](const auto& a, const auto& b) { return a.partition < b.partition; });
  for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
    auto& partition = topic->partitions[i];
    if (partition.partition != static_cast<std::int32_t>(i)) {  // a hole: nobody could index it
      topic->partitions.resize(i);
      break;
    }
    if (!same || i >= known->partitions.size()) continue;
    const PartitionMetadata& before = known->partitions[i];
    if (partition.leaderEpoch >= 0 && partition.leaderEpoch < before.leaderEpoch) partition = before;
  }
  return topic;
}

bool MetadataCore::applyHints(const std::vector<LeaderHint>& hints, const std::vector<Node>& nodes) {
  std::shared_ptr<ClusterSnapshot> next;
  for (const LeaderHint& hint : hints) {
    const auto& from = next ? *next : *snapshot_;
    const PartitionMetadata* known = from.partition(hint.topic, hint.partition);
    if (known == nullptr || hint.leaderEpoch <= known->leaderEpoch || hint.leader < 0) continue;
    const bool reachable = from.node(hint.leader) != nullptr ||
                           std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == hint.leader; });
    if (!reachable) continue;
    if (!next) next = std::make_shared<ClusterSnapshot>(*snapshot_);
    auto topic = std::make_shared<TopicMetadata>(*next->topics.find(hint.topic)->second);
    auto& partition = topic->partitions[static_cast<std::size_t>(hint.partition)];
    partition.leader = hint.leader;
    partition.leaderEpoch = hint.leaderEpoch;
    partition.error = ErrorCode::None;
    next->topics.find(hint.topic)->second = std::move(topic);
  }
  if (!next) return false;
  for (const Node& node : nodes) next->nodes[node.id] = node;
  ++next->version;
  snapshot_ = std::move(next);
  return true;
}

}  // namespace klamm::client
