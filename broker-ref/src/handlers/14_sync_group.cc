// SyncGroup: v0-5
// * The leader brings everybody's assignment, the others ask for theirs; answered when the leader's is stored
// Version notes:
// * v3: group instance id (KIP-345)
// * v5: protocol type and name, which must be there and be the group's (KIP-559)

#include "handlers/group_request.h"
#include "protocol/14_sync_group.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kProtocolMandatory = 5;

struct SyncGroup {
  using Request = protocol::SyncGroupRequest;
  using Response = protocol::SyncGroupResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    const bool namesProtocol = request.protocolType && request.protocolName;
    if (context.version() >= kProtocolMandatory && !namesProtocol) return reply(error(ErrorCode::InconsistentGroupProtocol));
    if (!mayRead(context, request.groupId)) return reply(error(ErrorCode::GroupAuthorizationFailed));
    context.broker.groups.sync(std::move(request), [reply = std::move(reply)](Response response) mutable { reply(response); });
  }

  static Response error(ErrorCode code) {
    Response response;
    response.errorCode = code;
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(SyncGroup)

}  // namespace klamm::broker::handlers
