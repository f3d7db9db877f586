// OffsetForLeaderEpoch: v2-4
// * Where an epoch ended: what a consumer or follower checks its position against after a change of leader
// * An epoch that nobody knows is answered with epoch -1 and offset -1, which is no error

#include "handlers/handler.h"
#include "protocol/23_offset_for_leader_epoch.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

using server::Operation;
using server::ResourceType;

struct OffsetForLeaderEpoch {
  using Request = protocol::OffsetForLeaderEpochRequest;
  using Response = protocol::OffsetForLeaderEpochResponse;

  static Response handle(Context& context, const Request& request) {
    Response response;
    for (const auto& topic : request.topics) {
      auto& out = response.topics.emplace_back();
      out.topic = topic.topic;
      const bool allowed = context.request.allows(Operation::Describe, ResourceType::Topic, topic.topic);
      for (const auto& asked : topic.partitions) {
        auto& told = out.partitions.emplace_back();
        told.partition = asked.partition;
        if (!allowed) {
          told.errorCode = ErrorCode::TopicAuthorizationFailed;
          continue;
        }
        const auto current = asked.currentLeaderEpoch < 0 ? std::nullopt : std::optional<std::int32_t>(asked.currentLeaderEpoch);
        const auto end = context.broker.replicas.epochEndOffset({topic.topic, asked.partition}, current, asked.leaderEpoch);
        if (!end) {
          told.errorCode = end.error().code();
          continue;
        }
        told.leaderEpoch = end->leaderEpoch;
        told.endOffset = end->endOffset;
      }
    }
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(OffsetForLeaderEpoch)

}  // namespace klamm::broker::handlers
