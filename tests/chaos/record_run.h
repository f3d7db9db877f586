#pragma once
// One seeded run: producers and consumers behind the fault proxy, a broker that is killed, and the verdict.

#include <cstdint>
#include <string>
#include <vector>

#include "chaos/record_history.h"
#include "chaos/run_plan.h"
#include "support/fault_proxy/fault_proxy.h"

namespace klamm::chaos {

/// Threading: a value.
struct RunReport {
  std::vector<Anomaly> anomalies = {};
  /// What went wrong beside the records: a call that threw, an end that did not come in time.
  std::vector<std::string> failures = {};
  std::size_t sent = 0;
  std::size_t acked = 0;
  std::size_t inLog = 0;
  int kills = 0;
  test::FaultCounts faults = {};
  [[nodiscard]] bool isGood() const noexcept { return anomalies.empty() && failures.empty(); }
};

/// Runs a plan with `brokerProgram` on data below `folder`, which is made and, after a good run, removed.
///
///     producers ---\                  /--- klamm-broker, killed with -9 and started on the same folder
///     a reader  ----+-- fault proxy --
///     a group   ---/
///
/// Then the network heals, producers close, and everything is read back and judged; readers must get to the end as well.
/// Call it on a thread that outlives the run: the broker dies with it.
[[nodiscard]] RunReport runRecords(const RunPlan& plan, const std::string& brokerProgram, const std::string& folder);

}  // namespace klamm::chaos
