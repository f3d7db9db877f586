// Offsets and administration: commit, fetch, delete, expire, describe, list.

#include <algorithm>
#include <cctype>

#include "coordinator/group/group_shard.h"

namespace klamm::broker::coordinator {
namespace {

/// From this version of OffsetCommit on a group that does not exist is told from a generation that does not fit.
constexpr std::int16_t kCommitTellsMissingGroup = 9;
/// From this version of DescribeGroups on a missing group is an error (KIP-1043); before it is "Dead".
constexpr std::int16_t kDescribeTellsMissingGroup = 6;

/// Java's String.length(): characters beyond the basic plane, four bytes in UTF-8, count twice.
std::size_t utf16Length(std::string_view text) noexcept {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool passes(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() ||
         std::any_of(filter.begin(), filter.end(), [&](const std::string& wanted) { return equalsIgnoringCase(wanted, value); });
}

/// An offset that the group has not committed.
protocol::OffsetFetchResponse::OffsetFetchResponsePartitions fetched(std::int32_t partition, const OffsetAndMetadata* offset) {
  protocol::OffsetFetchResponse::OffsetFetchResponsePartitions told;
  told.partitionIndex = partition;
  told.committedOffset = offset == nullptr ? -1 : offset->offset;
  told.committedLeaderEpoch = offset == nullptr ? -1 : offset->leaderEpoch;
  told.metadata = offset == nullptr ? std::string() : offset->metadata;
  return told;
}

}  // namespace

// --- commit ------------------------------------------------------------------------------------------------------------

ErrorCode GroupShard::validateCommit(const RequestInfo& info, const protocol::OffsetCommitRequest& request) {
  if (const ClassicGroup* group = find(request.groupId)) return protocol_.validateCommit(*group, request);
  if (request.generationIdOrMemberEpoch >= 0) {
    return info.version >= kCommitTellsMissingGroup ? ErrorCode::GroupIdNotFound : ErrorCode::IllegalGeneration;
  }
  return groups_.size() >= config_.maxGroups ? ErrorCode::CoordinatorNotAvailable : ErrorCode::None;
}

Step GroupShard::commitOffsets(const RequestInfo& info, const protocol::OffsetCommitRequest& request,
                               Answer<protocol::OffsetCommitResponse> answer, Moment now) {
  Step step;
  const ErrorCode refused = validateCommit(info, request);
  ClassicGroup* group = find(request.groupId);
  if (refused == ErrorCode::None && group != nullptr) protocol_.keepSession(*group, request.memberId, now);

  protocol::OffsetCommitResponse response;
  for (const auto& topic : request.topics) {
    protocol::OffsetCommitResponse::OffsetCommitResponseTopic told;
    told.name = topic.name;
    told.topicId = topic.topicId;
    for (const auto& partition : topic.partitions) {
      const bool tooLong = utf16Length(partition.committedMetadata.value_or("")) > static_cast<std::size_t>(config_.offsetMetadataMaxSize);
      protocol::OffsetCommitResponse::OffsetCommitResponsePartition outcome;
      outcome.partitionIndex = partition.partitionIndex;
      outcome.errorCode = refused == ErrorCode::None && tooLong ? ErrorCode::OffsetMetadataTooLarge : refused;
      told.partitions.push_back(outcome);
      if (outcome.errorCode != ErrorCode::None) continue;
      OffsetAndMetadata offset{.offset = partition.committedOffset,
                               .leaderEpoch = partition.committedLeaderEpoch,
                               .metadata = partition.committedMetadata.value_or(""),
                               .commitTimestamp = now.wallMillis,
                               .topicId = topic.topicId};
      if (request.retentionTimeMs != -1) offset.expireTimestamp = now.wallMillis + request.retentionTimeMs;
      step.records.emplace_back(OffsetRecord{
          .group = request.groupId, .topic = topic.name, .partition = partition.partitionIndex, .value = std::move(offset)});
    }
    response.topics.push_back(std::move(told));
  }
  step.reply(std::move(answer), std::move(response));
  return step;
}

// --- fetch -------------------------------------------------------------------------------------------------------------

Step GroupShard::fetchOffsets(const protocol::OffsetFetchRequest::OffsetFetchRequestGroup& request,
                              Answer<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> answer) {
  Step step;
  protocol::OffsetFetchResponse::OffsetFetchResponseGroup response;
  response.groupId = request.groupId;
  if (request.topics) {
    for (const auto& topic : *request.topics) {
      protocol::OffsetFetchResponse::OffsetFetchResponseTopics told;
      told.name = topic.name;
      told.topicId = topic.topicId;
      for (const std::int32_t partition : topic.partitionIndexes)
        told.partitions.push_back(fetched(partition, offsets_.find(request.groupId, topic.name, partition)));
      response.topics.push_back(std::move(told));
    }
  } else if (const OffsetStore::Topics* all = offsets_.ofGroup(request.groupId)) {
    for (const auto& [topic, partitions] : *all) {
      protocol::OffsetFetchResponse::OffsetFetchResponseTopics told;
      told.name = topic;
      for (const auto& [partition, offset] : partitions) told.partitions.push_back(fetched(partition, &offset));
      response.topics.push_back(std::move(told));
    }
  }
  step.reply(std::move(answer), std::move(response));
  return step;
}

// --- delete ------------------------------------------------------------------------------------------------------------

ErrorCode GroupShard::validateOffsetDelete(const std::string& groupId) {
  const ClassicGroup* group = find(groupId);
  if (group == nullptr || group->isIn(GroupState::Dead)) return ErrorCode::GroupIdNotFound;
  // What the members of another kind of group consume can not be told.
  return group->isIn(GroupState::Empty) || group->usesConsumerProtocol() ? ErrorCode::None : ErrorCode::NonEmptyGroup;
}

Step GroupShard::deleteOffsets(const protocol::OffsetDeleteRequest& request, Answer<protocol::OffsetDeleteResponse> answer) {
  Step step;
  protocol::OffsetDeleteResponse response;
  response.errorCode = validateOffsetDelete(request.groupId);
  if (response.errorCode == ErrorCode::None) {
    const ClassicGroup& group = *find(request.groupId);
    for (const auto& topic : request.topics) {
      const bool subscribed = group.isSubscribedTo(topic.name);
      protocol::OffsetDeleteResponse::OffsetDeleteResponseTopic told;
      told.name = topic.name;
      for (const auto& partition : topic.partitions) {
        protocol::OffsetDeleteResponse::OffsetDeleteResponsePartition outcome;
        outcome.partitionIndex = partition.partitionIndex;
        if (subscribed) {
          outcome.errorCode = ErrorCode::GroupSubscribedToTopic;
        } else if (offsets_.find(request.groupId, topic.name, partition.partitionIndex) != nullptr) {
          step.records.emplace_back(OffsetRecord{.group = request.groupId, .topic = topic.name, .partition = partition.partitionIndex});
        }
        told.partitions.push_back(outcome);
      }
      response.topics.push_back(std::move(told));
    }
  }
  step.reply(std::move(answer), std::move(response));
  return step;
}

ErrorCode GroupShard::validateGroupDelete(const std::string& groupId) {
  const ClassicGroup* group = find(groupId);
  if (group == nullptr || group->isIn(GroupState::Dead)) return ErrorCode::GroupIdNotFound;
  return group->isIn(GroupState::Empty) ? ErrorCode::None : ErrorCode::NonEmptyGroup;
}

Step GroupShard::deleteGroup(const std::string& groupId, Answer<protocol::DeleteGroupsResponse::DeletableGroupResult> answer) {
  Step step;
  protocol::DeleteGroupsResponse::DeletableGroupResult result;
  result.groupId = groupId;
  result.errorCode = validateGroupDelete(groupId);
  if (result.errorCode == ErrorCode::None) {
    step.atomic = false;
    offsets_.collectTombstones(groupId, step.records, [](const std::string&, const OffsetAndMetadata&) { return true; });
    step.records.emplace_back(GroupRecord{.group = groupId});
  }
  step.reply(std::move(answer), std::move(result));
  return step;
}

Step GroupShard::forgetTopics(const std::set<std::string>& topics) {
  Step step;
  step.atomic = false;
  for (const auto& [group, offsets] : offsets_.groups()) {
    offsets_.collectTombstones(group, step.records, [&](const std::string& topic, const OffsetAndMetadata&) { return topics.contains(topic); });
  }
  return step;
}

// --- retention ---------------------------------------------------------------------------------------------------------

void GroupShard::expireOffsets(Moment now, Step& step) {
  step.atomic = false;
  for (const auto& [id, group] : groups_) expireOffsetsOf(group, now, step);
  if (!step.records.empty()) log_.info("offsets past their retention: {} tombstones", step.records.size());
}

void GroupShard::expireOffsetsOf(const ClassicGroup& group, Moment now, Step& step) {
  const bool isEmpty = group.isIn(GroupState::Empty);
  const bool isLive = group.usesConsumerProtocol() && group.knowsSubscriptions() && group.isIn(GroupState::Stable);
  bool allGone = offsets_.ofGroup(group.groupId()) == nullptr;
  if (!allGone && (isEmpty || isLive)) {
    // An empty group keeps its offsets for as long after its last member left; others count from the commit.
    const bool sinceEmpty = isEmpty && group.protocolType() && group.stateTimestamp();
    const auto isExpired = [&](const std::string& topic, const OffsetAndMetadata& offset) {
      if (group.isSubscribedTo(topic)) return false;
      if (offset.expireTimestamp) return now.wallMillis >= *offset.expireTimestamp;
      const std::int64_t since = sinceEmpty ? *group.stateTimestamp() : offset.commitTimestamp;
      return now.wallMillis - since >= config_.offsetsRetention.count();
    };
    allGone = offsets_.collectTombstones(group.groupId(), step.records, isExpired);
  }
  // Somebody may be about to join: the group stays until that id has expired.
  if (isEmpty && allGone && group.pendingJoin().empty()) step.records.emplace_back(GroupRecord{.group = group.groupId()});
}

// --- look --------------------------------------------------------------------------------------------------------------

Step GroupShard::describe(const RequestInfo& info, const std::string& groupId,
                          Answer<protocol::DescribeGroupsResponse::DescribedGroup> answer) {
  Step step;
  protocol::DescribeGroupsResponse::DescribedGroup described;
  described.groupId = groupId;
  const ClassicGroup* group = find(groupId);
  described.groupState = groupStateName(group == nullptr ? GroupState::Dead : group->state());
  if (group == nullptr) {
    if (info.version >= kDescribeTellsMissingGroup) {
      described.errorCode = ErrorCode::GroupIdNotFound;
      described.errorMessage = "Group " + groupId + " not found.";
    }
    step.reply(std::move(answer), std::move(described));
    return step;
  }
  const bool isStable = group->isIn(GroupState::Stable);
  described.protocolType = group->protocolType().value_or("");
  if (isStable) described.protocolData = group->protocolName().value_or("");
  for (const auto& [id, member] : group->members()) {
    protocol::DescribeGroupsResponse::DescribedGroupMember told;
    told.memberId = id;
    told.groupInstanceId = member.groupInstanceId;
    told.clientId = member.clientId;
    told.clientHost = member.clientHost;
    if (isStable) told.memberMetadata = member.metadata(described.protocolData);
    told.memberAssignment = member.assignment;
    described.members.push_back(std::move(told));
  }
  step.reply(std::move(answer), std::move(described));
  return step;
}

Step GroupShard::list(const protocol::ListGroupsRequest& request, Answer<protocol::ListGroupsResponse> answer) {
  Step step;
  protocol::ListGroupsResponse response;
  for (const auto& [id, group] : groups_) {
    if (!passes(request.statesFilter, groupStateName(group.state())) || !passes(request.typesFilter, "classic")) continue;
    protocol::ListGroupsResponse::ListedGroup listed;
    listed.groupId = id;
    listed.protocolType = group.protocolType().value_or("");
    listed.groupState = groupStateName(group.state());
    listed.groupType = "classic";
    response.groups.push_back(std::move(listed));
  }
  step.reply(std::move(answer), std::move(response));
  return step;
}

}  // namespace klamm::broker::coordinator
