#pragma once
// Messages to bytes, bytes to messages, messages to text. The templates only hand over M::kInfo; the code behind them
// exists once.
//
//     flexible:      | regular fields ... | count of tags | tag, size, value | tag, size, value | ...
//     not flexible:  | regular fields ... |

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/parts.h"
#include "base/result.h"
#include "protocol/visitor.h"

namespace klamm::protocol {

/// A message of a type known at run time.
struct ConstMessage {
  const void* object;
  const MessageInfo* info;
};
struct MutableMessage {
  void* object;
  const MessageInfo* info;
};

/// A message and the version that it is to be written in.
struct Encodable {
  ConstMessage message;
  std::int16_t version;
};

/// What stands before the encoded messages.
struct EncodeOptions {
  BytesView prefix = {};        ///< Written first, as it is.
  bool sizePrefix = false;      ///< An int32 with the size of all that follows, before everything else.
  bool contiguous = false;      ///< One slice, even if that means to copy records.
};

/// Several messages behind one another: one allocation for all that is not spliced in by reference.
[[nodiscard]] Result<Parts> encodeAll(std::span<const Encodable> messages, const EncodeOptions& options = {});
[[nodiscard]] Result<std::uint64_t> encodedSize(ConstMessage message, std::int16_t version);
/// Fills `message`, which must be new, from the start of `bytes`; returns how many bytes it took.
[[nodiscard]] Result<std::size_t> decodeInto(MutableMessage message, const Buffer& bytes, std::int16_t version);
/// Every field, whatever the version: for logs and test failures.
[[nodiscard]] std::string toString(ConstMessage message);
/// The fields of one version, with the names, order and forms of Kafka's own JSON converters.
[[nodiscard]] std::string toJson(ConstMessage message, std::int16_t version);

template <class M>
[[nodiscard]] ConstMessage asMessage(const M& message) noexcept { return {&message, &M::kInfo}; }

/// Fails with UnsupportedVersion when the version is not one of the message's, or cannot carry a value that it holds
/// (the error names message, field, version). Records are passed by reference.
template <class M>
[[nodiscard]] Result<Parts> encode(const M& message, std::int16_t version) {
  const Encodable one{asMessage(message), version};
  return encodeAll({&one, 1});
}

/// The same as one slice, for what is stored.
template <class M>
[[nodiscard]] Result<Buffer> encodeToBuffer(const M& message, std::int16_t version) {
  const Encodable one{asMessage(message), version};
  KLAMM_TRY_ASSIGN(const Parts parts, encodeAll({&one, 1}, {.contiguous = true}));
  return parts.buffer();
}

template <class M>
[[nodiscard]] Result<std::uint64_t> encodedSize(const M& message, std::int16_t version) {
  return encodedSize(asMessage(message), version);
}

template <class M>
struct Decoded {
  M message = {};
  std::size_t bytesRead = 0;  ///< What lies behind is not part of the message.
};

/// Fails naming message, version, field and byte offset: InvalidRequest for a request, MalformedResponse for the rest.
/// `bytes` and `records` of the message are slices of `bytes`; its own memory is bounded by decode_limits.h.
template <class M>
[[nodiscard]] Result<Decoded<M>> decodePrefix(const Buffer& bytes, std::int16_t version) {
  Decoded<M> decoded;
  KLAMM_TRY_ASSIGN(decoded.bytesRead, decodeInto({&decoded.message, &M::kInfo}, bytes, version));
  return decoded;
}

/// As decodePrefix; surplus bytes behind the message are ignored, as Kafka's broker does.
template <class M>
[[nodiscard]] Result<M> decode(const Buffer& bytes, std::int16_t version) {
  M message;
  KLAMM_TRY(decodeInto({&message, &M::kInfo}, bytes, version));
  return message;
}

template <class M>
[[nodiscard]] std::string toString(const M& message) { return toString(asMessage(message)); }
template <class M>
[[nodiscard]] std::string toJson(const M& message, std::int16_t version) { return toJson(asMessage(message), version); }

}  // namespace klamm::protocol
