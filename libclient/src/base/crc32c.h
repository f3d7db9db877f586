#pragma once
// CRC-32C (Castagnoli), the checksum of record batches.

#include <cstdint>

#include "base/buffer.h"

namespace klamm {

/// The checksum of `bytes`; with `crc` that of bytes which follow those that `crc` covers:
/// crc32c(b, crc32c(a)) == crc32c(a + b). Uses the CPU's instruction where there is one. Threading: any thread.
[[nodiscard]] std::uint32_t crc32c(BytesView bytes, std::uint32_t crc = 0) noexcept;

namespace detail {
/// The way without any special instruction; open to tests, which hold both ways against each other.
[[nodiscard]] std::uint32_t crc32cByTable(BytesView bytes, std::uint32_t crc) noexcept;
}  // namespace detail

}  // namespace klamm
