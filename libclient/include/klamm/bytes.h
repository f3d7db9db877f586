#pragma once
// The words for bytes and time that all of Klamm's headers share.

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("default")]] klamm {

/// Bytes that somebody else owns.
using BytesView = std::span<const std::byte>;
/// Bytes that this value owns.
using Bytes = std::vector<std::byte>;
/// Kafka's unit of every time-out and interval.
using Millis = std::chrono::milliseconds;

[[nodiscard]] inline BytesView asBytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view asText(BytesView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace klamm
