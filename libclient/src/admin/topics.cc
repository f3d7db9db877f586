// Making, removing and listing topics; partitions and their reassignment.

#include <algorithm>
#include <functional>
#include <limits>

#include "admin/core.h"
#include "protocol/03_metadata.h"
#include "protocol/19_create_topics.h"
#include "protocol/20_delete_topics.h"
#include "protocol/37_create_partitions.h"
#include "protocol/46_list_partition_reassignments.h"

namespace klamm::admin {
namespace {

using protocol::CreatePartitionsRequest;
using protocol::CreateTopicsRequest;
using protocol::DeleteTopicsRequest;

/// From this version on a broker fills in its defaults for -1 (KIP-464).
constexpr std::int16_t kCreateTopicsDefaults = 4;
constexpr std::int16_t kDeleteTopicsById = 6;

CreateTopicsRequest::CreatableTopic creatable(const NewTopic& from) {
  CreateTopicsRequest::CreatableTopic topic;
  topic.name = from.name;
  topic.numPartitions = from.assignments.empty() ? from.partitions : -1;
  topic.replicationFactor = from.assignments.empty() ? from.replicationFactor : std::int16_t{-1};
  for (const auto& [partition, brokers] : from.assignments) {
    auto& assignment = topic.assignments.emplace_back();
    assignment.partitionIndex = partition;
    assignment.brokerIds = brokers;
  }
  for (const auto& [name, value] : from.configs) {
    auto& config = topic.configs.emplace_back();
    config.name = name;
    config.value = value;
  }
  return topic;
}

CreatedTopic createdOf(const protocol::CreateTopicsResponse::CreatableTopicResult& from) {
  CreatedTopic topic;
  topic.topicId = idText(from.topicId);
  topic.partitions = from.numPartitions;
  topic.replicationFactor = from.replicationFactor;
  if (!from.configs) return topic;
  for (const auto& config : *from.configs) {
    ConfigEntry entry;
    entry.name = config.name;
    entry.value = config.value;
    entry.source = static_cast<ConfigSource>(config.configSource);
    entry.isReadOnly = config.readOnly;
    entry.isSensitive = config.isSensitive;
    topic.configs.push_back(std::move(entry));
  }
  return topic;
}

/// NotController, when that is what the broker said about any part of the request.
template <class Results>
Error wrongController(const Results& results) {
  for (const auto& result : results) {
    if (result.errorCode == ErrorCode::NotController) return errorOf(result.errorCode, std::nullopt);
  }
  return Error();
}

/// Passes on what was decided about each topic. What a quota held back stays in `asked`, which is what the next attempt
/// asks for; its error is returned, and nothing when all was decided.
template <class Asked, class Results, class Tell, class IsSame>
Error settle(Asked& asked, const Results& results, Tell tell, IsSame isSame) {
  if (Error error = wrongController(results)) return error;
  Error heldBack;
  for (const auto& result : results) {
    Error error = errorOf(result.errorCode, result.errorMessage);
    if (error.code() == ErrorCode::ThrottlingQuotaExceeded) heldBack = error;
    else std::erase_if(asked, [&](const auto& one) { return isSame(one, result); });
    tell(result, std::move(error));
  }
  return heldBack;
}

}  // namespace

std::int32_t NetworkAdminCore::brokerTimeout(const AdminOptions& options) const {
  const auto left = std::chrono::duration_cast<Millis>(deadlineOf(options) - client_->loop().now()).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<std::int32_t>::max()));
}

