#include "consumer/fetch_session.h"

#include <algorithm>
#include <limits>

namespace klamm::consumer {
namespace {

using Request = protocol::FetchRequest;

void addPartition(std::vector<Request::FetchTopic>& topics, const TopicPartition& partition, const FetchTarget& target) {
  if (topics.empty() || topics.back().topic != partition.topic || topics.back().topicId != target.topicId) {
    auto& topic = topics.emplace_back();
    topic.topic = partition.topic;
    topic.topicId = target.topicId;
  }
  auto& entry = topics.back().partitions.emplace_back();
  entry.partition = partition.partition;
  entry.currentLeaderEpoch = target.leaderEpoch;
  entry.fetchOffset = target.offset;
  entry.partitionMaxBytes = target.maxBytes;
}

void addForgotten(std::vector<Request::ForgottenTopic>& topics, const TopicPartition& partition, const Uuid& id) {
  if (topics.empty() || topics.back().topic != partition.topic || topics.back().topicId != id) {
    auto& topic = topics.emplace_back();
    topic.topic = partition.topic;
    topic.topicId = id;
  }
  topics.back().partitions.push_back(partition.partition);
}

}  // namespace

void FetchSession::fill(Request& request, const FetchTargets& wanted) {
  const bool allHaveIds = std::none_of(wanted.begin(), wanted.end(), [](const auto& entry) { return entry.second.topicId.isZero(); });
  // A session speaks of topics in one way only; with nothing wanted it goes on as it was.
  const bool idsChanged = !wanted.empty() && !session_.empty() && allHaveIds != usesTopicIds_;
  if (idsChanged) epoch_ = 0;
  if (!wanted.empty()) usesTopicIds_ = allHaveIds;
  full_ = epoch_ == 0;
  request.sessionId = id_;
  request.sessionEpoch = epoch_;
  for (const auto& [partition, target] : wanted) {
    if (!full_) {
      const auto known = session_.find(partition);
      if (known != session_.end() && known->second == target) continue;
      if (known != session_.end() && known->second.topicId != target.topicId) {  // deleted and made again: another topic
        addForgotten(request.forgottenTopicsData, partition, known->second.topicId);
      }
    }
    addPartition(request.topics, partition, target);
  }
  if (!full_) {
    for (const auto& [partition, target] : session_) {
      if (wanted.count(partition) == 0) addForgotten(request.forgottenTopicsData, partition, target.topicId);
    }
  }
  session_ = wanted;
  namesById_.clear();
  for (const auto& [partition, target] : session_) namesById_.emplace(target.topicId, partition.topic);
}

const TopicPartition* FetchSession::find(const std::string& topic, const Uuid& topicId, std::int32_t partition) const {
  TopicPartition wanted{topic, partition};
  if (topic.empty()) {
    const auto name = namesById_.find(topicId);
    if (name == namesById_.end()) return nullptr;
    wanted.topic = name->second;
  }
  const auto found = session_.find(wanted);
  return found == session_.end() ? nullptr : &found->first;
}

bool FetchSession::knowsAll(const protocol::FetchResponse& response) const {
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partitions) {
      if (find(topic.topic, topic.topicId, partition.partitionIndex) == nullptr) return false;
    }
  }
  return true;
}

void FetchSession::countUp() noexcept { epoch_ = epoch_ == std::numeric_limits<std::int32_t>::max() ? 1 : epoch_ + 1; }

bool FetchSession::begun(std::int32_t sessionId) noexcept {
  if (full_ || epoch_ == 0 || sessionId != id_) return false;
  countUp();
  return true;
}

bool FetchSession::answered(const protocol::FetchResponse& response) {
  if (response.errorCode != ErrorCode::None) {
    if (response.errorCode == ErrorCode::FetchSessionIdNotFound) id_ = 0;
    epoch_ = 0;
    return false;
  }
  if (!knowsAll(response)) {
    epoch_ = 0;
    return false;
  }
  if (response.sessionId == 0) {  // the broker gave no session, or has closed it
    id_ = 0;
    epoch_ = 0;
  } else if (full_) {
    id_ = response.sessionId;
    epoch_ = 1;
  } else {
    countUp();
  }
  return true;
}

}  // namespace klamm::consumer
