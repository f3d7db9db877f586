#pragma once
// What one seeded run does: all of it drawn from the seed before it begins.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "chaos/record_history.h"
#include "support/fault_proxy/fault_profile.h"

namespace klamm::chaos {

/// Threading: a value.
struct ProducerPlan {
  std::string codec = "none";
  Millis linger{0};
  std::int32_t batchSize = 16384;
  std::int64_t bufferMemory = 32 * 1024 * 1024;
  std::int32_t maxInFlight = 5;
  Millis requestTimeout{1500};
  Millis deliveryTimeout{60'000};  ///< a short one makes records fail: those may or may not be there
  std::int32_t recordsPerSecond = 500;
  std::int32_t flushEvery = 0;  ///< records between two flush(); 0: never
};

/// Something that happens to broker or network at a time. Threading: a value.
struct Episode {
  enum class Kind : std::uint8_t {
    Kill,    ///< kill -9, down for `length`, the proxy still accepts
    Outage,  ///< kill -9, and connects are refused meanwhile
    Silence, ///< the proxy accepts and never answers
    ResetAll,
    Restart, ///< SIGTERM, down for `length`
  };
  Kind kind = {};
  Millis at{0};
  Millis length{0};
};

/// Threading: a value.
struct RunPlan {
  std::uint64_t seed = 0;
  std::int32_t partitions = 1;
  std::int32_t maxMessageBytes = 1024 * 1024;  ///< of the topic; a small one makes the producer split batches
  Millis duration{3000};                       ///< of producing
  test::FaultProfile profile = {};
  std::vector<ProducerPlan> producers = {};
  std::vector<Episode> episodes = {};
  std::int32_t groupMembers = 1;
  bool groupChurn = false;  ///< a member leaves and another one joins in the middle
  bool autoCommit = true;

  /// One line, for the report.
  [[nodiscard]] std::string toString() const;
};

/// Every plan has a kill; of eight seeds in a row one has each kind of network: cuts, resets, black holes, ...
[[nodiscard]] RunPlan planOf(std::uint64_t seed);

/// Key, value and headers of a record: a function of the run's seed and the record's id. A header carries the id.
/// Threading: a value.
struct Payload {
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::optional<std::int32_t> partition = {};
  std::string idHeader = {};
  std::optional<std::string> extraHeader = {};
};
[[nodiscard]] Payload payloadOf(const RunPlan& plan, RecordId id);
/// The id in a header's value; {-1, -1} for none.
[[nodiscard]] RecordId idOf(std::string_view header);

}  // namespace klamm::chaos
