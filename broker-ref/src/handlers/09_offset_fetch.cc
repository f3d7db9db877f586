// OffsetFetch: v1-10
// * Committed offsets of groups; -1 where nothing is committed. Groups and partitions that do not exist are no error
// * requireStable (v7) changes nothing while there are no transactions
// Version notes:
// * v2: null topics are all that have offsets; an error of the group stands at the top, before at each partition
// * v5: leader epochs
// * v8: several groups
// * v9: member id and epoch, which classic groups do not check
// * v10: topics by id (UNKNOWN_TOPIC_ID)

#include <iterator>

#include "handlers/group_request.h"
#include "protocol/09_offset_fetch.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kTopLevelError = 2;
constexpr std::int16_t kSeveralGroups = 8;
constexpr std::int16_t kTopicIds = 10;

using Request = protocol::OffsetFetchRequest;
using Response = protocol::OffsetFetchResponse;
using Groups = std::vector<Response::OffsetFetchResponseGroup>;

/// A topic whose offsets cannot be told, with the reason at each partition.
Response::OffsetFetchResponseTopics refused(const Request::OffsetFetchRequestTopics& topic, ErrorCode error) {
  Response::OffsetFetchResponseTopics told;
  told.name = topic.name;
  told.topicId = topic.topicId;
  for (const std::int32_t partition : topic.partitionIndexes) {
    told.partitions.emplace_back();
    told.partitions.back().partitionIndex = partition;
    told.partitions.back().committedOffset = -1;
    told.partitions.back().metadata = "";
    told.partitions.back().errorCode = error;
  }
  return told;
}

/// The old form: one group, at the top of request and answer.
Response single(Response::OffsetFetchResponseGroup group, const std::vector<Request::OffsetFetchRequestTopics>& asked, std::int16_t version) {
  if (version < kTopLevelError && group.errorCode != ErrorCode::None) {
    for (const auto& topic : asked) group.topics.push_back(refused(topic, group.errorCode));
  }
  Response response;
  response.errorCode = group.errorCode;
  for (auto& topic : group.topics) {
    Response::OffsetFetchResponseTopic told;
    told.name = std::move(topic.name);
    for (auto& partition : topic.partitions) {
      Response::OffsetFetchResponsePartition copy;
      copy.partitionIndex = partition.partitionIndex;
      copy.committedOffset = partition.committedOffset;
      copy.committedLeaderEpoch = partition.committedLeaderEpoch;
      copy.metadata = std::move(partition.metadata);
      copy.errorCode = partition.errorCode;
      told.partitions.push_back(std::move(copy));
    }
    response.topics.push_back(std::move(told));
  }
  return response;
}

/// The request on its way: the groups as the coordinator is asked for them, and what is answered beside it.
struct Call {
  std::int16_t version = 0;
  std::shared_ptr<const image::ClusterImage> image;
  std::vector<Request::OffsetFetchRequestGroup> asked;
  Groups answered;           ///< one per group: what the coordinator is not asked for
  std::vector<bool> denied;  ///< per group: not authorised, not asked for at all
};

struct OffsetFetch {
  using Request = protocol::OffsetFetchRequest;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    auto call = std::make_shared<Call>();
    call->version = context.version();
    call->image = context.broker.image;
    call->asked = context.version() < kSeveralGroups ? std::vector{inNewForm(request)} : std::move(request.groups);
    for (auto& group : call->asked) prepare(context, group, *call);
    std::vector<Request::OffsetFetchRequestGroup> forCoordinator;
    for (std::size_t i = 0; i < call->asked.size(); ++i)
      if (!call->denied[i]) forCoordinator.push_back(call->asked[i]);
    context.broker.groups.fetchOffsets(forCoordinator, [reply = std::move(reply), call](Groups fetched) mutable {
      reply(combine(*call, std::move(fetched)));
    });
  }

  static Request::OffsetFetchRequestGroup inNewForm(Request& request) {
    Request::OffsetFetchRequestGroup group;
    group.groupId = std::move(request.groupId);
    if (!request.topics) return group.topics.reset(), group;
    group.topics.emplace();
    for (auto& topic : *request.topics) {
      group.topics->emplace_back();
      group.topics->back().name = std::move(topic.name);
      group.topics->back().partitionIndexes = std::move(topic.partitionIndexes);
    }
    return group;
  }

  /// Names the topics, and sorts out those that may not be answered.
  static void prepare(const Context& context, Request::OffsetFetchRequestGroup& group, Call& call) {
    Response::OffsetFetchResponseGroup& answer = call.answered.emplace_back();
    answer.groupId = group.groupId;
    call.denied.push_back(!mayDescribe(context, group.groupId));
    if (call.denied.back()) answer.errorCode = ErrorCode::GroupAuthorizationFailed;
    if (call.denied.back() || !group.topics) return;
    std::vector<Request::OffsetFetchRequestTopics> known;
    for (auto& topic : *group.topics) {
      if (call.version >= kTopicIds) {
        const image::TopicImage* found = call.image->topic(topic.topicId);
        if (found == nullptr) {
          answer.topics.push_back(refused(topic, ErrorCode::UnknownTopicId));
          continue;
        }
        topic.name = found->name;
      }
      if (context.request.allows(server::Operation::Describe, server::ResourceType::Topic, topic.name)) known.push_back(std::move(topic));
      else answer.topics.push_back(refused(topic, ErrorCode::TopicAuthorizationFailed));
    }
    group.topics = std::move(known);
  }

  static Response combine(Call& call, Groups fetched) {
    Response response;
    auto next = fetched.begin();
    for (std::size_t i = 0; i < call.asked.size(); ++i) {
      Response::OffsetFetchResponseGroup group = std::move(call.answered[i]);
      if (!call.denied[i]) merge(call, std::move(*next++), group);
      if (call.version < kSeveralGroups) return single(std::move(group), call.asked[i].topics.value_or(std::vector<Request::OffsetFetchRequestTopics>()), call.version);
      response.groups.push_back(std::move(group));
    }
    return response;
  }

  /// What the coordinator told comes first, then what it was not asked for.
  static void merge(const Call& call, Response::OffsetFetchResponseGroup fetched, Response::OffsetFetchResponseGroup& group) {
    group.errorCode = fetched.errorCode;
    auto refusedTopics = std::exchange(group.topics, {});
    for (auto& topic : fetched.topics) {
      if (call.version >= kTopicIds && topic.topicId.isZero()) {
        // All topics were asked for: one that is gone has no id to be told by.
        const image::TopicImage* found = call.image->topic(topic.name);
        if (found == nullptr) continue;
        topic.topicId = found->id;
      }
      group.topics.push_back(std::move(topic));
    }
    std::move(refusedTopics.begin(), refusedTopics.end(), std::back_inserter(group.topics));
  }
};

}  // namespace

KLAMM_HANDLER(OffsetFetch)

}  // namespace klamm::broker::handlers
