// DescribeConfigs: v1-4
// * Keys of topics and of this broker with the value that holds, where it comes from, its type and a sentence about it
// * A broker resource without a name stands for the dynamic defaults of all brokers
// * Loggers, client metrics and groups have no settings here: InvalidRequest
// Version notes:
// * v3: types, and sentences on request

#include <algorithm>

#include "controller/effective_config.h"
#include "handlers/handler.h"
#include "protocol/32_describe_configs.h"

namespace klamm::broker::handlers {
namespace {

struct DescribeConfigs {
  using Request = protocol::DescribeConfigsRequest;
  using Response = protocol::DescribeConfigsResponse;
  using Asked = Request::DescribeConfigsResource;
  using Described = Response::DescribeConfigsResult;

  static Response handle(Context& context, const Request& request) {
    Response response;
    for (const Asked& asked : request.resources) response.results.push_back(describe(context, request, asked));
    return response;
  }

 private:
  static Described describe(const Context& context, const Request& request, const Asked& asked) {
    Described described;
    described.resourceType = asked.resourceType;
    described.resourceName = asked.resourceName;
    const auto configs = find(context, asked);
    if (!configs) {
      described.errorCode = configs.error().code();
      described.errorMessage = configs.error().context();
      return described;
    }
    const bool isTopic = asked.resourceType == static_cast<std::int8_t>(image::ConfigResourceType::Topic);
    for (const controller::EffectiveConfig& config : *configs) {
      if (isWanted(asked, config.row->name)) described.configs.push_back(show(request, config, !isTopic));
    }
    return described;
  }

  static bool isWanted(const Asked& asked, std::string_view name) {
    const auto& keys = asked.configurationKeys;
    return !keys || keys->empty() || std::find(keys->begin(), keys->end(), name) != keys->end();
  }

  static Result<std::vector<controller::EffectiveConfig>> find(const Context& context, const Asked& asked) {
    const controller::ConfigView view(context.broker.config, *context.broker.image, context.broker.nodeId);
    switch (static_cast<image::ConfigResourceType>(asked.resourceType)) {
      case image::ConfigResourceType::Topic: return findTopic(context, view, asked.resourceName);
      case image::ConfigResourceType::Broker: return findBroker(context, view, asked.resourceName);
      default:
        return fail(ErrorCode::InvalidRequest, "This broker describes the settings of topics and brokers, not of resource type " +
                                                   std::to_string(asked.resourceType) + ".");
    }
  }

  static Result<std::vector<controller::EffectiveConfig>> findTopic(const Context& context, const controller::ConfigView& view, const std::string& name) {
    if (!context.request.allows(server::Operation::DescribeConfigs, server::ResourceType::Topic, name)) {
      return fail(ErrorCode::TopicAuthorizationFailed, "Not authorised to describe the settings of topic '" + name + "'.");
    }
    if (context.broker.image->topic(name) == nullptr) {
      const ErrorCode bad = context.broker.topicCreator.check(name);
      return fail(bad == ErrorCode::InvalidTopicException ? bad : ErrorCode::UnknownTopicOrPartition, "There is no topic '" + name + "'.");
    }
    return view.topicConfigs(context.broker.image->topicConfigs(name));
  }

  static Result<std::vector<controller::EffectiveConfig>> findBroker(const Context& context, const controller::ConfigView& view, const std::string& name) {
    if (!context.request.allows(server::Operation::DescribeConfigs, server::ResourceType::Cluster, "kafka-cluster")) {
      return fail(ErrorCode::ClusterAuthorizationFailed, "Not authorised to describe the settings of brokers.");
    }
    if (!name.empty() && name != std::to_string(context.broker.nodeId)) {
      return fail(ErrorCode::InvalidRequest, "Unexpected broker id, expected " + std::to_string(context.broker.nodeId) + " or empty string, but received " + name);
    }
    std::vector<controller::EffectiveConfig> configs;
    const image::ConfigMap& defaults = context.broker.image->configs({image::ConfigResourceType::Broker, ""});
    for (const config::ConfigRow& row : config::brokerRows()) {
      if (!name.empty()) {
        configs.push_back(view.brokerConfig(row));
      } else if (const auto set = defaults.find(row.name); set != defaults.end()) {
        configs.push_back({&row, {{std::string(row.name), set->second, controller::ConfigSource::DynamicDefaultBroker}}});
      }
    }
    return configs;
  }

  static Response::DescribeConfigsResourceResult show(const Request& request, const controller::EffectiveConfig& config, bool ofBroker) {
    Response::DescribeConfigsResourceResult shown;
    shown.name = config.row->name;
    shown.isSensitive = config.isSensitive();
    if (!shown.isSensitive) shown.value = config.value();
    shown.readOnly = ofBroker && config.row->update == config::Update::ReadOnly;
    shown.configSource = static_cast<std::int8_t>(config.source());
    shown.configType = static_cast<std::int8_t>(config.row->type);
    shown.documentation = request.includeDocumentation ? std::optional<std::string>(config.row->doc) : std::nullopt;
    if (!request.includeSynonyms) return shown;
    for (const controller::ConfigSynonym& place : config.synonyms) {
      Response::DescribeConfigsSynonym synonym;
      synonym.name = place.name;
      if (!shown.isSensitive) synonym.value = place.value;
      synonym.source = static_cast<std::int8_t>(place.source);
      shown.synonyms.push_back(std::move(synonym));
    }
    return shown;
  }
};

}  // namespace

KLAMM_HANDLER(DescribeConfigs)

}  // namespace klamm::broker::handlers
