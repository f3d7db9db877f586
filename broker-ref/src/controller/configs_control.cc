#include "controller/configs_control.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "controller/effective_config.h"
#include "protocol/records/config_record.h"

namespace klamm::broker::controller {
namespace {

enum class AlterOp : std::int8_t { Set = 0, Delete = 1, Append = 2, Subtract = 3 };

[[nodiscard]] std::int64_t number(const image::ConfigMap& own, config::TopicKey key) {
  const auto found = own.find(key.row().name);
  const std::string_view text = found == own.end() ? std::string_view(key.row().defaultValue) : std::string_view(found->second);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

[[nodiscard]] Status checkBrokerConfig(const image::ConfigResource& resource, std::string_view name, std::string_view value) {
  const config::ConfigRow* row = config::findBrokerRow(name);
  if (row == nullptr) return {};  // Kafka takes keys it does not know here: they may be a plugin's
  if (row->update == config::Update::ReadOnly) {
    return fail(ErrorCode::InvalidRequest, fmt::format("Cannot update these configs dynamically: [{}]", name));
  }
  if (row->update == config::Update::PerBroker && resource.name.empty()) {
    return fail(ErrorCode::InvalidRequest, fmt::format("Cannot update these configs at default cluster level, broker id must be specified: [{}]", name));
  }
  const Status valid = config::checkValue(*row, value);
  return valid ? valid : fail(ErrorCode::InvalidRequest, valid.error().context());
}

/// The resource must exist and be of a kind that this broker keeps settings for.
[[nodiscard]] Status checkResource(const ControlContext& context, const image::ConfigResource& resource) {
  switch (resource.type) {
    case image::ConfigResourceType::Topic:
      KLAMM_TRY(checkTopicName(resource.name));
      if (context.image.topic(resource.name) == nullptr) {
        return fail(ErrorCode::UnknownTopicOrPartition, fmt::format("The topic '{}' does not exist.", resource.name));
      }
      return {};
    case image::ConfigResourceType::Broker: {
      if (resource.name.empty()) return {};
      std::int32_t id = -1;
      const auto [end, error] = std::from_chars(resource.name.data(), resource.name.data() + resource.name.size(), id);
      if (error != std::errc{} || end != resource.name.data() + resource.name.size() || id < 0) {
        return fail(ErrorCode::InvalidRequest, fmt::format("Unable to parse broker name as a base 10 number: {}", resource.name));
      }
      return {};
    }
    default:
      return fail(ErrorCode::InvalidRequest, fmt::format("Unexpected resource type {}", static_cast<int>(resource.type)));
  }
}

[[nodiscard]] Status checkAll(const image::ConfigResource& resource, const image::ConfigMap& before, const image::ConfigMap& after) {
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == value) continue;
    KLAMM_TRY(resource.type == image::ConfigResourceType::Topic ? checkTopicConfig(name, value) : checkBrokerConfig(resource, name, value));
  }
  return resource.type == image::ConfigResourceType::Topic ? checkTopicConfigsTogether(after) : Status();
}

/// The records that lead from one set of settings to the other.
[[nodiscard]] Status addDifference(const image::ConfigResource& resource, const image::ConfigMap& before, const image::ConfigMap& after, RecordList& records) {
  const auto put = [&](const std::string& name, std::optional<std::string> value) {
    protocol::ConfigRecord record;
    record.resourceType = static_cast<std::int8_t>(resource.type);
    record.resourceName = resource.name;
    record.name = name;
    record.value = std::move(value);
    return records.add(record, 0);
  };
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second != value) KLAMM_TRY(put(name, value));
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) KLAMM_TRY(put(name, std::nullopt));
  }
  return {};
}

[[nodiscard]] std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : ",").append(item);
  return text;
}

/// Append and subtract work on the list that holds now, wherever it comes from.
[[nodiscard]] Result<std::string> changedList(const ControlContext& context, const image::ConfigResource& resource, const image::ConfigMap& own,
                                              const std::string& name, std::string_view value, AlterOp op) {
  const bool ofTopic = resource.type == image::ConfigResourceType::Topic;
  const config::ConfigRow* row = ofTopic ? config::findTopicRow(name) : config::findBrokerRow(name);
  if (row == nullptr || row->type != config::ConfigType::List) {
    return fail(ErrorCode::InvalidConfig, fmt::format("Can't {} to key {} because its type is not LIST.",
                                                      op == AlterOp::Append ? "APPEND" : "SUBTRACT", name));
  }
  const ConfigView view(context.config, context.image, context.brokerId);
  const auto found = own.find(name);
  const std::string before = found != own.end() ? found->second
                             : ofTopic          ? view.topicConfig(*row, own).value().value_or("")
                                                : view.brokerConfig(*row).value().value_or("");
  std::vector<std::string> items = config::splitList(before);
  for (const std::string& item : config::splitList(value)) {
    const auto at = std::find(items.begin(), items.end(), item);
    if (op == AlterOp::Append && at == items.end()) items.push_back(item);
    if (op == AlterOp::Subtract && at != items.end()) items.erase(at);
  }
  return joined(items);
}