void NetworkAdminCore::createTopics(std::vector<NewTopic> topics, const AdminOptions& options, OutcomesCallback<std::string, CreatedTopic> done) {
  auto gather = std::make_shared<Gather<std::string, CreatedTopic>>(std::move(done));
  refuseEmptyNames(topics, [](const NewTopic& topic) -> const std::string& { return topic.name; }, *gather);
  if (topics.empty()) return;
  for (const NewTopic& topic : topics) gather->expect(topic.name);
  auto spec = specOf<CreateTopicsRequest>("createTopics", Route::controller(), options);
  auto request = std::make_shared<CreateTopicsRequest>();
  request->timeoutMs = brokerTimeout(options);
  request->validateOnly = options.validateOnly;
  for (const NewTopic& topic : topics) request->topics.push_back(creatable(topic));
  spec.build = [request](std::int16_t version) -> Result<CreateTopicsRequest> {
    for (const auto& topic : request->topics) {
      const bool defaults = topic.assignments.empty() && (topic.numPartitions == -1 || topic.replicationFactor == -1);
      if (defaults && version < kCreateTopicsDefaults) {
        return klamm::fail(ErrorCode::UnsupportedVersion, "the broker has no defaults for partitions and replication factor: give both");
      }
    }
    return *request;
  };
  spec.doubt = [request, gather](const protocol::CreateTopicsResponse& answer) {
    return settle(request->topics, answer.topics, [&](const auto& topic, Error error) {
      if (error) gather->fail(topic.name, std::move(error));
      else gather->set(topic.name, createdOf(topic));
    }, [](const auto& asked, const auto& topic) { return asked.name == topic.name; });
  };
  spec.done = [request, gather](Result<protocol::CreateTopicsResponse> answer) {
    if (answer) return;
    for (const auto& topic : request->topics) gather->fail(topic.name, answer.error());
  };
  RoutedCall<CreateTopicsRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::deleteTopics(std::vector<std::string> names, const AdminOptions& options, TextOutcomes done) {
  auto gather = std::make_shared<Gather<std::string, Nothing>>(std::move(done));
  refuseEmptyNames(names, std::identity(), *gather);
  if (names.empty()) return;
  for (const std::string& name : names) gather->expect(name);
  auto spec = specOf<DeleteTopicsRequest>("deleteTopics", Route::controller(), options);
  auto left = std::make_shared<std::vector<std::string>>(std::move(names));
  spec.build = [left, timeout = brokerTimeout(options)](std::int16_t version) -> Result<DeleteTopicsRequest> {
    DeleteTopicsRequest request;
    request.timeoutMs = timeout;
    if (version < kDeleteTopicsById) request.topicNames = *left;
    else for (const std::string& name : *left) request.topics.emplace_back().name = name;
    return request;
  };
  spec.doubt = [left, gather](const protocol::DeleteTopicsResponse& answer) {
    return settle(*left, answer.responses, [&](const auto& topic, Error error) {
      if (topic.name) gather->fail(*topic.name, std::move(error));
    }, [](const auto& asked, const auto& topic) { return topic.name == asked; });
  };
  spec.done = [left, gather](Result<protocol::DeleteTopicsResponse> answer) {
    if (answer) return;
    for (const std::string& name : *left) gather->fail(name, answer.error());
  };
  RoutedCall<DeleteTopicsRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::deleteTopicsById(std::vector<std::string> ids, const AdminOptions& options, TextOutcomes done) {
  auto gather = std::make_shared<Gather<std::string, Nothing>>(std::move(done));
  auto request = std::make_shared<DeleteTopicsRequest>();
  request->timeoutMs = brokerTimeout(options);
  for (const std::string& text : ids) {
    gather->expect(text);
    const auto id = Uuid::parse(text);
    if (id) request->topics.emplace_back().topicId = *id;
    else gather->fail(text, id.error());
  }
  if (request->topics.empty()) return;
  auto spec = specOf<DeleteTopicsRequest>("deleteTopics", Route::controller(), options);
  spec.minVersion = kDeleteTopicsById;
  spec.build = [request](std::int16_t) -> Result<DeleteTopicsRequest> { return *request; };
  spec.doubt = [request, gather](const protocol::DeleteTopicsResponse& answer) {
    return settle(request->topics, answer.responses, [&](const auto& topic, Error error) {
      gather->fail(topic.topicId.toString(), std::move(error));
    }, [](const auto& asked, const auto& topic) { return asked.topicId == topic.topicId; });
  };
  spec.done = [request, gather](Result<protocol::DeleteTopicsResponse> answer) {
    if (answer) return;
    for (const auto& topic : request->topics) gather->fail(topic.topicId.toString(), answer.error());
  };
  RoutedCall<DeleteTopicsRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::listTopics(const AdminOptions& options, OutcomeCallback<std::map<std::string, TopicListing>> done) {
  auto spec = specOf<protocol::MetadataRequest>("listTopics", Route::anyNode(), options);
  spec.minVersion = 1;  // v0 cannot ask for all
  spec.build = [](std::int16_t version) -> Result<protocol::MetadataRequest> {
    protocol::MetadataRequest request;
    request.topics.reset();
    request.allowAutoTopicCreation = version < 4;  // older ones cannot carry it; asking for all creates nothing
    return request;
  };
  spec.done = [done = std::move(done), internal = options.listInternal](Result<protocol::MetadataResponse> answer) {
    if (!answer) return done({answer.error(), {}});
    std::map<std::string, TopicListing> topics;
    for (const auto& topic : answer->topics) {
      if (topic.name && (internal || !topic.isInternal)) topics[*topic.name] = {*topic.name, idText(topic.topicId), topic.isInternal};
    }
    done({Error(), std::move(topics)});
  };
  RoutedCall<protocol::MetadataRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::createPartitions(std::map<std::string, NewPartitions> topics, const AdminOptions& options, TextOutcomes done) {
  auto gather = std::make_shared<Gather<std::string, Nothing>>(std::move(done));
  if (topics.empty()) return;
  auto spec = specOf<CreatePartitionsRequest>("createPartitions", Route::controller(), options);
  auto request = std::make_shared<CreatePartitionsRequest>();
  request->timeoutMs = brokerTimeout(options);
  request->validateOnly = options.validateOnly;
  for (const auto& [name, wanted] : topics) {
    gather->expect(name);
    auto& topic = request->topics.emplace_back();
    topic.name = name;
    topic.count = wanted.totalCount;
    topic.assignments.reset();
    for (const auto& brokers : wanted.assignments) {
      if (!topic.assignments) topic.assignments.emplace();
      topic.assignments->emplace_back().brokerIds = brokers;
    }
  }
  spec.build = [request](std::int16_t) -> Result<CreatePartitionsRequest> { return *request; };
  spec.doubt = [request, gather](const protocol::CreatePartitionsResponse& answer) {
    return settle(request->topics, answer.results, [&](const auto& topic, Error error) {
      gather->fail(topic.name, std::move(error));
    }, [](const auto& asked, const auto& topic) { return asked.name == topic.name; });
  };
  spec.done = [request, gather](Result<protocol::CreatePartitionsResponse> answer) {
    if (answer) return;
    for (const auto& topic : request->topics) gather->fail(topic.name, answer.error());
  };
  RoutedCall<CreatePartitionsRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::listPartitionReassignments(std::optional<TopicPartitions> partitions, const AdminOptions& options,
                                                  OutcomeCallback<std::map<TopicPartition, PartitionReassignment>> done) {
  using Request = protocol::ListPartitionReassignmentsRequest;
  auto spec = specOf<Request>("listPartitionReassignments", Route::controller(), options);
  Request request;
  request.timeoutMs = brokerTimeout(options);
  if (partitions) {
    std::map<std::string, std::vector<std::int32_t>> byTopic;
    for (const TopicPartition& one : *partitions) byTopic[one.topic].push_back(one.partition);
    auto& topics = request.topics.emplace();
    for (auto& [name, indexes] : byTopic) {
      auto& topic = topics.emplace_back();
      topic.name = name;
      topic.partitionIndexes = std::move(indexes);
    }
  }
  spec.build = [request](std::int16_t) -> Result<Request> { return request; };
  spec.doubt = [](const auto& answer) { return answer.errorCode == ErrorCode::NotController ? Error(answer.errorCode) : Error(); };
  spec.done = [done = std::move(done)](Result<Request::Response> answer) {
    if (!answer) return done({answer.error(), {}});
    if (Error error = errorOf(answer->errorCode, answer->errorMessage)) return done({std::move(error), {}});
    std::map<TopicPartition, PartitionReassignment> found;
    for (const auto& topic : answer->topics) {
      for (const auto& one : topic.partitions) {
        found[{topic.name, one.partitionIndex}] = {one.replicas, one.addingReplicas, one.removingReplicas};
      }
    }
    done({Error(), std::move(found)});
  };
  RoutedCall<Request>::start(router_, std::move(spec));
}

}  // namespace klamm::admin
