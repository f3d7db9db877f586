// JoinGroup: v0-9
// * Enters a group or comes back to it; answered when the joining phase of the rebalance is over
// Version notes:
// * v1: rebalance time-out of its own; before, the session time-out is both
// * v4: a new dynamic member gets MEMBER_ID_REQUIRED and an id to come back with (KIP-394)
// * v5: group instance id (KIP-345)
// * v7: protocol type in the answer; protocol name may be null
// * v8: a reason, which is logged (KIP-800)
// * v9: skipAssignment for a static leader that came back (KIP-814)

#include "handlers/group_request.h"
#include "protocol/11_join_group.h"

namespace klamm::broker::handlers {
namespace {

struct JoinGroup {
  using Request = protocol::JoinGroupRequest;
  using Response = protocol::JoinGroupResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    if (!mayRead(context, request.groupId)) {
      Response refused;
      refused.errorCode = ErrorCode::GroupAuthorizationFailed;
      return reply(fit(std::move(refused), context.version()));
    }
    if (context.version() == 0) request.rebalanceTimeoutMs = request.sessionTimeoutMs;
    context.broker.groups.join(requestInfo(context), std::move(request),
                               [reply = std::move(reply), version = context.version()](Response response) mutable {
                                 reply(fit(std::move(response), version));
                               });
  }

  static Response fit(Response response, std::int16_t version) {
    constexpr std::int16_t nullableName = 7;
    if (version >= nullableName && response.errorCode != ErrorCode::None) response.protocolName.reset();
    if (version < nullableName && !response.protocolName) response.protocolName = "";
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(JoinGroup)

}  // namespace klamm::broker::handlers
