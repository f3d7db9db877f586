#pragma once
// What Kafka stores: messages behind a few bytes that say which one follows and in which version.
//
//     value of a group, offset, transaction or share record, consumer protocol, control record key and marker,
//     producer snapshot:             | int16 version | message in that version |
//     key of a coordinator's record: | int16 record type | message, version 0 |
//     cluster metadata record:       | varint frame version 1 | varint record type | varint version | message |

#include <cstdint>

#include "protocol/codec.h"

namespace klamm::protocol {

inline constexpr std::uint32_t kMetadataFrameVersion = 1;

/// What a cluster metadata record says before its fields.
struct MetadataFrame {
  std::int16_t type = 0;  ///< M::kApiKey of the message.
  std::int16_t version = 0;
  Buffer body = {};
};

/// The int16 in front of a versioned value, or the record type in front of a coordinator's key.
[[nodiscard]] Result<std::int16_t> storedPrefix(BytesView bytes);
[[nodiscard]] Result<Buffer> encodeStored(ConstMessage message, std::int16_t prefix, std::int16_t version);
[[nodiscard]] Result<Buffer> encodeMetadataFrame(ConstMessage message, std::int16_t version);
[[nodiscard]] Result<MetadataFrame> parseMetadataFrame(const Buffer& bytes);

/// How a reader treats a value of a version newer than it knows.
enum class NewerVersions : std::uint8_t {
  Refuse,
  ReadAsNewest,  ///< Later versions only add at the end (consumer protocol).
};

template <class M>
[[nodiscard]] Result<Buffer> encodeVersioned(const M& message, std::int16_t version) {
  return encodeStored(asMessage(message), version, version);
}

template <class M>
[[nodiscard]] Result<M> decodeVersioned(const Buffer& bytes, NewerVersions newer = NewerVersions::Refuse) {
  KLAMM_TRY_ASSIGN(std::int16_t version, storedPrefix(bytes));
  if (newer == NewerVersions::ReadAsNewest && version > M::kVersions.last) version = M::kVersions.last;
  return decode<M>(bytes.slice(sizeof(std::int16_t)), version);
}

/// Key of a group, offset, transaction or share record: its type stands where a value has its version.
template <class M>
[[nodiscard]] Result<Buffer> encodeKey(const M& key) {
  return encodeStored(asMessage(key), M::kApiKey, 0);
}

/// `bytes` must be a key of this type: ask storedPrefix() first.
template <class M>
[[nodiscard]] Result<M> decodeKey(const Buffer& bytes) {
  KLAMM_TRY_ASSIGN(const std::int16_t type, storedPrefix(bytes));
  if (type != M::kApiKey) {
    return fail(ErrorCode::MalformedResponse, std::string(M::kInfo.name) + ": the record is of type " + std::to_string(type));
  }
  return decode<M>(bytes.slice(sizeof(std::int16_t)), 0);
}

template <class M>
[[nodiscard]] Result<Buffer> encodeMetadata(const M& record, std::int16_t version) {
  return encodeMetadataFrame(asMessage(record), version);
}

/// `frame` must be of this type: look at frame.type first.
template <class M>
[[nodiscard]] Result<M> decodeMetadata(const MetadataFrame& frame) {
  return decode<M>(frame.body, frame.version);
}

}  // namespace klamm::protocol
