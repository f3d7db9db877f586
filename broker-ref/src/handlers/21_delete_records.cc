// DeleteRecords: v0-2
// * Moves the log's start; whole segments below it are removed, the rest is hidden
// * -1 stands for the high watermark; an offset above it is OFFSET_OUT_OF_RANGE
// * The answer does not wait for followers: a partition's low watermark is that of its leader

#include "handlers/handler.h"
#include "protocol/21_delete_records.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

using server::Operation;
using server::ResourceType;

struct DeleteRecords {
  using Request = protocol::DeleteRecordsRequest;
  using Response = protocol::DeleteRecordsResponse;

  static Response handle(Context& context, const Request& request) {
    Response response;
    for (const auto& topic : request.topics) {
      auto& out = response.topics.emplace_back();
      out.name = topic.name;
      ErrorCode refused = ErrorCode::None;
      if (!context.request.allows(Operation::Delete, ResourceType::Topic, topic.name)) refused = ErrorCode::TopicAuthorizationFailed;
      else if (context.broker.image->topic(topic.name) == nullptr) refused = ErrorCode::UnknownTopicOrPartition;
      else if (image::isInternalTopic(topic.name)) refused = ErrorCode::InvalidTopicException;
      for (const auto& asked : topic.partitions) {
        auto& told = out.partitions.emplace_back();
        told.partitionIndex = asked.partitionIndex;
        told.errorCode = refused;
        told.lowWatermark = -1;
        if (refused != ErrorCode::None) continue;
        const auto start = context.broker.replicas.deleteRecords({topic.name, asked.partitionIndex}, asked.offset);
        if (start) told.lowWatermark = *start;
        else told.errorCode = start.error().code();
      }
    }
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(DeleteRecords)

}  // namespace klamm::broker::handlers
