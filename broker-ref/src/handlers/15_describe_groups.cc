// DescribeGroups: v0-6
// * State, protocol and members of groups; metadata of the members only while the group is Stable
// Version notes:
// * v3: authorised operations, when asked for
// * v4: group instance ids (KIP-345)
// * v6: a missing group is GROUP_ID_NOT_FOUND (KIP-1043); before, it is Dead

#include <iterator>

#include "handlers/group_request.h"
#include "protocol/15_describe_groups.h"

namespace klamm::broker::handlers {
namespace {

struct DescribeGroups {
  using Request = protocol::DescribeGroupsRequest;
  using Response = protocol::DescribeGroupsResponse;
  using Group = Response::DescribedGroup;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    auto response = std::make_shared<Response>();
    std::vector<std::string> allowed;
    for (std::string& group : request.groups) {
      if (mayDescribe(context, group)) {
        allowed.push_back(std::move(group));
        continue;
      }
      response->groups.emplace_back();
      response->groups.back().groupId = std::move(group);
      response->groups.back().errorCode = ErrorCode::GroupAuthorizationFailed;
    }
    const std::int32_t operations = request.includeAuthorizedOperations ? allOperations() : Group().authorizedOperations;
    context.broker.groups.describe(requestInfo(context), allowed,
                                   [reply = std::move(reply), response, operations](std::vector<Group> groups) mutable {
                                     for (Group& group : groups)
                                       if (group.errorCode == ErrorCode::None) group.authorizedOperations = operations;
                                     std::move(groups.begin(), groups.end(), std::back_inserter(response->groups));
                                     reply(*response);
                                   });
  }

  /// What may be done to a group, one bit per operation. Nothing is forbidden until ACLs come.
  static std::int32_t allOperations() {
    std::int32_t bits = 0;
    for (const auto operation : {server::Operation::Read, server::Operation::Delete, server::Operation::Describe,
                                 server::Operation::DescribeConfigs, server::Operation::AlterConfigs}) {
      bits |= 1 << static_cast<int>(operation);
    }
    return bits;
  }
};

}  // namespace

KLAMM_HANDLER(DescribeGroups)

}  // namespace klamm::broker::handlers
