// Metadata: v0-13
// * Brokers, and the topics asked for (null, or an empty list in v0: all) with partitions and leaders
// * A missing topic is created when client and broker allow it. Unlike Kafka, which answers UNKNOWN_TOPIC_OR_PARTITION and
//   leaves the client to ask again, the answer waits for the creation
// * controllerId is this broker: in Kafka's quorum, too, it is any live broker
// Version notes:
// * v4: allowAutoTopicCreation; before, it was always allowed
// * v8-10: authorised operations of the cluster (v8+: of topics)
// * v12: topics can be asked for by id alone (v10 and v11 carry ids in answers only)

#include "handlers/cluster_view.h"
#include "protocol/03_metadata.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kOptionalCreation = 4;
constexpr std::int16_t kTopicsById = 12;

struct Metadata {
  using Request = protocol::MetadataRequest;
  using Response = protocol::MetadataResponse;
  using Asked = Request::MetadataRequestTopic;
  using Topic = Response::MetadataResponseTopic;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    const std::vector<std::string> missing = topicsToCreate(context.broker, context.request, request);
    auto call = std::make_shared<Call>(Call{context.broker, context.request, std::move(request), std::move(reply)});
    if (missing.empty()) return answer(*call);
    context.broker.topicCreator.create(missing, [call] { answer(*call); });
  }

 private:
  /// A request that may wait for topics.
  struct Call {
    BrokerContext& broker;
    server::RequestContext asker;
    Request request;
    Reply<Response> reply;
  };

  static bool wantsAll(const server::RequestContext& asker, const Request& request) {
    return !request.topics || (asker.apiVersion == 0 && request.topics->empty());
  }

  static std::vector<std::string> topicsToCreate(const BrokerContext& broker, const server::RequestContext& asker, const Request& request) {
    std::vector<std::string> missing;
    const bool asks = asker.apiVersion < kOptionalCreation || request.allowAutoTopicCreation;
    if (wantsAll(asker, request) || !asks || !broker.config.flag("auto.create.topics.enable")) return missing;
    for (const Asked& asked : *request.topics) {
      if (!asked.name || !asked.topicId.isZero() || broker.image->topic(*asked.name) != nullptr) continue;
      const bool allowed = asker.allows(server::Operation::Create, server::ResourceType::Cluster, kClusterName) ||
                           asker.allows(server::Operation::Create, server::ResourceType::Topic, *asked.name);
      if (allowed && mayDescribe(asker, *asked.name) && broker.topicCreator.check(*asked.name) == ErrorCode::None) missing.push_back(*asked.name);
    }
    return missing;
  }

  static bool mayDescribe(const server::RequestContext& asker, std::string_view topic) {
    return asker.allows(server::Operation::Describe, server::ResourceType::Topic, topic);
  }

  static void answer(Call& call) {
    Response response;
    describeCluster(call, response);
    if (wantsAll(call.asker, call.request)) {
      for (const auto& topic : call.broker.image->topics()) {
        if (mayDescribe(call.asker, topic->name)) response.topics.push_back(describe(call, *topic));
      }
    } else {
      for (const Asked& asked : *call.request.topics) response.topics.push_back(find(call, asked));
    }
    call.reply(response);
  }

  static void describeCluster(const Call& call, Response& response) {
    for (const std::int32_t id : call.broker.image->liveBrokers()) {
      const auto endpoint = endpointOf(call.broker, id, call.asker);
      if (!endpoint) continue;
      Response::MetadataResponseBroker broker;
      broker.nodeId = id;
      broker.host = endpoint->host;
      broker.port = endpoint->port;
      broker.rack = call.broker.image->broker(id)->rack;
      response.brokers.push_back(std::move(broker));
    }
    response.clusterId = call.broker.clusterId;
    response.controllerId = call.broker.nodeId;
    if (call.request.includeClusterAuthorizedOperations) {
      response.clusterAuthorizedOperations = authorizedOperations(call.asker, server::ResourceType::Cluster, kClusterName);
    }
  }

  static Topic refuse(const Asked& asked, ErrorCode error) {
    Topic refused;
    refused.errorCode = error;
    refused.name = asked.name;
    refused.topicId = asked.topicId;
    refused.isInternal = asked.name && image::isInternalTopic(*asked.name);
    return refused;
  }

  static Topic find(const Call& call, const Asked& asked) {
    const bool byId = !asked.topicId.isZero();
    if ((byId || !asked.name) && call.asker.apiVersion < kTopicsById) return refuse(asked, ErrorCode::InvalidRequest);
    const image::TopicImage* topic = byId ? call.broker.image->topic(asked.topicId)
                                          : call.broker.image->topic(std::string_view(asked.name ? *asked.name : std::string()));
    if (byId) return topic != nullptr && mayDescribe(call.asker, topic->name) ? describe(call, *topic) : refuse(asked, ErrorCode::UnknownTopicId);
    if (!asked.name) return refuse(asked, ErrorCode::InvalidTopicException);
    if (!mayDescribe(call.asker, *asked.name)) return refuse(asked, ErrorCode::TopicAuthorizationFailed);
    if (topic != nullptr) return describe(call, *topic);
    const ErrorCode bad = call.broker.topicCreator.check(*asked.name);
    return refuse(asked, bad == ErrorCode::InvalidTopicException ? bad : ErrorCode::UnknownTopicOrPartition);
  }

  static Topic describe(const Call& call, const image::TopicImage& image) {
    Topic topic;
    topic.name = image.name;
    topic.topicId = image.id;
    topic.isInternal = image::isInternalTopic(image.name);
    for (std::size_t index = 0; index < image.partitions.size(); ++index) {
      const image::PartitionImage& known = image.partitions[index];
      Response::MetadataResponsePartition partition;
      partition.errorCode = known.leader < 0 ? ErrorCode::LeaderNotAvailable : ErrorCode::None;
      partition.partitionIndex = static_cast<std::int32_t>(index);
      partition.leaderId = known.leader;
      partition.leaderEpoch = known.leaderEpoch;
      partition.replicaNodes = known.replicas;
      partition.isrNodes = known.isr;
      partition.offlineReplicas = offlineReplicas(*call.broker.image, known);
      topic.partitions.push_back(std::move(partition));
    }
    if (call.request.includeTopicAuthorizedOperations) {
      topic.topicAuthorizedOperations = authorizedOperations(call.asker, server::ResourceType::Topic, image.name);
    }
    return topic;
  }
};

}  // namespace

KLAMM_HANDLER(Metadata)

}  // namespace klamm::broker::handlers
