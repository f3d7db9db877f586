#pragma once
// Messages whose lengths lie: every length of a message, found from its schema, can be written as something else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/codec.h"

namespace klamm::hostile {

enum class LengthKind : std::uint8_t { Array, Text, Bytes, Records, TagCount, TagSize };

/// One length in an encoded message.
struct Length {
  std::string path = {};  ///< "topics[0].partitions"
  LengthKind kind = LengthKind::Array;
  bool compact = false;   ///< an unsigned varint of the length and one; tag sections: of the length itself
  bool nullable = false;
  std::int64_t honest = 0;
  std::size_t behind = 0; ///< bytes of the message behind the length
};

/// What is written in place of one length. In its place the varint of a compact length may have six bytes.
struct Claim {
  std::size_t length = 0;  ///< which, in the order of lengthsOf()
  std::int64_t value = 0;  ///< -1 is null
  bool endlessVarint = false;
  [[nodiscard]] std::string toString() const { return endlessVarint ? "a varint of six bytes" : std::to_string(value); }
};

/// One number that becomes another, as far as its type goes.
struct NumberChange {
  std::size_t which = 0;  ///< in the order of the bytes; lengths are not counted
  std::int64_t value = 0;
};

/// What an encoded message says other than the message itself.
struct Changes {
  std::optional<Claim> claim = {};
  std::optional<NumberChange> number = {};
  std::optional<std::pair<std::int64_t, std::int64_t>> port = {};  ///< from and to, in every field of that name
};

/// Every length of the message in this version, in the order of its bytes.
[[nodiscard]] std::vector<Length> lengthsOf(protocol::ConstMessage message, std::int16_t version);
/// The path of every number.
[[nodiscard]] std::vector<std::string> numbersOf(protocol::ConstMessage message, std::int16_t version);
/// `value` as near as a number of this kind gets to it.
[[nodiscard]] std::int64_t limitedTo(protocol::NumberKind kind, std::int64_t value) noexcept;
/// What a decoder must refuse in place of this length: null where there is none, less than null, the largest, and one
/// more than there are bytes behind it.
[[nodiscard]] std::vector<Claim> liesAbout(const Length& length, std::size_t index);
/// The bytes of the message with these changes. The sizes of tagged fields around a lie stay right, so that a reader gets
/// as far as the lie.
[[nodiscard]] std::vector<std::byte> encodeWith(protocol::ConstMessage message, std::int16_t version, const Changes& changes = {});

}  // namespace klamm::hostile
