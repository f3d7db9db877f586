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

/// Every length of the message in this version, in the order of its bytes.
[[nodiscard]] std::vector<Length> lengthsOf(protocol::ConstMessage message, std::int16_t version);
/// What a decoder must refuse in place of this length: null where there is none, less than null, the largest, and one
/// more than there are bytes behind it.
[[nodiscard]] std::vector<Claim> liesAbout(const Length& length, std::size_t index);
/// The bytes of the message with at most one length changed. The sizes of tagged fields around it stay right, so that a
/// reader gets as far as the lie.
[[nodiscard]] std::vector<std::byte> encodeWith(protocol::ConstMessage message, std::int16_t version, const std::optional<Claim>& claim);

}  // namespace klamm::hostile
