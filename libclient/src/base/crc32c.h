#pragma once
// CRC-32C (Castagnoli), the checksum of record batches.

#include <cstdint>
#include <vector>

#include "base/buffer.h"

namespace klamm {

/// The checksum of `bytes`; with `crc` that of bytes which follow those that `crc` covers:
/// crc32c(b, crc32c(a)) == crc32c(a + b). Uses the fastest way that the CPU has. Threading: any thread.
[[nodiscard]] std::uint32_t crc32c(BytesView bytes, std::uint32_t crc = 0) noexcept;

namespace detail {
/// Every way that this CPU has, the fastest first; open to tests, which hold them against each other.
using Crc32cWay = std::uint32_t (*)(BytesView, std::uint32_t) noexcept;
[[nodiscard]] std::vector<Crc32cWay> crc32cWays();
/// The way without any special instruction.
[[nodiscard]] std::uint32_t crc32cByTable(BytesView bytes, std::uint32_t crc) noexcept;
}  // namespace detail

}  // namespace klamm
