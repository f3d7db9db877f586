#pragma once
// Milliseconds of C to those of the clients.

#include <algorithm>
#include <cstdint>
#include <klamm.h>
#include <klamm/bytes.h>

namespace klamm::c {

/// Without end, for people: nanoseconds of it still fit into a clock's 64 bits.
inline constexpr std::int64_t kForever = std::int64_t{100} * 365 * 24 * 3600 * 1000;

/// Negative ones stay as they are: the client refuses them.
[[nodiscard]] inline Millis millis(std::int64_t timeout) noexcept { return Millis(std::min(timeout, kForever)); }

}  // namespace klamm::c
