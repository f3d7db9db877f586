// LeaveGroup: v0-5
// * Members leave, or an administrator removes them by member id or by instance id
// Version notes:
// * v0-2: one member, whose error is the answer's
// * v3: several, each with its own error; group instance ids (KIP-345)
// * v5: a reason, which is logged (KIP-800)

#include "handlers/group_request.h"
#include "protocol/13_leave_group.h"

namespace klamm::broker::handlers {
namespace {

constexpr std::int16_t kSeveralMembers = 3;

struct LeaveGroup {
  using Request = protocol::LeaveGroupRequest;
  using Response = protocol::LeaveGroupResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    if (!mayRead(context, request.groupId)) {
      Response refused;
      refused.errorCode = ErrorCode::GroupAuthorizationFailed;
      return reply(refused);
    }
    const std::int16_t version = context.version();
    if (version < kSeveralMembers) {
      request.members.resize(1);
      request.members.front().memberId = std::move(request.memberId);
    }
    context.broker.groups.leave(request, [reply = std::move(reply), version](Response response) mutable {
      if (version < kSeveralMembers && !response.members.empty()) {
        if (response.errorCode == ErrorCode::None) response.errorCode = response.members.front().errorCode;
        response.members.clear();
      }
      reply(response);
    });
  }
};

}  // namespace

KLAMM_HANDLER(LeaveGroup)

}  // namespace klamm::broker::handlers
