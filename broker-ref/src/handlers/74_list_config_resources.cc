// ListConfigResources: v0-1
// * Names of the resources that have settings; no type asked for means every type
// * v0 knows client metrics alone, of which there are none here
// Version notes:
// * v1: other types than client metrics

#include <algorithm>

#include "handlers/cluster_view.h"
#include "protocol/74_list_config_resources.h"

namespace klamm::broker::handlers {
namespace {

struct ListConfigResources {
  using Request = protocol::ListConfigResourcesRequest;
  using Response = protocol::ListConfigResourcesResponse;
  using Type = image::ConfigResourceType;

  static Response handle(Context& context, const Request& request) {
    Response response;
    if (!context.request.allows(server::Operation::DescribeConfigs, server::ResourceType::Cluster, kClusterName)) {
      response.errorCode = ErrorCode::ClusterAuthorizationFailed;
      return response;
    }
    if (context.version() == 0) return response;
    const auto wants = [&](Type type) {
      const auto& types = request.resourceTypes;
      return types.empty() || std::find(types.begin(), types.end(), static_cast<std::int8_t>(type)) != types.end();
    };
    const auto add = [&](Type type, std::string name) {
      response.configResources.push_back({.resourceName = std::move(name), .resourceType = static_cast<std::int8_t>(type)});
    };
    for (const std::int8_t type : request.resourceTypes) {
      constexpr std::int8_t kKnown[] = {2, 4, 8, 16, 32};
      if (std::find(std::begin(kKnown), std::end(kKnown), type) == std::end(kKnown)) response.errorCode = ErrorCode::UnsupportedVersion;
    }
    if (response.errorCode != ErrorCode::None) return response;
    if (wants(Type::Topic)) {
      for (const auto& topic : context.broker.image->topics()) add(Type::Topic, topic->name);
    }
    for (const Type type : {Type::Broker, Type::BrokerLogger}) {
      if (!wants(type)) continue;
      for (const auto& [id, broker] : context.broker.image->brokers()) add(type, std::to_string(id));
    }
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(ListConfigResources)

}  // namespace klamm::broker::handlers
