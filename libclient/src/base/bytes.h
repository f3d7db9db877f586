#pragma once
// Big-endian numbers, varints and bounds-checked reading: the alphabet of Kafka's wire and files.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/buffer.h"

namespace klamm {

template <std::integral T>
[[nodiscard]] constexpr T byteSwapped(T value) noexcept {
  if constexpr (sizeof(T) == 1) return value;
  else if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  else if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  else return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
}

template <std::integral T>
[[nodiscard]] T loadBigEndian(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return std::endian::native == std::endian::little ? byteSwapped(value) : value;
}

template <std::integral T>
void storeBigEndian(std::byte* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::little) value = byteSwapped(value);
  std::memcpy(to, &value, sizeof(T));
}

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}
/// Bytes that the unsigned varint of `value` takes: 1 to 10.
[[nodiscard]] constexpr std::size_t varintSize(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}
/// Writes the unsigned varint; returns the byte behind it. `to` must have room for varintSize(value) bytes.
inline std::byte* storeVarint(std::byte* to, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *to++ = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::byte>(value);
  return to;
}

/// Reads forward through bytes that a peer sent. Every read checks what remains; a failed read returns nullopt and
/// leaves the position where it was. Threading: one thread.
class ByteReader {
 public:
  explicit ByteReader(BytesView bytes) noexcept : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  template <std::integral T>
  [[nodiscard]] std::optional<T> read() noexcept {
    if (remaining() < sizeof(T)) return std::nullopt;
    const T value = loadBigEndian<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  [[nodiscard]] std::optional<BytesView> readBytes(std::size_t length) noexcept {
    if (remaining() < length) return std::nullopt;
    const BytesView view{at_, length};
    at_ += length;
    return view;
  }
  /// An unsigned varint of at most 5 bytes (32 bits).
  [[nodiscard]] std::optional<std::uint32_t> readVarint32() noexcept {
    const auto value = readVarintOf(5);
    if (!value || *value > 0xFFFFFFFFULL) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
  }
  /// An unsigned varint of at most 10 bytes (64 bits).
  [[nodiscard]] std::optional<std::uint64_t> readVarint64() noexcept { return readVarintOf(10); }

 private:
  [[nodiscard]] std::optional<std::uint64_t> readVarintOf(int maxBytes) noexcept {
    std::uint64_t value = 0;
    const std::byte* at = at_;
    for (int i = 0; i < maxBytes && at < end_; ++i) {
      const auto byte = static_cast<std::uint64_t>(*at++);
      value |= (byte & 0x7F) << (7 * i);
      if (byte < 0x80) {
        if (i == 9 && byte > 1) return std::nullopt;
        at_ = at;
        return value;
      }
    }
    return std::nullopt;
  }

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
};

/// Appends to a growing vector. Threading: one thread.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& out) noexcept : out_(out) {}

  template <std::integral T>
  void write(T value) {
    const std::size_t at = grow(sizeof(T));
    storeBigEndian(out_.data() + at, value);
  }
  void writeBytes(BytesView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void writeVarint(std::uint64_t value) {
    const std::size_t at = grow(varintSize(value));
    storeVarint(out_.data() + at, value);
  }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }

 private:
  std::size_t grow(std::size_t by) {
    const std::size_t at = out_.size();
    out_.resize(at + by);
    return at;
  }
  std::vector<std::byte>& out_;
};

}  // namespace klamm
