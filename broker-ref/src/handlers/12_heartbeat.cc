// Heartbeat: v0-4
// * A member says that it is alive; REBALANCE_IN_PROGRESS tells it to join again
// Version notes:
// * v3: group instance id (KIP-345)

#include "handlers/group_request.h"
#include "protocol/12_heartbeat.h"

namespace klamm::broker::handlers {
namespace {

struct Heartbeat {
  using Request = protocol::HeartbeatRequest;
  using Response = protocol::HeartbeatResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    if (!mayRead(context, request.groupId)) {
      Response refused;
      refused.errorCode = ErrorCode::GroupAuthorizationFailed;
      return reply(refused);
    }
    context.broker.groups.heartbeat(request, [reply = std::move(reply)](Response response) mutable { reply(response); });
  }
};

}  // namespace

KLAMM_HANDLER(Heartbeat)

}  // namespace klamm::broker::handlers
