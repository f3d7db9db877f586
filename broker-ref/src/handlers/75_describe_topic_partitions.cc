// DescribeTopicPartitions: v0
// * Topics by rising name, page by page: at most responsePartitionLimit partitions (and never more than
//   max.request.partition.size.limit), then a cursor that says where the next page begins

#include <algorithm>

#include "handlers/cluster_view.h"
#include "protocol/75_describe_topic_partitions.h"

namespace klamm::broker::handlers {
namespace {

struct DescribeTopicPartitions {
  using Request = protocol::DescribeTopicPartitionsRequest;
  using Response = protocol::DescribeTopicPartitionsResponse;
  using Topic = Response::DescribeTopicPartitionsResponseTopic;

  static Response handle(Context& context, const Request& request) {
    std::vector<std::string> names = topicsAskedFor(context, request);
    std::int32_t first = 0;
    if (request.cursor) {
      std::erase_if(names, [&](const std::string& name) { return name < request.cursor->topicName; });
      if (!names.empty() && names.front() == request.cursor->topicName) first = std::max(0, request.cursor->partitionIndex);
    }
    const auto limit = static_cast<std::int32_t>(context.broker.config.number("max.request.partition.size.limit"));
    std::int32_t room = std::clamp(request.responsePartitionLimit, 1, limit);
    Response response;
    for (const std::string& name : names) {
      const image::TopicImage* topic = context.broker.image->topic(name);
      if (topic == nullptr) {
        response.topics.push_back(refuse(context, name));
        continue;
      }
      const auto count = static_cast<std::int32_t>(topic->partitions.size());
      const std::int32_t end = std::min(count, first + room);
      if (room > 0) response.topics.push_back(describe(context, *topic, first, end));
      room -= std::max(0, end - first);
      if (end < count) {
        response.nextCursor = Response::Cursor{.topicName = name, .partitionIndex = std::max(first, end)};
        break;
      }
      first = 0;
    }
    return response;
  }

 private:
  /// By rising name, each once, and only what the client may see.
  static std::vector<std::string> topicsAskedFor(const Context& context, const Request& request) {
    std::vector<std::string> names;
    if (request.topics.empty()) {
      for (const auto& topic : context.broker.image->topics()) names.push_back(topic->name);
    } else {
      for (const auto& topic : request.topics) names.push_back(topic.name);
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
    }
    std::erase_if(names, [&](const std::string& name) {
      return !context.request.allows(server::Operation::Describe, server::ResourceType::Topic, name);
    });
    return names;
  }

  static Topic refuse(const Context& context, const std::string& name) {
    Topic topic;
    const ErrorCode bad = context.broker.topicCreator.check(name);
    topic.errorCode = bad == ErrorCode::InvalidTopicException ? bad : ErrorCode::UnknownTopicOrPartition;
    topic.name = name;
    topic.isInternal = image::isInternalTopic(name);
    return topic;
  }

  static Topic describe(const Context& context, const image::TopicImage& image, std::int32_t first, std::int32_t end) {
    Topic topic;
    topic.name = image.name;
    topic.topicId = image.id;
    topic.isInternal = image::isInternalTopic(image.name);
    topic.topicAuthorizedOperations = authorizedOperations(context.request, server::ResourceType::Topic, image.name);
    for (std::int32_t index = first; index < end; ++index) {
      const image::PartitionImage& known = image.partitions[static_cast<std::size_t>(index)];
      Response::DescribeTopicPartitionsResponsePartition partition;
      partition.errorCode = known.leader < 0 ? ErrorCode::LeaderNotAvailable : ErrorCode::None;
      partition.partitionIndex = index;
      partition.leaderId = known.leader;
      partition.leaderEpoch = known.leaderEpoch;
      partition.replicaNodes = known.replicas;
      partition.isrNodes = known.isr;
      partition.eligibleLeaderReplicas = known.eligibleLeaderReplicas;
      partition.lastKnownElr = known.lastKnownElr;
      partition.offlineReplicas = offlineReplicas(*context.broker.image, known);
      topic.partitions.push_back(std::move(partition));
    }
    return topic;
  }
};

}  // namespace

KLAMM_HANDLER(DescribeTopicPartitions)

}  // namespace klamm::broker::handlers
