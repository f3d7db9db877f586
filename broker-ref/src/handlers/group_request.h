#pragma once
// What the handlers of the group APIs share.

#include <string>
#include <string_view>

#include "coordinator/group_coordinator.h"
#include "handlers/handler.h"

namespace klamm::broker::handlers {

/// The client as the coordinator keeps it; the host as Java prints an address.
[[nodiscard]] inline coordinator::RequestInfo requestInfo(const Context& context) {
  return {.version = context.version(), .clientId = context.request.clientId, .clientHost = "/" + context.request.remote.host};
}

/// Members of a group read it, in Kafka's words.
[[nodiscard]] inline bool mayRead(const Context& context, std::string_view groupId) {
  return context.request.allows(server::Operation::Read, server::ResourceType::Group, groupId);
}
[[nodiscard]] inline bool mayDescribe(const Context& context, std::string_view groupId) {
  return context.request.allows(server::Operation::Describe, server::ResourceType::Group, groupId);
}
[[nodiscard]] inline bool mayDelete(const Context& context, std::string_view groupId) {
  return context.request.allows(server::Operation::Delete, server::ResourceType::Group, groupId);
}
[[nodiscard]] inline bool mayReadTopic(const Context& context, std::string_view topic) {
  return context.request.allows(server::Operation::Read, server::ResourceType::Topic, topic);
}

}  // namespace klamm::broker::handlers
