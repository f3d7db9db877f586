#pragma once
// Bounds-checked decoding of the pieces of a record; shared by the readers, the validation and the header iterator.

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

/// An unsigned varint of at most MaxBytes bytes; most are one or two bytes long, which are the fast ways.
template <int MaxBytes>
[[nodiscard]] inline bool readUnsigned(Cursor& cursor, std::uint64_t& value) noexcept {
  if (cursor.at < cursor.end && static_cast<std::uint8_t>(*cursor.at) < 0x80) [[likely]] {
    value = static_cast<std::uint64_t>(*cursor.at++);
    return true;
  }
  if (cursor.remaining() >= 2 && static_cast<std::uint8_t>(cursor.at[1]) < 0x80) {
    value = (static_cast<std::uint64_t>(cursor.at[0]) & 0x7F) | static_cast<std::uint64_t>(cursor.at[1]) << 7;
    cursor.at += 2;
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

/// As readUnsigned, where MaxBytes bytes may be looked at whatever is in them.
template <int MaxBytes>
[[nodiscard]] [[gnu::always_inline]] inline bool readUnsignedOpen(const std::byte*& at, std::uint64_t& value) noexcept {
  static_assert(MaxBytes >= 3);
  const auto byte = [&at](int i) { return static_cast<std::uint64_t>(at[i]); };
  if (byte(0) < 0x80) {
    value = byte(0);
    at += 1;
    return true;
  }
  if (byte(1) < 0x80) {
    value = (byte(0) & 0x7F) | byte(1) << 7;
    at += 2;
    return true;
  }
  if (byte(2) < 0x80) {
    value = (byte(0) & 0x7F) | (byte(1) & 0x7F) << 7 | byte(2) << 14;
    at += 3;
    return true;
  }
  Cursor cursor{at, at + MaxBytes};
  if (!readUnsigned<MaxBytes>(cursor, value)) return false;
  at = cursor.at;
  return true;
}
[[nodiscard]] [[gnu::always_inline]] inline bool readInt32Open(const std::byte*& at, std::int32_t& value) noexcept {
  std::uint64_t raw = 0;
  if (!readUnsignedOpen<5>(at, raw)) return false;
  value = static_cast<std::int32_t>(unzigzag(raw & 0xFFFFFFFFU));
  return true;
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

/// What is kept of a record that is passed over.
struct Outline {
  std::int64_t timestampDelta = 0;
  std::int32_t offsetDelta = 0;
  bool hasKey = false;
};

/// Passes over the fields of a record, which must end exactly where the cursor does.
[[nodiscard]] inline bool readOutline(Cursor cursor, Outline& outline) noexcept {
  std::int32_t headers = 0;
  std::optional<BytesView> key;
  std::optional<BytesView> value;
  if (cursor.at == cursor.end) return false;
  ++cursor.at;  // attributes: no bit of them is in use
  if (!readInt64(cursor, outline.timestampDelta) || !readInt32(cursor, outline.offsetDelta) || !readNullableBytes(cursor, key) ||
      !readNullableBytes(cursor, value) || !readInt32(cursor, headers) || headers < 0)
    return false;
  outline.hasKey = key.has_value();
  RecordHeader header;
  for (; headers > 0; --headers)
    if (!decodeHeader(cursor, header)) return false;
  return cursor.at == cursor.end;
}

/// The end of the record at `at`, every field of which was checked; null when it is damaged or goes beyond `end`. As long as
/// the fields in front of the value must lie before `end`, only the value and the end are held against anything: `at`
/// never goes back, so a field that left the record is seen by where the record ends.
[[nodiscard]] [[gnu::always_inline]] inline const std::byte* passRecord(const std::byte* at, const std::byte* end, Outline& outline) noexcept {
  constexpr std::ptrdiff_t kInFront = 5 + 1 + 10 + 5 + 5;  // length, attributes, timestamp, offset, key's length
  std::int32_t length = 0;
  if (end - at < kInFront) [[unlikely]] {
    Cursor cursor{at, end};
    if (!readInt32(cursor, length) || length < 0 || cursor.remaining() < static_cast<std::size_t>(length)) return nullptr;
    cursor.end = cursor.at + length;
    return readOutline(cursor, outline) ? cursor.end : nullptr;
  }
  if (!readInt32Open(at, length) || length < 0 || end - at < length) return nullptr;
  const std::byte* const recordEnd = at + length;
  ++at;  // attributes: no bit of them is in use
  std::uint64_t timestamp = 0;
  std::int32_t keyLength = 0;
  if (!readUnsignedOpen<10>(at, timestamp) || !readInt32Open(at, outline.offsetDelta) || !readInt32Open(at, keyLength)) return nullptr;
  outline.timestampDelta = unzigzag(timestamp);
  outline.hasKey = keyLength >= 0;
  if (keyLength > 0) {
    if (recordEnd - at < keyLength) return nullptr;
    at += keyLength;
  } else if (keyLength < -1) {
    return nullptr;
  }
  if (at > recordEnd) return nullptr;
  Cursor cursor{at, recordEnd};
  std::optional<BytesView> value;
  std::int32_t headers = 0;
  if (!readNullableBytes(cursor, value) || !readInt32(cursor, headers) || headers < 0) return nullptr;
  RecordHeader header;
  for (; headers > 0; --headers)
    if (!decodeHeader(cursor, header)) return nullptr;
  return cursor.at == recordEnd ? recordEnd : nullptr;
}

}  // namespace klamm::record
