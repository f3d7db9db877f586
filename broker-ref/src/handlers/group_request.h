#pragma once
// What the handlers of the group APIs share.

#include <algorithm>
#include <string>
#include <string_view>

#include "coordinator/group_coordinator.h"
#include "handlers/handler.h"

namespace klamm::broker::handlers {

/// A numeric address as Java's InetAddress prints it: IPv6 with all eight groups, "::1" as "0:0:0:0:0:0:0:1", and IPv4
/// inside IPv6 as IPv4.
[[nodiscard]] inline std::string javaAddress(std::string_view host) {
  constexpr std::string_view kMapped = "::ffff:";
  if (host.starts_with(kMapped) && host.find('.') != std::string_view::npos) return std::string(host.substr(kMapped.size()));
  const std::size_t zone = host.find('%');
  const std::string_view suffix = zone == std::string_view::npos ? std::string_view() : host.substr(zone);
  host = host.substr(0, zone);
  const std::size_t gap = host.find("::");
  if (gap == std::string_view::npos) return std::string(host).append(suffix);
  const std::string_view head = host.substr(0, gap);
  const std::string_view tail = host.substr(gap + 2);
  const auto groups = [](std::string_view text) { return text.empty() ? 0 : 1 + std::count(text.begin(), text.end(), ':'); };
  std::string whole(head);
  for (auto missing = 8 - groups(head) - groups(tail); missing > 0; --missing) whole.append(whole.empty() ? "0" : ":0");
  if (!tail.empty()) whole.append(":").append(tail);
  return whole.append(suffix);
}

/// The client as the coordinator keeps it.
[[nodiscard]] inline coordinator::RequestInfo requestInfo(const Context& context) {
  return {.version = context.version(), .clientId = context.request.clientId, .clientHost = "/" + javaAddress(context.request.remote.host)};
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
