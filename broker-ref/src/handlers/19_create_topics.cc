// CreateTopics: v2-7
// * Answered when the topics are committed and this broker leads its partitions of them; validateOnly checks and creates nothing
// * Settings are checked against Kafka's full table; the log warns of one that has no effect here yet
// Version notes:
// * v4: -1 partitions and -1 replicas stand for the broker's defaults (KIP-464)
// * v5: the answer carries partitions, replicas and settings (KIP-525)
// * v7: and the topic's id

#include "handlers/forward.h"
#include "protocol/19_create_topics.h"

namespace klamm::broker::handlers {
namespace {

struct CreateTopics {
  using Request = protocol::CreateTopicsRequest;
  using Response = protocol::CreateTopicsResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    const bool everywhere = context.request.allows(server::Operation::Create, server::ResourceType::Cluster, kClusterName);
    auto refused = takeRefused(
        request.topics, [&](const auto& topic) { return everywhere || mayAlterTopic(context, server::Operation::Create, topic.name); },
        [](const auto& topic) {
          Response::CreatableTopicResult result;
          result.name = topic.name;
          result.errorCode = ErrorCode::TopicAuthorizationFailed;
          result.errorMessage = "Authorization failed.";
          return result;
        });
    context.broker.controller.createTopics(std::move(request),
                                           [reply = std::move(reply), refused = std::move(refused)](Response response) mutable {
                                             append(response.topics, std::move(refused));
                                             reply(response);
                                           });
  }
};

}  // namespace

KLAMM_HANDLER(CreateTopics)

}  // namespace klamm::broker::handlers
