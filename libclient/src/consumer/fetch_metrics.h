#pragma once
// What the consumer counts about itself.

#include <cstdint>
#include <string>

#include <klamm/metrics.h>

#include "base/sample.h"

namespace klamm::consumer {

/// Counted per fetch and per poll, never per record. Threading: none of its own; ConsumerShared's mutex guards it.
struct FetchMetrics {
  Sample latencyMillis = {};  ///< from a Fetch request to its answer
  Sample fetchBytes = {};     ///< of the record batches in an answer
  std::uint64_t records = 0;  ///< that poll() returned
  std::uint64_t bytes = 0;    ///< of these, decompressed

  void appendTo(Metrics& metrics, const std::string& clientId) const;
};

}  // namespace klamm::consumer
