#pragma once
// What must hold of every message that decodes.

#include "fuzz/fuzz.h"
#include "unit/protocol/random_message.h"

namespace klamm::fuzz {

/// Decodes `body`; what was decoded must encode, to as many bytes as was said, and decode to the same again.
inline void roundTrip(const protocol::MessageInfo& info, const Buffer& body, std::int16_t version) {
  protocol::test::AnyMessage message(info);
  const auto read = protocol::decodeInto(message.get(), body, version);
  if (!read) return demandTyped(read.error());
  demand(*read <= body.size(), "read beyond the end:", info.name);

  const protocol::ConstMessage decoded = std::as_const(message).get();
  const auto size = protocol::encodedSize(decoded, version);
  const auto bytes = protocol::test::encodeAny(decoded, version);
  demand(bytes.has_value(), "what was decoded does not encode:", info.name);
  demand(size && *size == bytes->size(), "the size is not that of the bytes:", info.name);

  protocol::test::AnyMessage again(info);
  const auto readAgain = protocol::decodeInto(again.get(), *bytes, version);
  demand(readAgain && *readAgain == bytes->size(), "what was encoded does not decode:", info.name);
  // Texts, because a float64 may be not a number, which equals nothing.
  demand(protocol::toString(decoded) == protocol::toString(std::as_const(again).get()), "decodes to something else:", info.name);
  const auto bytesAgain = protocol::test::encodeAny(std::as_const(again).get(), version);
  demand(bytesAgain && *bytesAgain == *bytes, "encodes to something else:", info.name);
  demand(!protocol::toJson(decoded, version).empty(), "has no JSON:", info.name);
}

}  // namespace klamm::fuzz
