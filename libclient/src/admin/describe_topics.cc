// Describing topics: page by page with DescribeTopicPartitions, at once with Metadata from brokers that lack it.

#include <algorithm>
#include <functional>
#include <set>

#include "admin/core.h"
#include "protocol/03_metadata.h"
#include "protocol/75_describe_topic_partitions.h"

namespace klamm::admin {
namespace {

using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using protocol::MetadataRequest;
using protocol::MetadataResponse;
using Nodes = std::map<NodeId, Node>;
using DescriptionGather = Gather<std::string, TopicDescription>;

constexpr std::int32_t kPartitionsPerPage = 2000;
/// Metadata takes topic ids without names from this version on (v10 and v11 exist, but answer wrongly).
constexpr std::int16_t kMetadataById = 12;

Node nodeOf(const Nodes& nodes, NodeId id) {
  const auto at = nodes.find(id);
  return at == nodes.end() ? Node{.id = id} : at->second;
}

std::vector<Node> nodesOf(const Nodes& nodes, const std::vector<NodeId>& ids) {
  std::vector<Node> list;
  for (const NodeId id : ids) list.push_back(nodeOf(nodes, id));
  return list;
}

std::optional<Node> leaderOf(const Nodes& nodes, NodeId id) {
  return id < 0 ? std::nullopt : std::optional(nodeOf(nodes, id));
}

TopicPartitionInfo partitionOf(const Nodes& nodes, const DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponsePartition& from) {
  TopicPartitionInfo info;
  info.partition = from.partitionIndex;
  info.leader = leaderOf(nodes, from.leaderId);
  info.replicas = nodesOf(nodes, from.replicaNodes);
  info.isr = nodesOf(nodes, from.isrNodes);
  if (from.eligibleLeaderReplicas) info.elr = nodesOf(nodes, *from.eligibleLeaderReplicas);
  if (from.lastKnownElr) info.lastKnownElr = nodesOf(nodes, *from.lastKnownElr);
  return info;
}

TopicDescription descriptionOf(const Nodes& nodes, const MetadataResponse::MetadataResponseTopic& from) {
  TopicDescription topic;
  topic.name = from.name.value_or("");
  topic.topicId = idText(from.topicId);
  topic.isInternal = from.isInternal;
  for (const auto& one : from.partitions) {
    TopicPartitionInfo info;
    info.partition = one.partitionIndex;
    info.leader = leaderOf(nodes, one.leaderId);
    info.replicas = nodesOf(nodes, one.replicaNodes);
    info.isr = nodesOf(nodes, one.isrNodes);
    topic.partitions.push_back(std::move(info));
  }
  std::sort(topic.partitions.begin(), topic.partitions.end(), [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return topic;
}

Nodes nodesIn(const MetadataResponse& answer) {
  Nodes nodes;
  for (const auto& broker : answer.brokers) nodes[broker.nodeId] = {broker.nodeId, broker.host, broker.port, broker.rack};
  return nodes;
}

/// Asks page after page; a topic may go over several. Keeps itself alive until the last one.
class PagedDescription : public std::enable_shared_from_this<PagedDescription> {
 public:
  using Spec = CallSpec<DescribeTopicPartitionsRequest>;
  using Fallback = std::function<void(std::vector<std::string>, std::shared_ptr<DescriptionGather>)>;

  PagedDescription(Router& router, Spec spec, std::vector<std::string> names, std::shared_ptr<DescriptionGather> gather, Fallback fallback)
      : router_(router), spec_(std::move(spec)), names_(std::move(names)), gather_(std::move(gather)), fallback_(std::move(fallback)) {
    std::sort(names_.begin(), names_.end());  // the broker's order: a cursor names the first topic that is left
  }

  /// The answers hold broker ids only; the addresses come from the client's metadata.
  void start() {
    router_.client().metadata().await(0, spec_.deadline, [self = shared_from_this()](Result<client::Snapshot> snapshot) {
      if (!snapshot) return self->gather_->failAll(snapshot.error());
      self->nodes_ = (*snapshot)->nodes;
      self->page(std::nullopt);
    });
  }

 private:
  void page(std::optional<DescribeTopicPartitionsRequest::Cursor> cursor) {
    Spec spec = spec_;
    spec.build = [names = names_, cursor](std::int16_t) -> Result<DescribeTopicPartitionsRequest> {
      DescribeTopicPartitionsRequest request;
      for (const std::string& name : names) {
        if (!cursor || name >= cursor->topicName) request.topics.emplace_back().name = name;
      }
      request.responsePartitionLimit = kPartitionsPerPage;
      request.cursor = cursor;
      return request;
    };
    spec.done = [self = shared_from_this(), before = cursor](Result<DescribeTopicPartitionsResponse> answer) {
      if (!answer) return self->failed(answer.error());
      self->take(*answer);
      if (!answer->nextCursor) return self->publish();
      DescribeTopicPartitionsRequest::Cursor next;
      next.topicName = answer->nextCursor->topicName;
      next.partitionIndex = answer->nextCursor->partitionIndex;
      const bool forward = !before || std::tie(next.topicName, next.partitionIndex) > std::tie(before->topicName, before->partitionIndex);
      if (!forward) return self->failed(Error(ErrorCode::MalformedResponse, "describeTopics: the broker's cursor does not advance"));
      self->page(std::move(next));
    };
    RoutedCall<DescribeTopicPartitionsRequest>::start(router_, std::move(spec));
  }
  void take(const DescribeTopicPartitionsResponse& answer) {
    for (const auto& from : answer.topics) {
      if (!from.name) continue;
      auto& topic = topics_[*from.name];
      if (Error error = errorOf(from.errorCode, std::nullopt)) {
        topic.error = std::move(error);
        continue;
      }
      topic.value.name = *from.name;
      topic.value.topicId = idText(from.topicId);
      topic.value.isInternal = from.isInternal;
      for (const auto& one : from.partitions) topic.value.partitions.push_back(partitionOf(nodes_, one));
    }
  }
  void publish() {
    for (auto& [name, topic] : topics_) {
      if (topic.error) gather_->fail(name, std::move(topic.error));
      else gather_->set(name, std::move(topic.value));
    }
  }
  void failed(const Error& error) {
    if (error.code() == ErrorCode::UnsupportedVersion) return fallback_(names_, gather_);
    gather_->failAll(error);
  }

  Router& router_;
  Spec spec_;
  std::vector<std::string> names_;
  std::shared_ptr<DescriptionGather> gather_;
  Fallback fallback_;
  Nodes nodes_;
  Outcomes<std::string, TopicDescription> topics_;
};

}  // namespace

void NetworkAdminCore::describeTopics(std::vector<std::string> names, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) {
  auto gather = std::make_shared<DescriptionGather>(std::move(done));
  refuseEmptyNames(names, std::identity(), *gather);
  if (names.empty()) return;
  for (const std::string& name : names) gather->expect(name);
  auto spec = specOf<DescribeTopicPartitionsRequest>("describeTopics", Route::anyNode(), options);
  auto fallback = [this, options](std::vector<std::string> left, std::shared_ptr<DescriptionGather> into) {
    describeByMetadata(std::move(left), options, [into](Outcomes<std::string, TopicDescription> found) {
      for (auto& [name, outcome] : found) {
        if (outcome.error) into->fail(name, std::move(outcome.error));
        else into->set(name, std::move(outcome.value));
      }
    });
  };
  std::make_shared<PagedDescription>(router_, std::move(spec), std::move(names), std::move(gather), std::move(fallback))->start();
}

void NetworkAdminCore::describeByMetadata(std::vector<std::string> names, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) {
  auto gather = std::make_shared<DescriptionGather>(std::move(done));
  for (const std::string& name : names) gather->expect(name);
  auto spec = specOf<MetadataRequest>("describeTopics", Route::anyNode(), options);
  spec.minVersion = 4;  // older ones might create the topic
  spec.build = [names = std::move(names)](std::int16_t) -> Result<MetadataRequest> {
    MetadataRequest request;
    auto& topics = request.topics.emplace();
    for (const std::string& name : names) topics.emplace_back().name = name;
    request.allowAutoTopicCreation = false;
    return request;
  };
  spec.done = [gather](Result<MetadataResponse> answer) {
    if (!answer) return gather->failAll(answer.error());
    const Nodes nodes = nodesIn(*answer);
    for (const auto& topic : answer->topics) {
      if (!topic.name) continue;
      if (Error error = errorOf(topic.errorCode, std::nullopt)) gather->fail(*topic.name, std::move(error));
      else gather->set(*topic.name, descriptionOf(nodes, topic));
    }
  };
  RoutedCall<MetadataRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::describeTopicsById(std::vector<std::string> ids, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) {
  auto gather = std::make_shared<DescriptionGather>(std::move(done));
  MetadataRequest request;
  request.allowAutoTopicCreation = false;
  auto& topics = request.topics.emplace();
  for (const std::string& text : ids) {
    gather->expect(text);
    const auto id = Uuid::parse(text);
    if (!id) {
      gather->fail(text, id.error());
      continue;
    }
    auto& topic = topics.emplace_back();
    topic.topicId = *id;
    topic.name.reset();
  }
  if (topics.empty()) return;
  auto spec = specOf<MetadataRequest>("describeTopics", Route::anyNode(), options);
  spec.minVersion = kMetadataById;
  spec.build = [request](std::int16_t) -> Result<MetadataRequest> { return request; };
  spec.done = [gather](Result<MetadataResponse> answer) {
    if (!answer) return gather->failAll(answer.error());
    const Nodes nodes = nodesIn(*answer);
    for (const auto& topic : answer->topics) {
      const std::string id = topic.topicId.toString();
      if (Error error = errorOf(topic.errorCode, std::nullopt)) gather->fail(id, std::move(error));
      else gather->set(id, descriptionOf(nodes, topic));
    }
  };
  RoutedCall<MetadataRequest>::start(router_, std::move(spec));
}

}  // namespace klamm::admin
