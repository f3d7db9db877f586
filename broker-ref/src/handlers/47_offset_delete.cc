// OffsetDelete: v0
// * Deletes offsets of a group in topics that no member subscribes to (GROUP_SUBSCRIBED_TO_TOPIC)
// * Partitions that do not exist are answered without the coordinator, before the others of their topic

#include "handlers/group_request.h"
#include "protocol/47_offset_delete.h"

namespace klamm::broker::handlers {
namespace {

struct OffsetDelete {
  using Request = protocol::OffsetDeleteRequest;
  using Response = protocol::OffsetDeleteResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    auto response = std::make_shared<Response>();
    if (!mayDelete(context, request.groupId)) {
      response->errorCode = ErrorCode::GroupAuthorizationFailed;
      return reply(*response);
    }
    const auto image = context.broker.image;
    Request known;
    known.groupId = request.groupId;
    for (const auto& topic : request.topics) {
      const bool allowed = mayReadTopic(context, topic.name);
      Response::OffsetDeleteResponseTopic told;
      told.name = topic.name;
      Request::OffsetDeleteRequestTopic asked;
      asked.name = topic.name;
      for (const auto& partition : topic.partitions) {
        if (allowed && image->partition(topic.name, partition.partitionIndex) != nullptr) {
          asked.partitions.push_back(partition);
          continue;
        }
        told.partitions.emplace_back();
        told.partitions.back().partitionIndex = partition.partitionIndex;
        told.partitions.back().errorCode = allowed ? ErrorCode::UnknownTopicOrPartition : ErrorCode::TopicAuthorizationFailed;
      }
      if (!asked.partitions.empty()) known.topics.push_back(std::move(asked));
      response->topics.push_back(std::move(told));
    }
    if (known.topics.empty() && !response->topics.empty()) return reply(*response);
    context.broker.groups.deleteOffsets(known, [reply = std::move(reply), response](Response outcome) mutable {
      if (outcome.errorCode != ErrorCode::None) return reply(outcome);
      for (auto& topic : outcome.topics) append(*response, std::move(topic));
      reply(*response);
    });
  }

  static void append(Response& response, Response::OffsetDeleteResponseTopic topic) {
    for (auto& told : response.topics) {
      if (told.name != topic.name) continue;
      told.partitions.insert(told.partitions.end(), topic.partitions.begin(), topic.partitions.end());
      return;
    }
  }
};

}  // namespace

KLAMM_HANDLER(OffsetDelete)

}  // namespace klamm::broker::handlers
