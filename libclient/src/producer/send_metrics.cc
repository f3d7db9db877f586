#include "producer/send_metrics.h"

namespace klamm::producer {

void SendMetrics::appendTo(Metrics& metrics, const std::string& clientId) const {
  const auto add = [&](const char* name, double value) { metrics.push_back({"producer-metrics", name, {{"client-id", clientId}}, value}); };
  add("record-send-total", static_cast<double>(sent));
  add("record-error-total", static_cast<double>(errors));
  add("record-retry-total", static_cast<double>(retries));
  add("batch-size-avg", batchBytes.average());
  add("batch-size-max", batchBytes.max());
  add("records-per-request-avg", requestRecords.average());
  add("request-latency-avg", latencyMillis.average());
  add("request-latency-max", latencyMillis.max());
  add("request-total", latencyMillis.count());
}

}  // namespace klamm::producer
