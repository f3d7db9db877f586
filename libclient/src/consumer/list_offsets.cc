#include "consumer/list_offsets.h"

#include <algorithm>
#include <utility>

namespace klamm::consumer {

std::vector<LeaderQuestion> askLeaders(const OffsetQuestions& questions, const client::ClusterSnapshot& cluster, bool readCommitted, Duration timeout,
                                       std::set<TopicPartition>& withoutLeader) {
  std::map<client::NodeId, protocol::ListOffsetsRequest> requests;
  for (const auto& [partition, timestamp] : questions) {
    const client::PartitionMetadata* known = cluster.partition(partition.topic, partition.partition);
    if (known == nullptr || known->leader < 0) {
      withoutLeader.insert(partition);
      continue;
    }
    auto& request = requests[known->leader];
    if (request.topics.empty() || request.topics.back().name != partition.topic) request.topics.emplace_back().name = partition.topic;
    auto& entry = request.topics.back().partitions.emplace_back();
    entry.partitionIndex = partition.partition;
    entry.currentLeaderEpoch = known->leaderEpoch;
    entry.timestamp = timestamp;
  }
  std::vector<LeaderQuestion> result;
  for (auto& [leader, request] : requests) {
    request.replicaId = -1;
    request.isolationLevel = readCommitted ? 1 : 0;
    request.timeoutMs = static_cast<std::int32_t>(std::chrono::duration_cast<Millis>(timeout).count());
    result.push_back({leader, std::move(request)});
  }
  return result;
}

FoundOffsets foundOffsets(const protocol::ListOffsetsResponse& response) {
  FoundOffsets found;
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      FoundOffset& one = found[{topic.name, partition.partitionIndex}];
      one.error = partition.errorCode;
      one.offset = partition.offset;
      one.timestamp = partition.timestamp;
      if (partition.leaderEpoch >= 0) one.leaderEpoch = partition.leaderEpoch;
    }
  }
  return found;
}

bool passes(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotLeaderOrFollower:
    case ErrorCode::ReplicaNotAvailable:
    case ErrorCode::KafkaStorageError:
    case ErrorCode::OffsetNotAvailable:
    case ErrorCode::LeaderNotAvailable:
    case ErrorCode::FencedLeaderEpoch:
    case ErrorCode::UnknownLeaderEpoch:
    case ErrorCode::UnknownTopicOrPartition:
    case ErrorCode::NetworkException:
    case ErrorCode::RequestTimedOut:
    case ErrorCode::ResolveFailed:
      return true;
    default:
      return false;
  }
}

void OffsetQueries::ask(OffsetQuestions questions, TimePoint deadline, Done done) {
  auto query = std::make_shared<Query>();
  query->open = std::move(questions);
  query->deadline = deadline;
  query->done = std::move(done);
  queries_.push_back(std::move(query));
}

void OffsetQueries::addTopics(std::set<std::string>& topics) const {
  for (const auto& query : queries_) {
    for (const auto& [partition, timestamp] : query->open) topics.insert(partition.topic);
  }
}

TimePoint OffsetQueries::run(TimePoint now) {
  TimePoint wakeAt = TimePoint::max();
  for (auto at = queries_.begin(); at != queries_.end();) {
    const std::shared_ptr<Query> query = *at;
    if (query->failed || query->open.empty() || query->deadline <= now) {
      at = queries_.erase(at);
      if (query->failed) query->done(klamm::fail(query->failed));
      else if (query->open.empty()) query->done(std::move(query->found));
      else query->done(klamm::fail(ErrorCode::RequestTimedOut, "the offsets of " + query->open.begin()->first.toString() + " could not be had in time"));
      continue;
    }
    if (query->inFlight == 0 && query->retryAt <= now) send(query, now);
    wakeAt = std::min({wakeAt, query->deadline, query->inFlight == 0 ? std::max(query->retryAt, now) : query->deadline});
    ++at;
  }
  return wakeAt;
}

void OffsetQueries::send(const std::shared_ptr<Query>& query, TimePoint now) {
  std::set<TopicPartition> withoutLeader;
  client::CallOptions options;
  options.timeout = std::min(settings_.requestTimeout, query->deadline - now);
  auto questions = askLeaders(query->open, *metadata_.snapshot(), settings_.readCommitted, options.timeout, withoutLeader);
  if (!withoutLeader.empty()) metadata_.requestUpdate("the leader of " + withoutLeader.begin()->toString() + " is not known");
  query->retryAt = now + settings_.retryBackoff;
  query->inFlight = questions.size();
  for (LeaderQuestion& question : questions) {
    network_.send<protocol::ListOffsetsRequest>(question.leader, client::Channel::General, std::move(question.request), options,
                                                [this, alive = std::weak_ptr<bool>(alive_), query](Result<protocol::ListOffsetsResponse> response) {
                                                  if (!alive.expired()) answered(query, std::move(response));
                                                });
  }
}

void OffsetQueries::answered(const std::shared_ptr<Query>& query, Result<protocol::ListOffsetsResponse> response) {
  --query->inFlight;
  if (!response) {
    if (!passes(response.error().code())) query->failed = response.error();
    else metadata_.requestUpdate("ListOffsets failed");
  } else {
    for (const auto& [partition, found] : foundOffsets(*response)) {
      const auto open = query->open.find(partition);
      if (open == query->open.end()) continue;
      if (found.error == ErrorCode::None || found.error == ErrorCode::UnsupportedForMessageFormat) {
        query->found[partition] = found;
        query->open.erase(open);
      } else if (passes(found.error)) {
        metadata_.requestUpdate(errorName(found.error));
      } else {
        query->failed = Error(found.error, "the offsets of " + partition.toString());
      }
    }
  }
  changed_();
}

}  // namespace klamm::consumer
