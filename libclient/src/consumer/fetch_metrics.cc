#include "consumer/fetch_metrics.h"

namespace klamm::consumer {

void FetchMetrics::appendTo(Metrics& metrics, const std::string& clientId) const {
  const auto add = [&](const char* name, double value) {
    metrics.push_back({"consumer-fetch-manager-metrics", name, {{"client-id", clientId}}, value});
  };
  const double fetches = latencyMillis.count();
  add("records-consumed-total", static_cast<double>(records));
  add("bytes-consumed-total", static_cast<double>(bytes));
  add("records-per-request-avg", static_cast<double>(records) / fetches);
  add("fetch-latency-avg", latencyMillis.average());
  add("fetch-latency-max", latencyMillis.max());
  add("fetch-size-avg", fetchBytes.average());
  add("fetch-size-max", fetchBytes.max());
  add("fetch-total", fetches);
}

}  // namespace klamm::consumer
