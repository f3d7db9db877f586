#include "controller/topics_control.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "controller/configs_control.h"
#include "controller/effective_config.h"
#include "controller/placement.h"
#include "protocol/records/config_record.h"
#include "protocol/records/partition_record.h"
#include "protocol/records/remove_topic_record.h"
#include "protocol/records/topic_record.h"

namespace klamm::broker::controller {
namespace {

using CreateRequest = protocol::CreateTopicsRequest;
using CreateResult = protocol::CreateTopicsResponse::CreatableTopicResult;
using Replicas = std::vector<std::vector<std::int32_t>>;

constexpr std::int16_t kPartitionRecordVersion = 2;
constexpr std::string_view kMetadataTopic = "__cluster_metadata";

/// Names that stand more than once in a request: each of them is refused as a whole.
template <class List, class NameOf>
[[nodiscard]] std::set<std::string> duplicates(const List& list, NameOf nameOf) {
  std::set<std::string> seen, twice;
  for (const auto& entry : list) {
    if (!seen.insert(nameOf(entry)).second) twice.insert(nameOf(entry));
  }
  return twice;
}

[[nodiscard]] Status checkNewName(const ControlContext& context, const std::string& name, const std::set<std::string>& inThisRequest) {
  if (name == kMetadataTopic) {
    return fail(ErrorCode::InvalidRequest, fmt::format("Creation of internal topic {} is prohibited.", kMetadataTopic));
  }
  KLAMM_TRY(checkTopicName(name));
  if (context.image.topic(name) != nullptr || inThisRequest.contains(name)) {
    return fail(ErrorCode::TopicAlreadyExists, fmt::format("Topic '{}' already exists.", name));
  }
  if (const image::TopicImage* other = collidingTopic(context.image, name)) {
    return fail(ErrorCode::InvalidTopicException, fmt::format("Topic '{}' collides with existing topic: {}", name, other->name));
  }
  return {};
}

/// The replicas that a client chose partition by partition.
[[nodiscard]] Result<Replicas> assignedReplicas(const ControlContext& context, const CreateRequest::CreatableTopic& topic) {
  if (topic.replicationFactor != -1) {
    return fail(ErrorCode::InvalidRequest, "A manual partition assignment was specified, but replication factor was not set to -1.");
  }
  if (topic.numPartitions != -1) {
    return fail(ErrorCode::InvalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.");
  }
  std::map<std::int32_t, std::vector<std::int32_t>> byPartition;
  for (const auto& assignment : topic.assignments) {
    if (!byPartition.emplace(assignment.partitionIndex, assignment.brokerIds).second) {
      return fail(ErrorCode::InvalidReplicaAssignment, fmt::format("Found multiple manual partition assignments for partition {}", assignment.partitionIndex));
    }
    KLAMM_TRY(checkReplicas(context.image, assignment.brokerIds));
  }
  Replicas replicas;
  for (auto& [partition, brokers] : byPartition) {
    if (partition != static_cast<std::int32_t>(replicas.size())) {
      return fail(ErrorCode::InvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence");
    }
    if (!replicas.empty() && replicas.front().size() != brokers.size()) {
      return fail(ErrorCode::InvalidReplicaAssignment,
                  fmt::format("The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous "
                              "partitions, which have {} replica(s).", brokers.size(), replicas.front().size()));
    }
    replicas.push_back(std::move(brokers));
  }
  return replicas;
}

[[nodiscard]] Result<Replicas> replicasFor(const ControlContext& context, const CreateRequest::CreatableTopic& topic) {
  if (!topic.assignments.empty()) return assignedReplicas(context, topic);
  if (topic.replicationFactor < -1 || topic.replicationFactor == 0) {
    return fail(ErrorCode::InvalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value.");
  }
  if (topic.numPartitions < -1 || topic.numPartitions == 0) {
    return fail(ErrorCode::InvalidPartitions, "Number of partitions was set to an invalid non-positive value.");
  }
  const auto count = topic.numPartitions == -1 ? static_cast<std::int32_t>(context.config.number("num.partitions")) : topic.numPartitions;
  const auto factor = topic.replicationFactor == -1 ? static_cast<std::int16_t>(context.config.number("default.replication.factor"))
                                                    : topic.replicationFactor;
  return placeReplicas(context.image, count, factor, context.random.next());
}

void describeNewTopic(const ControlContext& context, const image::ConfigMap& own, CreateResult& result) {
  const ConfigView view(context.config, context.image, context.brokerId);
  std::vector<protocol::CreateTopicsResponse::CreatableTopicConfigs> configs;
  for (const EffectiveConfig& effective : view.topicConfigs(own)) {
    protocol::CreateTopicsResponse::CreatableTopicConfigs entry;
    entry.name = effective.row->name;
    entry.value = effective.value();
    entry.configSource = static_cast<std::int8_t>(effective.source());
    configs.push_back(std::move(entry));
  }
  result.configs = std::move(configs);
}

/// Records of one topic, all or none; fills the result.
[[nodiscard]] Status createOne(const ControlContext& context, const CreateRequest::CreatableTopic& topic, RecordList& records, CreateResult& result) {
  image::ConfigMap own;
  for (const auto& config : topic.configs) {
    if (!config.value) return fail(ErrorCode::InvalidConfig, fmt::format("Null value not supported for topic configs: {}", config.name));
    own.insert_or_assign(config.name, *config.value);
  }
  for (const auto& [name, value] : own) KLAMM_TRY(checkTopicConfig(name, value));
  KLAMM_TRY(checkTopicConfigsTogether(own));
  KLAMM_TRY_ASSIGN(const Replicas replicas, replicasFor(context, topic));

  const Uuid id = Uuid::random(context.random);
  protocol::TopicRecord created;
  created.name = topic.name;
  created.topicId = id;
  KLAMM_TRY(records.add(created, 0));
  for (const auto& [name, value] : own) {
    protocol::ConfigRecord config;
    config.resourceType = static_cast<std::int8_t>(image::ConfigResourceType::Topic);
    config.resourceName = topic.name;
    config.name = name;
    config.value = value;
    KLAMM_TRY(records.add(config, 0));
  }
  for (std::size_t p = 0; p < replicas.size(); ++p) {
    KLAMM_TRY(records.add(newPartition(context.image, id, static_cast<std::int32_t>(p), replicas[p]), kPartitionRecordVersion));
  }
  result.topicId = id;
  result.numPartitions = static_cast<std::int32_t>(replicas.size());
  result.replicationFactor = static_cast<std::int16_t>(replicas.front().size());
  describeNewTopic(context, own, result);
  return {};
}

void warnOfIdleConfigs(const ControlContext& context, const CreateRequest::CreatableTopic& topic) {
  if (image::isInternalTopic(topic.name)) return;  // the broker's own doing
  for (const auto& config : topic.configs) {
    const config::ConfigRow* row = config::findTopicRow(config.name);
    if (row != nullptr && row->acts == config::Acts::NotYet) {
      context.log.warn("topic {}: {}={} is stored and described, but does not act yet", topic.name, config.name, config.value.value_or(""));
    }
  }
}

[[nodiscard]] std::int64_t partitionsAskedFor(const ControlContext& context, const CreateRequest& request) {
  std::int64_t sum = 0;
  for (const auto& topic : request.topics) {
    if (!topic.assignments.empty()) sum += static_cast<std::int64_t>(topic.assignments.size());
    else sum += topic.numPartitions == -1 ? context.config.number("num.partitions") : std::max(topic.numPartitions, 0);
  }
  return sum;
}

}  // namespace

Outcome<protocol::CreateTopicsResponse> createTopics(const ControlContext& context, const CreateRequest& request) {
  Outcome<protocol::CreateTopicsResponse> outcome;
  const auto twice = duplicates(request.topics, [](const auto& topic) { return topic.name; });
  const bool tooMany = partitionsAskedFor(context, request) > kMaxPartitionsPerRequest;
  std::set<std::string> created, answered;
  for (const auto& topic : request.topics) {
    if (twice.contains(topic.name) && !answered.insert(topic.name).second) continue;
    CreateResult result;
    result.name = topic.name;
    RecordList records;
    Status status;
    if (twice.contains(topic.name)) status = fail(ErrorCode::InvalidRequest, "Duplicate topic name.");
    else if (tooMany) status = fail(ErrorCode::PolicyViolation, "Excessively large number of partitions per request.");
    else if (status = checkNewName(context, topic.name, created); status) status = createOne(context, topic, records, result);
    if (status) {
      created.insert(topic.name);
      outcome.records.add(std::move(records));
      if (!request.validateOnly) warnOfIdleConfigs(context, topic);
      setError(result, Error());
    } else {
      setError(result, status.error());
    }
    outcome.response.topics.push_back(std::move(result));
  }
  if (request.validateOnly) outcome.records.clear();
  return outcome;
}

namespace {

using DeleteRequest = protocol::DeleteTopicsRequest;
using DeleteResult = protocol::DeleteTopicsResponse::DeletableTopicResult;

[[nodiscard]] Status deleteOne(const ControlContext& context, const DeleteRequest::DeleteTopicState& asked, std::set<Uuid>& gone, RecordList& records,
                               DeleteResult& result) {
  const bool byId = !asked.topicId.isZero();
  if (asked.name && byId) return fail(ErrorCode::InvalidRequest, "You may not specify both topic name and topic id.");
  if (!asked.name && !byId) return fail(ErrorCode::InvalidRequest, "Neither topic name nor id were specified.");
  const image::TopicImage* topic = byId ? context.image.topic(asked.topicId) : context.image.topic(*asked.name);
  if (topic == nullptr) {
    return byId ? fail(ErrorCode::UnknownTopicId, "This server does not host this topic ID.")
                : fail(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.");
  }
  result.name = topic->name;
  result.topicId = topic->id;
  if (!gone.insert(topic->id).second) return fail(ErrorCode::InvalidRequest, "Duplicate topic name.");
  protocol::RemoveTopicRecord removed;
  removed.topicId = topic->id;
  return records.add(removed, 0);
}

}  // namespace

Outcome<protocol::DeleteTopicsResponse> deleteTopics(const ControlContext& context, const DeleteRequest& request) {
  Outcome<protocol::DeleteTopicsResponse> outcome;
  std::vector<DeleteRequest::DeleteTopicState> asked = request.topics;
  for (const std::string& name : request.topicNames) {
    DeleteRequest::DeleteTopicState state;
    state.name = name;
    asked.push_back(std::move(state));
  }
  std::set<Uuid> gone;
  for (const auto& topic : asked) {
    DeleteResult result;
    result.name = topic.name;
    result.topicId = topic.topicId;
    const Status status = context.config.flag("delete.topic.enable") ? deleteOne(context, topic, gone, outcome.records, result)
                                                                      : fail(ErrorCode::TopicDeletionDisabled);
    setError(result, status ? Error() : status.error());
    outcome.response.responses.push_back(std::move(result));
  }
  return outcome;
}

namespace {

using GrowRequest = protocol::CreatePartitionsRequest;

[[nodiscard]] Result<Replicas> replicasToAdd(const ControlContext& context, const GrowRequest::CreatePartitionsTopic& asked,
                                             const image::TopicImage& topic) {
  const auto present = static_cast<std::int32_t>(topic.partitions.size());
  if (asked.count == present) return fail(ErrorCode::InvalidPartitions, fmt::format("Topic already has {} partition(s).", present));
  if (asked.count < present) {
    return fail(ErrorCode::InvalidPartitions, fmt::format("The topic {} currently has {} partition(s); {} would not be an increase.", topic.name,
                                                          present, asked.count));
  }
  const std::int32_t additional = asked.count - present;
  if (additional > kMaxPartitionsPerRequest) return fail(ErrorCode::PolicyViolation, "Excessively large number of partitions per request.");
  const std::size_t factor = topic.partitions.front().replicas.size();
  if (!asked.assignments) return placeReplicas(context.image, additional, static_cast<std::int16_t>(factor), context.random.next());
  if (asked.assignments->size() != static_cast<std::size_t>(additional)) {
    return fail(ErrorCode::InvalidReplicaAssignment, fmt::format("Attempted to add {} additional partition(s), but only {} assignment(s) were specified.",
                                                                 additional, asked.assignments->size()));
  }
  Replicas replicas;
  for (const auto& assignment : *asked.assignments) {
    KLAMM_TRY(checkReplicas(context.image, assignment.brokerIds));
    if (assignment.brokerIds.size() != factor) {
      return fail(ErrorCode::InvalidReplicaAssignment,
                  fmt::format("The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous "
                              "partitions, which have {} replica(s).", assignment.brokerIds.size(), factor));
    }
    replicas.push_back(assignment.brokerIds);
  }
  return replicas;
}

[[nodiscard]] Status growOne(const ControlContext& context, const GrowRequest::CreatePartitionsTopic& asked, RecordList& records) {
  const image::TopicImage* topic = context.image.topic(asked.name);
  if (topic == nullptr) return fail(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.");
  KLAMM_TRY_ASSIGN(const Replicas replicas, replicasToAdd(context, asked, *topic));
  const auto first = static_cast<std::int32_t>(topic->partitions.size());
  for (std::size_t p = 0; p < replicas.size(); ++p) {
    KLAMM_TRY(records.add(newPartition(context.image, topic->id, first + static_cast<std::int32_t>(p), replicas[p]), kPartitionRecordVersion));
  }
  return {};
}

}  // namespace

Outcome<protocol::CreatePartitionsResponse> createPartitions(const ControlContext& context, const GrowRequest& request) {
  Outcome<protocol::CreatePartitionsResponse> outcome;
  const auto twice = duplicates(request.topics, [](const auto& topic) { return topic.name; });
  std::set<std::string> answered;
  for (const auto& topic : request.topics) {
    if (!answered.insert(topic.name).second) continue;
    protocol::CreatePartitionsResponse::CreatePartitionsTopicResult result;
    result.name = topic.name;
    RecordList records;
    const Status status = twice.contains(topic.name) ? fail(ErrorCode::InvalidRequest, "Duplicate topic name.") : growOne(context, topic, records);
    if (status) outcome.records.add(std::move(records));
    setError(result, status ? Error() : status.error());
    outcome.response.results.push_back(std::move(result));
  }
  if (request.validateOnly) outcome.records.clear();
  return outcome;
}

}  // namespace klamm::broker::controller
