#pragma once
// How long to wait before trying again.

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "base/random.h"

namespace klamm::client {

/// Doubles with every failure, up to a limit, and is spread by a fifth to both sides so that clients which lost the same
/// broker do not come back together. Threading: a value.
struct ExponentialBackoff {
  Duration initial = {};
  Duration limit = {};

  /// The wait after so many failures in a row; failures 0 and 1 give about `initial`.
  [[nodiscard]] Duration after(std::uint32_t failures, Random& random) const noexcept {
    Duration wait = std::min(initial, limit);
    for (std::uint32_t i = 1; i < failures && wait < limit; ++i) wait = std::min(wait * 2, limit);
    const auto perMille = static_cast<std::int64_t>(800 + random.below(401));
    return wait / 1000 * perMille;
  }
};

}  // namespace klamm::client
