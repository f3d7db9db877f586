// The offsets that groups have committed.

#include "admin/core.h"
#include "protocol/08_offset_commit.h"
#include "protocol/09_offset_fetch.h"
#include "protocol/47_offset_delete.h"

namespace klamm::admin {
namespace {

using protocol::OffsetCommitRequest;
using protocol::OffsetDeleteRequest;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;

/// The last versions that name topics; later ones use ids.
constexpr std::int16_t kOffsetFetchByName = 9;
constexpr std::int16_t kOffsetCommitByName = 9;
constexpr std::int16_t kOffsetFetchOfGroups = 8;

using ByTopic = std::map<std::string, std::vector<std::int32_t>>;

ByTopic byTopic(const TopicPartitions& partitions) {
  ByTopic topics;
  for (const TopicPartition& one : partitions) topics[one.topic].push_back(one.partition);
  return topics;
}

Error coordinatorMoved(ErrorCode code) { return isRetriable(code) ? Error(code) : Error(); }

/// Up to v7 the request is about one group, from v8 on about a list.
OffsetFetchRequest offsetFetch(const std::string& group, const std::optional<TopicPartitions>& partitions, bool requireStable, std::int16_t version) {
  OffsetFetchRequest request;
  request.requireStable = requireStable && version >= 7;
  if (version < kOffsetFetchOfGroups) {
    request.groupId = group;
    request.topics.reset();
    if (!partitions) return request;
    auto& topics = request.topics.emplace();
    for (auto& [name, indexes] : byTopic(*partitions)) {
      auto& topic = topics.emplace_back();
      topic.name = name;
      topic.partitionIndexes = indexes;
    }
    return request;
  }
  auto& one = request.groups.emplace_back();
  one.groupId = group;
  one.topics.reset();
  if (!partitions) return request;
  auto& topics = one.topics.emplace();
  for (auto& [name, indexes] : byTopic(*partitions)) {
    auto& topic = topics.emplace_back();
    topic.name = name;
    topic.partitionIndexes = indexes;
  }
  return request;
}

/// The first error of an answer that is about one group, and its offsets. Both forms name their parts alike.
template <class Topics>
Error takeOffsets(const Topics& topics, OffsetMap& offsets) {
  for (const auto& topic : topics) {
    for (const auto& one : topic.partitions) {
      if (one.errorCode != ErrorCode::None) return Error(one.errorCode, TopicPartition{topic.name, one.partitionIndex}.toString());
      if (one.committedOffset < 0) continue;
      auto& committed = offsets[{topic.name, one.partitionIndex}];
      committed.offset = one.committedOffset;
      if (one.committedLeaderEpoch >= 0) committed.leaderEpoch = one.committedLeaderEpoch;
      committed.metadata = one.metadata.value_or("");
    }
  }
  return Error();
}

Error offsetsIn(const OffsetFetchResponse& answer, OffsetMap& offsets) {
  if (answer.groups.empty()) {
    if (answer.errorCode != ErrorCode::None) return answer.errorCode;
    return takeOffsets(answer.topics, offsets);
  }
  const auto& group = answer.groups.front();
  if (group.errorCode != ErrorCode::None) return group.errorCode;
  return takeOffsets(group.topics, offsets);
}

}  // namespace

void NetworkAdminCore::listConsumerGroupOffsets(std::map<std::string, std::optional<TopicPartitions>> groups, const AdminOptions& options,
                                                OutcomesCallback<std::string, OffsetMap> done) {
  auto gather = std::make_shared<Gather<std::string, OffsetMap>>(std::move(done));
  for (const auto& [group, partitions] : groups) gather->expect(group);
  for (const auto& [group, partitions] : groups) {
    auto spec = specOf<OffsetFetchRequest>("listConsumerGroupOffsets", Route::coordinatorOf(group), options);
    spec.minVersion = partitions ? 1 : 2;
    spec.maxVersion = kOffsetFetchByName;
    spec.build = [group = group, partitions = partitions, stable = options.requireStable](std::int16_t version) -> Result<OffsetFetchRequest> {
      return offsetFetch(group, partitions, stable, version);
    };
    spec.doubt = [](const auto& answer) {
      OffsetMap ignored;
      const Error error = offsetsIn(answer, ignored);
      return error.retriable() ? error : Error();
    };
    spec.done = [group = group, gather](Result<OffsetFetchResponse> answer) {
      OffsetMap offsets;
      Error error = answer ? offsetsIn(*answer, offsets) : answer.error();
      if (error) gather->fail(group, std::move(error));
      else gather->set(group, std::move(offsets));
    };
    RoutedCall<OffsetFetchRequest>::start(router_, std::move(spec));
  }
}

void NetworkAdminCore::deleteConsumerGroupOffsets(std::string group, TopicPartitions partitions, const AdminOptions& options,
                                                  OutcomesCallback<TopicPartition, Nothing> done) {
  auto gather = std::make_shared<Gather<TopicPartition, Nothing>>(std::move(done));
  for (const TopicPartition& one : partitions) gather->expect(one);
  auto spec = specOf<OffsetDeleteRequest>("deleteConsumerGroupOffsets", Route::coordinatorOf(group), options);
  spec.build = [group, topics = byTopic(partitions)](std::int16_t) -> Result<OffsetDeleteRequest> {
    OffsetDeleteRequest request;
    request.groupId = group;
    for (const auto& [name, indexes] : topics) {
      auto& topic = request.topics.emplace_back();
      topic.name = name;
      for (const std::int32_t index : indexes) topic.partitions.emplace_back().partitionIndex = index;
    }
    return request;
  };
  spec.doubt = [](const auto& answer) { return coordinatorMoved(answer.errorCode); };
  spec.done = [gather](Result<protocol::OffsetDeleteResponse> answer) {
    if (!answer) return gather->failAll(answer.error());
    if (answer->errorCode != ErrorCode::None) return gather->failAll(answer->errorCode);
    for (const auto& topic : answer->topics) {
      for (const auto& one : topic.partitions) gather->fail({topic.name, one.partitionIndex}, one.errorCode);
    }
  };
  RoutedCall<OffsetDeleteRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::alterConsumerGroupOffsets(std::string group, OffsetMap offsets, const AdminOptions& options,
                                                 OutcomesCallback<TopicPartition, Nothing> done) {
  auto gather = std::make_shared<Gather<TopicPartition, Nothing>>(std::move(done));
  if (offsets.empty()) return;
  OffsetCommitRequest request;
  request.groupId = group;
  request.generationIdOrMemberEpoch = -1;  // not as a member
  std::map<std::string, OffsetCommitRequest::OffsetCommitRequestTopic> topics;
  for (const auto& [partition, committed] : offsets) {
    gather->expect(partition);
    auto& topic = topics[partition.topic];
    topic.name = partition.topic;
    auto& one = topic.partitions.emplace_back();
    one.partitionIndex = partition.partition;
    one.committedOffset = committed.offset;
    one.committedLeaderEpoch = committed.leaderEpoch.value_or(-1);
    one.committedMetadata = committed.metadata;
  }
  for (auto& [name, topic] : topics) request.topics.push_back(std::move(topic));
  auto spec = specOf<OffsetCommitRequest>("alterConsumerGroupOffsets", Route::coordinatorOf(std::move(group)), options);
  spec.maxVersion = kOffsetCommitByName;
  spec.build = [request](std::int16_t) -> Result<OffsetCommitRequest> { return request; };
  spec.doubt = [](const auto& answer) {
    for (const auto& topic : answer.topics) {
      for (const auto& one : topic.partitions) {
        if (one.errorCode != ErrorCode::UnknownTopicOrPartition && isRetriable(one.errorCode)) return Error(one.errorCode);
      }
    }
    return Error();
  };
  spec.done = [gather](Result<protocol::OffsetCommitResponse> answer) {
    if (!answer) return gather->failAll(answer.error());
    for (const auto& topic : answer->topics) {
      for (const auto& one : topic.partitions) gather->fail({topic.name, one.partitionIndex}, one.errorCode);
    }
  };
  RoutedCall<OffsetCommitRequest>::start(router_, std::move(spec));
}

}  // namespace klamm::admin
