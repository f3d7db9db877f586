// DescribeQuorum: v0-2
// * The metadata quorum: its leader, epoch, high watermark and where its one voter stands
// * Asked for any other partition than __cluster_metadata-0: UnknownTopicOrPartition
// Version notes:
// * v1: when a voter last fetched (-1 for the leader in Kafka's terms: it has everything); v2: messages, nodes

#include "handlers/cluster_view.h"
#include "protocol/55_describe_quorum.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kNodes = 2;

struct DescribeQuorum {
  using Request = protocol::DescribeQuorumRequest;
  using Response = protocol::DescribeQuorumResponse;

  static Response handle(Context& context, const Request& request) {
    Response response;
    response.errorMessage = std::nullopt;
    if (!context.request.allows(server::Operation::Describe, server::ResourceType::Cluster, kClusterName)) {
      response.errorCode = ErrorCode::ClusterAuthorizationFailed;
      return response;
    }
    const controller::QuorumDescription quorum = context.broker.controller.describeQuorum();
    for (const Request::TopicData& topic : request.topics) {
      Response::TopicData described;
      described.topicName = topic.topicName;
      for (const Request::PartitionData& partition : topic.partitions) {
        const bool known = topic.topicName == "__cluster_metadata" && partition.partitionIndex == 0;
        described.partitions.push_back(known ? describe(quorum, context.broker) : unknown(partition.partitionIndex));
      }
      response.topics.push_back(std::move(described));
    }
    if (context.version() >= kNodes) {
      for (const std::int32_t voter : quorum.voters) response.nodes.push_back({voter, {}, {}});
    }
    return response;
  }

 private:
  static Response::PartitionData unknown(std::int32_t partition) {
    Response::PartitionData data;
    data.partitionIndex = partition;
    data.errorCode = ErrorCode::UnknownTopicOrPartition;
    data.errorMessage = std::string(errorSentence(data.errorCode));
    return data;
  }

  static Response::PartitionData describe(const controller::QuorumDescription& quorum, const BrokerContext& broker) {
    Response::PartitionData data;
    data.errorMessage = std::nullopt;
    data.leaderId = quorum.leaderId;
    data.leaderEpoch = quorum.epoch;
    data.highWatermark = quorum.highWatermark;
    const std::int64_t now = broker.clock.wallMillis();
    for (const std::int32_t voter : quorum.voters) {
      Response::ReplicaState state;
      state.replicaId = voter;
      state.logEndOffset = quorum.logEndOffset;
      state.lastFetchTimestamp = state.lastCaughtUpTimestamp = now;
      data.currentVoters.push_back(std::move(state));
    }
    return data;
  }
};

}  // namespace

KLAMM_HANDLER(DescribeQuorum)

}  // namespace klamm::broker::handlers
