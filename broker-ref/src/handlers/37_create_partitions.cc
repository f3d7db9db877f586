// CreatePartitions: v0-3
// * Adds partitions to topics; a topic never gets fewer

#include "handlers/forward.h"
#include "protocol/37_create_partitions.h"

namespace klamm::broker::handlers {
namespace {

struct CreatePartitions {
  using Request = protocol::CreatePartitionsRequest;
  using Response = protocol::CreatePartitionsResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    auto refused = takeRefused(
        request.topics, [&](const auto& topic) { return mayAlterTopic(context, server::Operation::Alter, topic.name); },
        [](const auto& topic) {
          Response::CreatePartitionsTopicResult result;
          result.name = topic.name;
          result.errorCode = ErrorCode::TopicAuthorizationFailed;
          return result;
        });
    context.broker.controller.createPartitions(std::move(request),
                                               [reply = std::move(reply), refused = std::move(refused)](Response response) mutable {
                                                 append(response.results, std::move(refused));
                                                 reply(response);
                                               });
  }
};

}  // namespace

KLAMM_HANDLER(CreatePartitions)

}  // namespace klamm::broker::handlers
