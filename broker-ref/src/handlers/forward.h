#pragma once
// What the handlers share that pass a request on to the controller.

#include <algorithm>
#include <utility>
#include <vector>

#include "handlers/cluster_view.h"

namespace klamm::broker::handlers {

/// Takes the entries out of a request that the client may not carry out; `refuse` makes the result of each.
template <class Entry, class Allowed, class Refuse>
[[nodiscard]] auto takeRefused(std::vector<Entry>& entries, Allowed allowed, Refuse refuse) {
  std::vector<decltype(refuse(entries.front()))> results;
  const auto kept = std::stable_partition(entries.begin(), entries.end(), allowed);
  for (auto entry = kept; entry != entries.end(); ++entry) results.push_back(refuse(*entry));
  entries.erase(kept, entries.end());
  return results;
}

template <class Result>
void append(std::vector<Result>& to, std::vector<Result>&& more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

[[nodiscard]] inline bool mayAlterTopic(const Context& context, server::Operation operation, std::string_view topic) {
  return context.request.allows(operation, server::ResourceType::Topic, topic);
}

/// AlterConfigs and IncrementalAlterConfigs have the same shape: refuse what is not allowed, pass the rest on.
template <class Request, class Pass>
void alterConfigs(const Context& context, Request request, Reply<typename Request::Response> reply, Pass pass) {
  using Response = typename Request::Response;
  auto refused = takeRefused(
      request.resources,
      [&](const auto& resource) {
        const bool isTopic = resource.resourceType == static_cast<std::int8_t>(image::ConfigResourceType::Topic);
        return isTopic ? mayAlterTopic(context, server::Operation::AlterConfigs, resource.resourceName)
                       : context.request.allows(server::Operation::AlterConfigs, server::ResourceType::Cluster, kClusterName);
      },
      [](const auto& resource) {
        typename Response::AlterConfigsResourceResponse result;
        const bool isTopic = resource.resourceType == static_cast<std::int8_t>(image::ConfigResourceType::Topic);
        result.errorCode = isTopic ? ErrorCode::TopicAuthorizationFailed : ErrorCode::ClusterAuthorizationFailed;
        result.errorMessage = std::string(errorSentence(result.errorCode));
        result.resourceType = resource.resourceType;
        result.resourceName = resource.resourceName;
        return result;
      });
  pass(std::move(request), [reply = std::move(reply), refused = std::move(refused)](Response response) mutable {
    append(response.responses, std::move(refused));
    reply(response);
  });
}

}  // namespace klamm::broker::handlers
