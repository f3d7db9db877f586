// FindCoordinator: v0-6
// * Where the coordinator of a group is: the leader of its partition of __consumer_offsets, which is created when it is
//   missing. Unlike Kafka, which answers COORDINATOR_NOT_AVAILABLE meanwhile, the answer waits for the topic
// * Transactions: refused with a code that is not retriable until they come. Share groups: refused as malformed, as Kafka
//   does with keys that it cannot read
// Version notes:
// * v1: key type, error message
// * v4: several keys, each with its own outcome (KIP-699)

#include "handlers/cluster_view.h"
#include "handlers/group_request.h"
#include "protocol/10_find_coordinator.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kSeveralKeys = 4;
enum KeyType : std::int8_t { kGroup = 0, kTransaction = 1, kShare = 2 };

struct FindCoordinator {
  using Request = protocol::FindCoordinatorRequest;
  using Response = protocol::FindCoordinatorResponse;
  using Coordinator = Response::Coordinator;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    if (context.version() < kSeveralKeys) request.coordinatorKeys = {std::move(request.key)};
    const bool topicMissing = context.broker.image->topic(coordinator::kOffsetsTopic) == nullptr;
    if (request.keyType != kGroup || !topicMissing) return answer(context.broker, context.request, request, reply);
    auto call = std::make_shared<Call>(Call{context.broker, context.request, std::move(request), std::move(reply)});
    context.broker.topicCreator.create({std::string(coordinator::kOffsetsTopic)},
                                       [call] { answer(call->broker, call->asker, call->request, call->reply); });
  }

 private:
  /// A request that waits for the topic.
  struct Call {
    BrokerContext& broker;
    server::RequestContext asker;
    Request request;
    Reply<Response> reply;
  };

  static void answer(BrokerContext& broker, const server::RequestContext& asker, const Request& request, Reply<Response>& reply) {
    Response response;
    for (const std::string& key : request.coordinatorKeys) response.coordinators.push_back(find(broker, asker, request.keyType, key));
    if (asker.apiVersion < kSeveralKeys) {
      Coordinator& only = response.coordinators.front();
      response.errorCode = only.errorCode;
      response.errorMessage = only.errorCode == ErrorCode::None ? std::optional<std::string>("NONE") : std::move(only.errorMessage);
      response.nodeId = only.nodeId;
      response.host = std::move(only.host);
      response.port = only.port;
      response.coordinators.clear();
    }
    reply(response);
  }

  static Coordinator refuse(const std::string& key, ErrorCode error, std::string message) {
    Coordinator refused;
    refused.key = key;
    refused.nodeId = -1;
    refused.port = -1;
    refused.errorCode = error;
    refused.errorMessage = std::move(message);
    return refused;
  }

  static Coordinator find(BrokerContext& broker, const server::RequestContext& asker, std::int8_t keyType, const std::string& key) {
    if (keyType == kTransaction) return refuse(key, ErrorCode::UnsupportedVersion, "This broker does not serve transactions.");
    if (keyType != kGroup) return refuse(key, ErrorCode::InvalidRequest, "This broker knows coordinators of groups only.");
    if (!asker.allows(server::Operation::Describe, server::ResourceType::Group, key)) {
      return refuse(key, ErrorCode::GroupAuthorizationFailed, std::string(errorSentence(ErrorCode::GroupAuthorizationFailed)));
    }
    const image::TopicImage* topic = broker.image->topic(coordinator::kOffsetsTopic);
    if (topic == nullptr || topic->partitions.empty()) return refuse(key, ErrorCode::CoordinatorNotAvailable, "The coordinator is not available.");
    const std::int32_t partition = coordinator::partitionOfGroup(key, static_cast<std::int32_t>(topic->partitions.size()));
    const std::int32_t leader = topic->partitions[static_cast<std::size_t>(partition)].leader;
    const auto endpoint = endpointOf(broker, leader, asker);
    if (!endpoint) return refuse(key, ErrorCode::CoordinatorNotAvailable, "The coordinator is not available.");
    Coordinator found;
    found.key = key;
    found.nodeId = leader;
    found.host = endpoint->host;
    found.port = endpoint->port;
    found.errorMessage = "";
    return found;
  }
};

}  // namespace

KLAMM_HANDLER(FindCoordinator)

}  // namespace klamm::broker::handlers
