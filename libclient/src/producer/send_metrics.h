#pragma once
// What the producer counts about itself.

#include <cstdint>
#include <string>

#include <klamm/metrics.h>

#include "base/sample.h"

namespace klamm::producer {

/// Counted per batch and per request, never per record. Threading: none of its own; the sender's lock guards it.
struct SendMetrics {
  std::uint64_t sent = 0;     ///< records that left, again or for the first time
  std::uint64_t errors = 0;   ///< records that failed for good
  std::uint64_t retries = 0;  ///< records that are to be sent again
  Sample batchBytes = {};
  Sample requestRecords = {};
  Sample latencyMillis = {};  ///< from a Produce request to its answer

  void appendTo(Metrics& metrics, const std::string& clientId) const;
};

}  // namespace klamm::producer
