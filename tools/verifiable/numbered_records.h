#pragma once
// The records of the verifiable producer and the times at which they are due.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace klamm::tools {

/// Record N of a run: its value is N, or "PREFIX.N"; its key null, or N modulo `repeatingKeys`. Threading: immutable.
struct NumberedRecords {
  std::optional<std::int32_t> valuePrefix = {};
  std::optional<std::int32_t> repeatingKeys = {};

  [[nodiscard]] std::string value(std::int64_t number) const {
    return valuePrefix ? std::to_string(*valuePrefix) + "." + std::to_string(number) : std::to_string(number);
  }
  /// Without a positive number of keys they never repeat.
  [[nodiscard]] std::optional<std::string> key(std::int64_t number) const {
    if (!repeatingKeys) return std::nullopt;
    return std::to_string(*repeatingKeys > 0 ? number % *repeatingKeys : number);
  }
};

/// When record N may leave, counted from the start. Kafka's tool looks at what it has sent after each record, so the first
/// two leave at once and a throughput of 0 ends there; below 0 there is no limit. nullopt: never.
/// Late records are not waited for: after a stall they leave as fast as they can.
[[nodiscard]] inline std::optional<std::chrono::nanoseconds> dueAfter(std::int64_t number, std::int32_t throughput) {
  if (number <= 1 || throughput < 0) return std::chrono::nanoseconds(0);
  if (throughput == 0) return std::nullopt;
  const auto seconds = static_cast<double>(number - 1) / throughput;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace klamm::tools