[[nodiscard]] Result<image::ConfigMap> applyChanges(const ControlContext& context, const image::ConfigResource& resource,
                                                    const protocol::IncrementalAlterConfigsRequest::AlterConfigsResource& asked) {
  image::ConfigMap after = context.image.configs(resource);
  std::set<std::string> seen;
  for (const auto& change : asked.configs) {
    if (!seen.insert(change.name).second) return fail(ErrorCode::InvalidRequest, "Error due to duplicate config keys");
    const auto op = static_cast<AlterOp>(change.configOperation);
    if (op == AlterOp::Delete) {
      if (const auto at = after.find(change.name); at != after.end()) after.erase(at);
      continue;
    }
    if (!change.value) return fail(ErrorCode::InvalidRequest, "Null value not supported for : " + change.name);
    if (op == AlterOp::Set) {
      after.insert_or_assign(change.name, *change.value);
    } else if (op == AlterOp::Append || op == AlterOp::Subtract) {
      KLAMM_TRY_ASSIGN(std::string list, changedList(context, resource, after, change.name, *change.value, op));
      if (list.empty()) after.erase(change.name);  // an empty list is no setting: the default holds again, as in Kafka
      else after.insert_or_assign(change.name, std::move(list));
    } else {
      return fail(ErrorCode::InvalidRequest, fmt::format("Unknown operation type {} in request {}", static_cast<int>(change.configOperation), asked.resourceName));
    }
  }
  return after;
}

[[nodiscard]] Status alterIncrementally(const ControlContext& context, const protocol::IncrementalAlterConfigsRequest::AlterConfigsResource& asked,
                                        RecordList& records) {
  const image::ConfigResource resource{static_cast<image::ConfigResourceType>(asked.resourceType), asked.resourceName};
  KLAMM_TRY(checkResource(context, resource));
  const image::ConfigMap& before = context.image.configs(resource);
  KLAMM_TRY_ASSIGN(const image::ConfigMap after, applyChanges(context, resource, asked));
  KLAMM_TRY(checkAll(resource, before, after));
  return addDifference(resource, before, after, records);
}

[[nodiscard]] Status replaceAll(const ControlContext& context, const protocol::AlterConfigsRequest::AlterConfigsResource& asked, RecordList& records) {
  const image::ConfigResource resource{static_cast<image::ConfigResourceType>(asked.resourceType), asked.resourceName};
  KLAMM_TRY(checkResource(context, resource));
  image::ConfigMap after;
  for (const auto& config : asked.configs) {
    if (!config.value) return fail(ErrorCode::InvalidRequest, "Null value not supported for : " + config.name);
    after.insert_or_assign(config.name, *config.value);
  }
  const image::ConfigMap& before = context.image.configs(resource);
  KLAMM_TRY(checkAll(resource, before, after));
  return addDifference(resource, before, after, records);
}

/// Runs `alter` for every resource; a resource that stands twice is refused both times.
template <class Response, class Request, class Alter>
[[nodiscard]] Outcome<Response> alterEach(const ControlContext& context, const Request& request, Alter alter) {
  Outcome<Response> outcome;
  for (const auto& asked : request.resources) {
    const auto same = [&asked](const auto& other) { return other.resourceType == asked.resourceType && other.resourceName == asked.resourceName; };
    RecordList records;
    const Status status = std::count_if(request.resources.begin(), request.resources.end(), same) > 1
                              ? fail(ErrorCode::InvalidRequest, "Each resource must appear at most once.")
                              : alter(context, asked, records);
    auto& result = outcome.response.responses.emplace_back();
    result.resourceType = asked.resourceType;
    result.resourceName = asked.resourceName;
    setError(result, status ? Error() : status.error());
    if (status) outcome.records.add(std::move(records));
  }
  if (request.validateOnly) outcome.records.clear();
  return outcome;
}

}  // namespace

Status checkTopicConfig(std::string_view name, std::string_view value) {
  const config::ConfigRow* row = config::findTopicRow(name);
  if (row == nullptr) return fail(ErrorCode::InvalidConfig, fmt::format("Unknown topic config name: {}", name));
  return config::checkValue(*row, value);
}

Status checkTopicConfigsTogether(const image::ConfigMap& own) {
  const std::int64_t minLag = number(own, "min.compaction.lag.ms");
  const std::int64_t maxLag = number(own, "max.compaction.lag.ms");
  if (minLag > maxLag) {
    return fail(ErrorCode::InvalidConfig, fmt::format("conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})", minLag, maxLag));
  }
  const auto remote = own.find("remote.storage.enable");
  if (remote != own.end() && (remote->second == "true" || remote->second == "TRUE")) {
    return fail(ErrorCode::InvalidConfig, "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.");
  }
  return {};
}

Outcome<protocol::IncrementalAlterConfigsResponse> incrementalAlterConfigs(const ControlContext& context,
                                                                           const protocol::IncrementalAlterConfigsRequest& request) {
  return alterEach<protocol::IncrementalAlterConfigsResponse>(context, request, alterIncrementally);
}

Outcome<protocol::AlterConfigsResponse> alterConfigs(const ControlContext& context, const protocol::AlterConfigsRequest& request) {
  return alterEach<protocol::AlterConfigsResponse>(context, request, replaceAll);
}

}  // namespace klamm::broker::controller
