#pragma once
// The hash that Kafka's partitioner picks a key's partition by.

#include <cstdint>

#include "base/buffer.h"

namespace klamm {

/// Java's Utils.murmur2: 32 bits, seed 0x9747b28c, little-endian words. Threading: any thread.
[[nodiscard]] std::int32_t murmur2(BytesView bytes) noexcept;

/// Java's Utils.toPositive: drops the sign bit (so it is not the absolute value).
[[nodiscard]] constexpr std::int32_t toPositive(std::int32_t number) noexcept { return number & 0x7FFFFFFF; }

}  // namespace klamm
