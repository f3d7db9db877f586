#pragma once
// Kafka's 128-bit ids of topics, directories and clusters.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace klamm {

/// Prints as 22 characters of URL-safe base64 without padding (org.apache.kafka.common.Uuid). Threading: a value.
struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// A version-4 id that does not begin with '-', so that it can stand on a command line; never one of Kafka's reserved ids.
  [[nodiscard]] static Uuid random(Random& random);
  [[nodiscard]] static Result<Uuid> parse(std::string_view text);
  [[nodiscard]] std::string toString() const;
  [[nodiscard]] bool isZero() const noexcept { return high == 0 && low == 0; }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace klamm

template <>
struct std::hash<klamm::Uuid> {
  std::size_t operator()(const klamm::Uuid& id) const noexcept { return id.high ^ (id.low * 0x9E3779B97F4A7C15ULL); }
};
