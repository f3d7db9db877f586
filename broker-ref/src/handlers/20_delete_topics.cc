// DeleteTopics: v1-6
// * Answered when the deletion is committed; the files go later
// Version notes:
// * v5: error messages
// * v6: topics by name or by id

#include "handlers/forward.h"
#include "protocol/20_delete_topics.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kNamesOrIds = 6;

struct DeleteTopics {
  using Request = protocol::DeleteTopicsRequest;
  using Response = protocol::DeleteTopicsResponse;
  using Topic = Request::DeleteTopicState;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    if (context.version() < kNamesOrIds) {  // one form for the controller
      for (std::string& name : request.topicNames) request.topics.push_back({.name = std::move(name)});
      request.topicNames.clear();
    }
    auto refused = takeRefused(request.topics, [&](const Topic& topic) { return mayDelete(context, topic); }, refuse);
    context.broker.controller.deleteTopics(std::move(request),
                                           [reply = std::move(reply), refused = std::move(refused)](Response response) mutable {
                                             append(response.responses, std::move(refused));
                                             reply(response);
                                           });
  }

 private:
  static bool mayDelete(const Context& context, const Topic& topic) {
    if (topic.name) return mayAlterTopic(context, server::Operation::Delete, *topic.name);
    const image::TopicImage* known = context.broker.image->topic(topic.topicId);
    return known == nullptr || mayAlterTopic(context, server::Operation::Delete, known->name);  // the controller knows no such id either
  }

  static Response::DeletableTopicResult refuse(const Topic& topic) {
    Response::DeletableTopicResult result;
    result.name = topic.name;
    result.topicId = topic.topicId;
    result.errorCode = ErrorCode::TopicAuthorizationFailed;
    return result;
  }
};

}  // namespace

KLAMM_HANDLER(DeleteTopics)

}  // namespace klamm::broker::handlers
