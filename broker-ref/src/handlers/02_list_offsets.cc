// ListOffsets: v1-11
// * A partition named twice is INVALID_REQUEST, answered once; a negative number that the version does not know is UNSUPPORTED_VERSION
// * Without tiered storage -4 is the log's start, -5 and -6 find nothing
// Version notes:
// * v2: isolation level; v4: leader epochs
// * -3 (largest timestamp) v7, -4 (earliest local) v8, -5 (latest tiered) v9, -6 (earliest pending upload) v11

#include <set>

#include "handlers/handler.h"
#include "protocol/02_list_offsets.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

using server::Operation;
using server::ResourceType;

constexpr std::int16_t kLeaderEpochs = 4;  ///< older versions cannot carry them

/// The version that brought a special timestamp; INT16_MAX for one that nobody knows.
std::int16_t sinceVersion(std::int64_t timestamp) {
  switch (timestamp) {
    case -1:
    case -2: return 1;
    case -3: return 7;
    case -4: return 8;
    case -5: return 9;
    case -6: return 11;
    default: return timestamp >= 0 ? std::int16_t{1} : INT16_MAX;
  }
}

struct ListOffsets {
  using Request = protocol::ListOffsetsRequest;
  using Response = protocol::ListOffsetsResponse;

  static Response handle(Context& context, const Request& request) {
    const auto twice = namedTwice(request);
    std::set<TopicPartition> refused;
    Response response;
    for (const auto& topic : request.topics) {
      auto& out = response.topics.emplace_back();
      out.name = topic.name;
      const bool allowed = context.request.allows(Operation::Describe, ResourceType::Topic, topic.name);
      for (const auto& asked : topic.partitions) {
        const TopicPartition partition{topic.name, asked.partitionIndex};
        if (twice.contains(partition) && !refused.insert(partition).second) continue;
        auto& told = out.partitions.emplace_back();
        told.partitionIndex = asked.partitionIndex;
        if (!allowed) told.errorCode = ErrorCode::TopicAuthorizationFailed;
        else if (twice.contains(partition)) told.errorCode = ErrorCode::InvalidRequest;
        else if (context.version() < sinceVersion(asked.timestamp)) told.errorCode = ErrorCode::UnsupportedVersion;
        else list(context, request, topic.name, asked, told);
      }
    }
    return response;
  }

  static std::set<TopicPartition> namedTwice(const Request& request) {
    std::set<TopicPartition> once;
    std::set<TopicPartition> twice;
    for (const auto& topic : request.topics)
      for (const auto& partition : topic.partitions)
        if (!once.insert({topic.name, partition.partitionIndex}).second) twice.insert({topic.name, partition.partitionIndex});
    return twice;
  }

  static void list(Context& context, const Request& request, const std::string& topic, const Request::ListOffsetsPartition& asked,
                   Response::ListOffsetsPartitionResponse& told) {
    constexpr std::int32_t kConsumer = -1;
    std::optional<IsolationLevel> isolation;  // a replica sees the log's end
    if (request.replicaId == kConsumer)
      isolation = request.isolationLevel == 1 ? IsolationLevel::ReadCommitted : IsolationLevel::ReadUncommitted;
    const auto epoch = asked.currentLeaderEpoch < 0 ? std::nullopt : std::optional<std::int32_t>(asked.currentLeaderEpoch);
    const auto found = context.broker.replicas.listOffset({topic, asked.partitionIndex}, asked.timestamp, isolation, epoch);
    if (!found) {
      told.errorCode = found.error().code();
      return;
    }
    told.timestamp = found->timestamp;
    told.offset = found->offset;
    if (context.version() >= kLeaderEpochs) told.leaderEpoch = found->leaderEpoch;
  }
};

}  // namespace

KLAMM_HANDLER(ListOffsets)

}  // namespace klamm::broker::handlers
