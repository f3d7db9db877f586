#pragma once
// klamm topics --describe.

#include <string>
#include <vector>

#include <klamm/admin.h>

#include "common/arguments.h"
#include "common/terminal.h"

namespace klamm::tools {

/// Prints the topics of these names, partition by partition, as the filters among the options want it.
void describeTopics(Admin& admin, const Arguments& arguments, const std::vector<std::string>& names);
void describeTopicId(Admin& admin, const Arguments& arguments, const std::string& id);

/// One partition's line:
///
///     Topic: orders  Partition: 0  Leader: 1  Replicas: 1,2  Isr: 1,2  Elr: ..  LastKnownElr: ..
[[nodiscard]] std::string partitionLine(const std::string& topic, const TopicPartitionInfo& partition, const PartitionReassignment* reassignment);

}  // namespace klamm::tools
