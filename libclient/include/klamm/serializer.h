#pragma once
// Between C++ types and bytes. Built in, with the bytes of Kafka's own serialisers: text, bytes, bool, integers and
// floating point numbers in big-endian order. Any other type takes a Serializer or Deserializer object.

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <klamm/bytes.h>
#include <klamm/headers.h>

namespace [[gnu::visibility("default")]] klamm {

/// Turns a key or value into bytes; pass it in ProducerOptions.
///
///     struct OrderSerializer : klamm::Serializer<Order> {
///       void serialize(std::string_view, std::span<const klamm::Header>, const Order& order, klamm::Bytes& out) override;
///     };
///
/// `out` is empty at the call and is reused by the next one. To fail, throw; send() passes the exception on.
/// Threading: called from every thread that sends, also at once.
template <class T>
class Serializer {
 public:
  virtual ~Serializer() = default;
  virtual void serialize(std::string_view topic, std::span<const Header> headers, const T& value, Bytes& out) = 0;
};

/// Turns bytes into a key or value; pass it in ConsumerOptions. Null never gets here: it is std::nullopt in the record.
/// To fail, throw; the exception comes out of the iteration over the records. Threading: called from every thread that iterates
/// over a ConsumerRecords, also at once.
template <class T>
class Deserializer {
 public:
  virtual ~Deserializer() = default;
  [[nodiscard]] virtual T deserialize(std::string_view topic, const HeadersView& headers, BytesView bytes) = 0;
};

namespace detail {

template <class T>
concept WireNumber = std::same_as<T, bool> || std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t> ||
                     std::same_as<T, std::int64_t> || std::same_as<T, float> || std::same_as<T, double>;

template <class T>
concept WireBytes = std::same_as<T, std::string> || std::same_as<T, std::string_view> || std::same_as<T, BytesView> || std::same_as<T, Bytes>;

/// Types that need no Serializer or Deserializer object.
template <class T>
concept BuiltInSerializable = WireNumber<T> || WireBytes<T>;

template <std::size_t Size>
struct UnsignedOfSize;
template <> struct UnsignedOfSize<1> { using type = std::uint8_t; };
template <> struct UnsignedOfSize<2> { using type = std::uint16_t; };
template <> struct UnsignedOfSize<4> { using type = std::uint32_t; };
template <> struct UnsignedOfSize<8> { using type = std::uint64_t; };

/// Room for a number while it is being sent.
using NumberBytes = std::array<std::byte, 8>;

/// The bytes of `value`: a view into it, or into `room` for a number. Never allocates.
template <BuiltInSerializable T>
[[nodiscard]] BytesView builtInBytes(const T& value, NumberBytes& room) noexcept {
  if constexpr (std::same_as<T, BytesView> || std::same_as<T, Bytes>) {
    return {value.data(), value.size()};
  } else if constexpr (WireBytes<T>) {
    return asBytes(value);
  } else {
    using Unsigned = typename UnsignedOfSize<sizeof(T)>::type;
    Unsigned bits = 0;
    if constexpr (std::same_as<T, bool>) bits = value ? 1 : 0;
    else bits = std::bit_cast<Unsigned>(value);
    for (std::size_t i = sizeof(T); i-- > 0;) {
      room[i] = static_cast<std::byte>(bits & 0xFF);
      if constexpr (sizeof(T) > 1) bits = static_cast<Unsigned>(bits >> 8);
    }
    return {room.data(), sizeof(T)};
  }
}

/// The value of these bytes; nullopt when a number has the wrong size. Views point into `bytes`.
template <BuiltInSerializable T>
[[nodiscard]] std::optional<T> builtInValue(BytesView bytes) {
  if constexpr (std::same_as<T, BytesView>) {
    return bytes;
  } else if constexpr (std::same_as<T, Bytes>) {
    return Bytes(bytes.begin(), bytes.end());
  } else if constexpr (WireBytes<T>) {
    return T(asText(bytes));
  } else {
    if (bytes.size() != sizeof(T)) return std::nullopt;
    using Unsigned = typename UnsignedOfSize<sizeof(T)>::type;
    Unsigned bits = 0;
    for (const std::byte byte : bytes) {
      if constexpr (sizeof(T) > 1) bits = static_cast<Unsigned>(bits << 8);
      bits = static_cast<Unsigned>(bits | static_cast<Unsigned>(byte));
    }
    if constexpr (std::same_as<T, bool>) {
      if (bits > 1) return std::nullopt;
      return bits == 1;
    } else {
      return std::bit_cast<T>(bits);
    }
  }
}

}  // namespace detail
}  // namespace klamm
