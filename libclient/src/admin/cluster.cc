// Describing the cluster and configurations.

#include <charconv>

#include "admin/core.h"
#include "protocol/03_metadata.h"
#include "protocol/32_describe_configs.h"
#include "protocol/60_describe_cluster.h"

namespace klamm {

std::string_view toString(ConfigSource source) noexcept {
  switch (source) {
    case ConfigSource::DynamicTopicConfig: return "DYNAMIC_TOPIC_CONFIG";
    case ConfigSource::DynamicBrokerConfig: return "DYNAMIC_BROKER_CONFIG";
    case ConfigSource::DynamicDefaultBrokerConfig: return "DYNAMIC_DEFAULT_BROKER_CONFIG";
    case ConfigSource::StaticBrokerConfig: return "STATIC_BROKER_CONFIG";
    case ConfigSource::DefaultConfig: return "DEFAULT_CONFIG";
    case ConfigSource::DynamicBrokerLoggerConfig: return "DYNAMIC_BROKER_LOGGER_CONFIG";
    case ConfigSource::DynamicClientMetricsConfig: return "DYNAMIC_CLIENT_METRICS_CONFIG";
    case ConfigSource::DynamicGroupConfig: return "DYNAMIC_GROUP_CONFIG";
    case ConfigSource::Unknown: break;
  }
  return "UNKNOWN";
}

namespace admin {
namespace {

using protocol::DescribeClusterRequest;
using protocol::DescribeClusterResponse;
using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using protocol::MetadataRequest;
using protocol::MetadataResponse;

/// Both answers name the parts alike, but for the id of a broker.
template <class Answer, class IdOf>
ClusterDescription clusterOf(const Answer& answer, std::string clusterId, IdOf idOf) {
  ClusterDescription cluster;
  cluster.clusterId = std::move(clusterId);
  for (const auto& broker : answer.brokers) {
    cluster.nodes.push_back({idOf(broker), broker.host, broker.port, broker.rack});
    if (idOf(broker) == answer.controllerId) cluster.controller = cluster.nodes.back();
  }
  return cluster;
}

void describeClusterByMetadata(Router& router, CallSpec<MetadataRequest> spec, OutcomeCallback<ClusterDescription> done) {
  spec.build = [](std::int16_t) -> Result<MetadataRequest> {
    MetadataRequest request;
    request.topics.emplace();
    return request;
  };
  spec.done = [done = std::move(done)](Result<MetadataResponse> answer) {
    if (!answer) return done({answer.error(), {}});
    done({Error(), clusterOf(*answer, answer->clusterId.value_or(""), [](const auto& broker) { return broker.nodeId; })});
  };
  RoutedCall<MetadataRequest>::start(router, std::move(spec));
}

/// The broker that alone knows the resource; any broker knows the others.
std::optional<Route> routeOf(const ConfigResource& resource) {
  const bool ofBroker = resource.type == ConfigResource::Type::Broker || resource.type == ConfigResource::Type::BrokerLogger;
  if (!ofBroker || resource.name.empty()) return Route::anyNode();
  NodeId id = -1;
  const char* end = resource.name.data() + resource.name.size();
  const auto [at, error] = std::from_chars(resource.name.data(), end, id);
  if (error != std::errc() || at != end || id < 0) return std::nullopt;
  return Route::to(id);
}

ConfigEntry entryOf(const DescribeConfigsResponse::DescribeConfigsResourceResult& from) {
  ConfigEntry entry;
  entry.name = from.name;
  entry.value = from.value;
  entry.source = static_cast<ConfigSource>(from.configSource < 0 ? 0 : from.configSource);
  entry.isReadOnly = from.readOnly;
  entry.isSensitive = from.isSensitive;
  entry.documentation = from.documentation;
  for (const auto& synonym : from.synonyms) {
    entry.synonyms.push_back({synonym.name, synonym.value, static_cast<ConfigSource>(synonym.source)});
  }
  return entry;
}

using ConfigGather = Gather<ConfigResource, std::vector<ConfigEntry>>;

void takeConfigs(ConfigGather& gather, const std::vector<ConfigResource>& asked, Result<DescribeConfigsResponse> answer) {
  if (!answer) {
    for (const ConfigResource& resource : asked) gather.fail(resource, answer.error());
    return;
  }
  for (const auto& result : answer->results) {
    const ConfigResource resource{static_cast<ConfigResource::Type>(result.resourceType), result.resourceName};
    if (Error error = errorOf(result.errorCode, result.errorMessage)) {
      gather.fail(resource, std::move(error));
      continue;
    }
    std::vector<ConfigEntry> entries;
    for (const auto& config : result.configs) entries.push_back(entryOf(config));
    gather.set(resource, std::move(entries));
  }
}

}  // namespace

void NetworkAdminCore::describeCluster(const AdminOptions& options, OutcomeCallback<ClusterDescription> done) {
  auto spec = specOf<DescribeClusterRequest>("describeCluster", Route::anyNode(), options);
  spec.build = [](std::int16_t) -> Result<DescribeClusterRequest> { return DescribeClusterRequest(); };
  spec.done = [this, options, done = std::move(done)](Result<DescribeClusterResponse> answer) {
    if (!answer && answer.error().code() == ErrorCode::UnsupportedVersion) {
      return describeClusterByMetadata(router_, specOf<MetadataRequest>("describeCluster", Route::anyNode(), options), done);
    }
    if (!answer) return done({answer.error(), {}});
    if (Error error = errorOf(answer->errorCode, answer->errorMessage)) return done({std::move(error), {}});
    done({Error(), clusterOf(*answer, answer->clusterId, [](const auto& broker) { return broker.brokerId; })});
  };
  RoutedCall<DescribeClusterRequest>::start(router_, std::move(spec));
}

void NetworkAdminCore::describeConfigs(std::vector<ConfigResource> resources, const AdminOptions& options,
                                       OutcomesCallback<ConfigResource, std::vector<ConfigEntry>> done) {
  auto gather = std::make_shared<ConfigGather>(std::move(done));
  std::map<std::pair<Route::Kind, NodeId>, std::pair<Route, std::vector<ConfigResource>>> byRoute;
  for (const ConfigResource& resource : resources) {
    gather->expect(resource);
    const auto route = routeOf(resource);
    if (!route) {
      gather->fail(resource, Error(ErrorCode::InvalidRequest, "'" + resource.name + "' is not the id of a broker"));
      continue;
    }
    auto& [same, list] = byRoute[{route->kind, route->node}];
    same = *route;
    list.push_back(resource);
  }
  // A node's address comes from the metadata.
  if (byRoute.empty()) return;
  const TimePoint deadline = deadlineOf(options);
  client_->metadata().await(0, deadline, [this, gather, byRoute, options](Result<client::Snapshot> snapshot) {
    if (!snapshot) return gather->failAll(snapshot.error());
    for (const auto& [key, group] : byRoute) {
      auto spec = specOf<DescribeConfigsRequest>("describeConfigs", group.first, options);
      DescribeConfigsRequest request;
      request.includeSynonyms = options.includeSynonyms;
      for (const ConfigResource& resource : group.second) {
        auto& one = request.resources.emplace_back();
        one.resourceType = static_cast<std::int8_t>(resource.type);
        one.resourceName = resource.name;
        one.configurationKeys.reset();
      }
      spec.build = [request, documentation = options.includeDocumentation](std::int16_t version) -> Result<DescribeConfigsRequest> {
        DescribeConfigsRequest built = request;
        built.includeDocumentation = documentation && version >= 3;
        return built;
      };
      spec.done = [gather, asked = group.second](Result<DescribeConfigsResponse> answer) { takeConfigs(*gather, asked, std::move(answer)); };
      RoutedCall<DescribeConfigsRequest>::start(router_, std::move(spec));
    }
  });
}

}  // namespace admin
}  // namespace klamm
