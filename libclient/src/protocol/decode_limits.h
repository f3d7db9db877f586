#pragma once
// How much memory a decoded message may take.

#include <cstddef>
#include <cstdint>

namespace klamm::protocol {

/// A message in memory is larger than its bytes: an empty text takes one byte on the wire and 32 in memory, some structs
/// of empty fields 100 times their bytes. Messages in earnest stay below 16 times theirs; one that would take more than
/// memoryAllowed() fails to decode, before the memory is taken. Counted are lists, texts and tagged fields, not the
/// message's own struct; bytes and records are slices of the frame and cost nothing.
inline constexpr std::uint64_t kMemoryPerByte = 16;
/// Free for every message, so that the shortest names in the smallest requests pass.
inline constexpr std::uint64_t kMemoryFloor = std::uint64_t{64} * 1024;

[[nodiscard]] constexpr std::uint64_t memoryAllowed(std::size_t encodedBytes) noexcept {
  return kMemoryFloor + kMemoryPerByte * encodedBytes;
}

}  // namespace klamm::protocol
