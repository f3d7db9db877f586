#pragma once
// What a client counts about itself.

#include <string>
#include <utility>
#include <vector>

namespace [[gnu::visibility("default")]] klamm {

/// One figure, named as Kafka's clients name theirs (org.apache.kafka.common.MetricName). Averages and largest values are
/// those since the client was made, NaN before there was anything to measure. Threading: a value.
struct Metric {
  std::string group = {};  ///< e.g. "producer-metrics"
  std::string name = {};   ///< e.g. "record-send-total"
  std::vector<std::pair<std::string, std::string>> tags = {};
  double value = 0;
};

using Metrics = std::vector<Metric>;

}  // namespace klamm
