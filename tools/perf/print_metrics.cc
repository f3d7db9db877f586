#include "perf/print_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

/// As a Java map is printed.
std::string nameOf(const Metric& metric) {
  std::string tags;
  for (const auto& [key, value] : metric.tags) tags += fmt::format("{}{}={}", tags.empty() ? "" : ", ", key, value);
  return fmt::format("{}:{}:{{{}}}", metric.group, metric.name, tags);
}

}  // namespace

std::string metricsTable(const Metrics& metrics) {
  if (metrics.empty()) return {};
  std::map<std::string, double> sorted;
  std::size_t width = 0;
  for (const Metric& metric : metrics) {
    const auto at = sorted.insert_or_assign(nameOf(metric), metric.value).first;
    width = std::max(width, at->first.size());
  }
  std::string table = fmt::format("\n{:<{}}   {}\n", "Metric Name", width, "Value");
  for (const auto& [name, value] : sorted) {
    table += fmt::format("{:<{}} : {}\n", name, width, std::isnan(value) ? std::string("NaN") : fmt::format("{:.3f}", value));
  }
  return table;
}

}  // namespace klamm::tools
