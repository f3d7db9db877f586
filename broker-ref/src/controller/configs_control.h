#pragma once
// Changing the configuration of topics and brokers.

#include <string_view>

#include "controller/control.h"
#include "protocol/33_alter_configs.h"
#include "protocol/44_incremental_alter_configs.h"

namespace klamm::broker::controller {

/// One key and value against Kafka's table of topic configurations.
[[nodiscard]] Status checkTopicConfig(std::string_view name, std::string_view value);
/// What must hold between keys, e.g. that message.timestamp.* make sense together.
[[nodiscard]] Status checkTopicConfigsTogether(const image::ConfigMap& own);

/// Sets, deletes, appends, subtracts: per resource all or nothing.
[[nodiscard]] Outcome<protocol::IncrementalAlterConfigsResponse> incrementalAlterConfigs(const ControlContext& context,
                                                                                         const protocol::IncrementalAlterConfigsRequest& request);
/// The older form: the keys named are all that stays set.
[[nodiscard]] Outcome<protocol::AlterConfigsResponse> alterConfigs(const ControlContext& context, const protocol::AlterConfigsRequest& request);

}  // namespace klamm::broker::controller
