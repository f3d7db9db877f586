#pragma once
// --print-metrics of the perf tools.

#include <string>

#include <klamm/metrics.h>

namespace klamm::tools {

/// The table that Kafka's perf tools print (org.apache.kafka.tools.ToolsUtils): sorted, one line per metric.
[[nodiscard]] std::string metricsTable(const Metrics& metrics);

}  // namespace klamm::tools
