// DeleteGroups: v0-2
// * Deletes groups without members, and their offsets; NON_EMPTY_GROUP else
// * A group that is named twice is answered once

#include <iterator>
#include <set>

#include "handlers/group_request.h"
#include "protocol/42_delete_groups.h"

namespace klamm::broker::handlers {
namespace {

struct DeleteGroups {
  using Request = protocol::DeleteGroupsRequest;
  using Response = protocol::DeleteGroupsResponse;
  using Outcome = Response::DeletableGroupResult;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    auto response = std::make_shared<Response>();
    std::vector<std::string> allowed;
    for (const std::string& group : std::set<std::string>(request.groupsNames.begin(), request.groupsNames.end())) {
      if (mayDelete(context, group)) {
        allowed.push_back(group);
        continue;
      }
      response->results.emplace_back();
      response->results.back().groupId = group;
      response->results.back().errorCode = ErrorCode::GroupAuthorizationFailed;
    }
    context.broker.groups.deleteGroups(allowed, [reply = std::move(reply), response](std::vector<Outcome> outcomes) mutable {
      std::move(outcomes.begin(), outcomes.end(), std::back_inserter(response->results));
      reply(*response);
    });
  }
};

}  // namespace

KLAMM_HANDLER(DeleteGroups)

}  // namespace klamm::broker::handlers
