// ListGroups: v0-5
// * The groups that this broker coordinates, in any state unless filtered
// Version notes:
// * v4: state, and a filter by it (KIP-518)
// * v5: type, and a filter by it (KIP-848); every group is "classic"; filters ignore case, unknown words match nothing

#include <algorithm>

#include "handlers/group_request.h"
#include "protocol/16_list_groups.h"

namespace klamm::broker::handlers {
namespace {

struct ListGroups {
  using Request = protocol::ListGroupsRequest;
  using Response = protocol::ListGroupsResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    // Without the right to describe the cluster only the groups that one may describe are seen.
    const bool seesAll = context.request.allows(server::Operation::Describe, server::ResourceType::Cluster, "kafka-cluster");
    context.broker.groups.list(request, [reply = std::move(reply), seesAll, asker = std::make_shared<const server::RequestContext>(context.request)](Response response) mutable {
      if (!seesAll) {
        std::erase_if(response.groups, [&](const Response::ListedGroup& group) {
          return !asker->allows(server::Operation::Describe, server::ResourceType::Group, group.groupId);
        });
      }
      reply(response);
    });
  }
};

}  // namespace

KLAMM_HANDLER(ListGroups)

}  // namespace klamm::broker::handlers
