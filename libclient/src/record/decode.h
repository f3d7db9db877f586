#pragma once
// Bounds-checked decoding of the pieces of a record; shared by the reader and the header iterator.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "record/record_view.h"

namespace klamm::record {

/// Where decoding stands. Threading: one thread.
struct Cursor {
  const std::byte* at = nullptr;
  const std::byte* end = nullptr;

  [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end - at); }
};

/// An unsigned varint of at most MaxBytes bytes; most are one byte long, which is the fast way.
template <int MaxBytes>
[[nodiscard]] inline bool readUnsigned(Cursor& cursor, std::uint64_t& value) noexcept {
  if (cursor.at < cursor.end && static_cast<std::uint8_t>(*cursor.at) < 0x80) [[likely]] {
    value = static_cast<std::uint64_t>(*cursor.at++);
    return true;
  }
  std::uint64_t sum = 0;
  const std::byte* at = cursor.at;
  for (int i = 0; i < MaxBytes && at < cursor.end; ++i) {
    const auto byte = static_cast<std::uint64_t>(*at++);
    sum |= (byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      cursor.at = at;
      value = sum;
      return true;
    }
  }
  return false;
}

/// A zigzag varint of 32 bits: lengths, counts, offset deltas.
[[nodiscard]] inline bool readInt32(Cursor& cursor, std::int32_t& value) noexcept {
  std::uint64_t raw = 0;
  if (!readUnsigned<5>(cursor, raw)) return false;
  value = static_cast<std::int32_t>(unzigzag(raw & 0xFFFFFFFFU));
  return true;
}
/// A zigzag varint of 64 bits: timestamp deltas.
[[nodiscard]] inline bool readInt64(Cursor& cursor, std::int64_t& value) noexcept {
  std::uint64_t raw = 0;
  if (!readUnsigned<10>(cursor, raw)) return false;
  value = unzigzag(raw);
  return true;
}

/// A length and as many bytes; nullopt for -1. The length is held against what remains before anything is made of it.
[[nodiscard]] inline bool readNullableBytes(Cursor& cursor, std::optional<BytesView>& bytes) noexcept {
  std::int32_t length = 0;
  if (!readInt32(cursor, length)) return false;
  if (length < 0) {
    bytes = std::nullopt;
    return length == -1;
  }
  if (cursor.remaining() < static_cast<std::size_t>(length)) return false;
  bytes.emplace(cursor.at, static_cast<std::size_t>(length));
  cursor.at += length;
  return true;
}

[[nodiscard]] inline bool decodeHeader(Cursor& cursor, RecordHeader& header) noexcept {
  std::optional<BytesView> key;
  if (!readNullableBytes(cursor, key) || !key) return false;
  header.key = asText(*key);
  return readNullableBytes(cursor, header.value);
}

}  // namespace klamm::record
