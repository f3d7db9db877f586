// OffsetCommit: v2-10
// * Stores offsets of a group, of a member in its generation or of somebody outside an empty group (generation -1)
// * Partitions that do not exist are answered without the coordinator, before the others of their topic
// Version notes:
// * v2-4: a retention time of its own
// * v6: leader epochs; v7: group instance id (KIP-345)
// * v9: GROUP_ID_NOT_FOUND for a generation of a group that does not exist; before, ILLEGAL_GENERATION
// * v10: topics by id (UNKNOWN_TOPIC_ID)

#include "handlers/group_request.h"
#include "protocol/08_offset_commit.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kTopicIds = 10;

struct OffsetCommit {
  using Request = protocol::OffsetCommitRequest;
  using Response = protocol::OffsetCommitResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    const bool allowed = mayRead(context, request.groupId);
    auto response = std::make_shared<Response>();
    std::vector<Request::OffsetCommitRequestTopic> known;
    for (auto& topic : request.topics) {
      response->topics.push_back(resolve(context, topic, allowed));
      if (!topic.partitions.empty()) known.push_back(std::move(topic));
    }
    request.topics = std::move(known);
    if (request.topics.empty()) return reply(*response);
    context.broker.groups.commitOffsets(requestInfo(context), request, [reply = std::move(reply), response](Response outcome) mutable {
      for (auto& topic : outcome.topics) append(*response, std::move(topic));
      reply(*response);
    });
  }

  /// Completes name and id of the topic and takes the partitions that cannot be committed out of it, into the answer.
  static Response::OffsetCommitResponseTopic resolve(Context& context, Request::OffsetCommitRequestTopic& topic, bool groupAllowed) {
    const auto& image = *context.broker.image;
    const bool byId = context.version() >= kTopicIds;
    const image::TopicImage* found = byId ? image.topic(topic.topicId) : image.topic(topic.name);
    Response::OffsetCommitResponseTopic told;
    told.name = topic.name;
    told.topicId = topic.topicId;
    ErrorCode error = ErrorCode::None;
    if (!groupAllowed) error = ErrorCode::GroupAuthorizationFailed;
    else if (found == nullptr && byId) error = ErrorCode::UnknownTopicId;
    else if (!mayReadTopic(context, byId ? found->name : topic.name)) error = ErrorCode::TopicAuthorizationFailed;
    else if (found == nullptr) error = ErrorCode::UnknownTopicOrPartition;
    std::vector<Request::OffsetCommitRequestPartition> known;
    for (auto& partition : topic.partitions) {
      const std::int32_t index = partition.partitionIndex;
      const bool exists = found != nullptr && index >= 0 && static_cast<std::size_t>(index) < found->partitions.size();
      if (error == ErrorCode::None && exists) {
        known.push_back(std::move(partition));
        continue;
      }
      told.partitions.emplace_back();
      told.partitions.back().partitionIndex = index;
      told.partitions.back().errorCode = error == ErrorCode::None ? ErrorCode::UnknownTopicOrPartition : error;
    }
    topic.partitions = std::move(known);
    if (found != nullptr) {
      topic.name = found->name;
      topic.topicId = found->id;
    }
    return told;
  }

  /// `outcome` names the topic by both; the answer's topic has what the request had.
  static void append(Response& response, Response::OffsetCommitResponseTopic outcome) {
    for (auto& told : response.topics) {
      if (told.name != outcome.name && (told.topicId.isZero() || told.topicId != outcome.topicId)) continue;
      told.partitions.insert(told.partitions.end(), outcome.partitions.begin(), outcome.partitions.end());
      return;
    }
  }
};

}  // namespace

KLAMM_HANDLER(OffsetCommit)

}  // namespace klamm::broker::handlers
