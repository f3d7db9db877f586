#include "base/murmur2.h"

#include "base/bytes.h"

namespace klamm {

std::int32_t murmur2(BytesView bytes) noexcept {
  constexpr std::uint32_t seed = 0x9747B28C;
  constexpr std::uint32_t multiplier = 0x5BD1E995;
  constexpr int shift = 24;

  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint32_t hash = seed ^ static_cast<std::uint32_t>(left);
  for (; left >= 4; left -= 4, at += 4) {
    std::uint32_t word = byteSwapped(loadBigEndian<std::uint32_t>(at));
    word *= multiplier;
    word ^= word >> shift;
    word *= multiplier;
    hash *= multiplier;
    hash ^= word;
  }
  if (left >= 3) hash ^= static_cast<std::uint32_t>(at[2]) << 16;
  if (left >= 2) hash ^= static_cast<std::uint32_t>(at[1]) << 8;
  if (left >= 1) {
    hash ^= static_cast<std::uint32_t>(at[0]);
    hash *= multiplier;
  }
  hash ^= hash >> 13;
  hash *= multiplier;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

}  // namespace klamm
