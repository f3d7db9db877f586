#pragma once
// Where a partition begins that has no position: auto.offset.reset and the seekTo calls.

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace klamm::consumer {

/// Threading: a value.
struct ResetPolicy {
  enum class Kind : std::uint8_t { None, Earliest, Latest, ByDuration };
  Kind kind = Kind::Latest;
  Millis ago = {};  ///< of ByDuration: begin at the first record not older than this

  /// "earliest", "latest", "none" or "by_duration:" and an ISO-8601 duration such as P1DT2H30M5.5S.
  [[nodiscard]] static Result<ResetPolicy> parse(std::string_view text);
  /// The timestamp of a ListOffsets request: -2 earliest, -1 latest, else milliseconds since 1970.
  [[nodiscard]] std::int64_t timestamp(std::int64_t wallMillis) const noexcept;
  friend bool operator==(const ResetPolicy&, const ResetPolicy&) = default;
};

/// An ISO-8601 duration of days, hours, minutes and seconds, as java.time.Duration.parse reads it.
[[nodiscard]] Result<Millis> parseIsoDuration(std::string_view text);

}  // namespace klamm::consumer
