#include "protocol/stored_record.h"

#include <array>

#include "base/bytes.h"

namespace klamm::protocol {

Result<std::int16_t> storedPrefix(BytesView bytes) {
  if (bytes.size() < sizeof(std::int16_t)) {
    return fail(ErrorCode::MalformedResponse, "a stored record of " + std::to_string(bytes.size()) + " bytes has no version");
  }
  return loadBigEndian<std::int16_t>(bytes.data());
}

Result<Buffer> encodeStored(ConstMessage message, std::int16_t prefix, std::int16_t version) {
  std::array<std::byte, sizeof(std::int16_t)> bytes;
  storeBigEndian(bytes.data(), prefix);
  const Encodable one{message, version};
  KLAMM_TRY_ASSIGN(const Parts parts, encodeAll({&one, 1}, {.prefix = bytes, .contiguous = true}));
  return parts.buffer();
}

Result<Buffer> encodeMetadataFrame(ConstMessage message, std::int16_t version) {
  std::array<std::byte, 9> bytes;
  std::byte* end = storeVarint(bytes.data(), kMetadataFrameVersion);
  end = storeVarint(end, static_cast<std::uint64_t>(message.info->key));
  end = storeVarint(end, static_cast<std::uint64_t>(version));
  const Encodable one{message, version};
  KLAMM_TRY_ASSIGN(const Parts parts, encodeAll({&one, 1}, {.prefix = {bytes.data(), end}, .contiguous = true}));
  return parts.buffer();
}

Result<MetadataFrame> parseMetadataFrame(const Buffer& bytes) {
  constexpr std::uint32_t kMaxInt16 = 32767;
  ByteReader reader(bytes);
  const auto frame = reader.readVarint32();
  const auto type = reader.readVarint32();
  const auto version = reader.readVarint32();
  if (!frame || !type || !version || *type > kMaxInt16 || *version > kMaxInt16) {
    return fail(ErrorCode::MalformedResponse, "a metadata record of " + std::to_string(bytes.size()) + " bytes has no valid frame");
  }
  if (*frame != kMetadataFrameVersion) {
    return fail(ErrorCode::UnsupportedVersion, "a metadata record with frame version " + std::to_string(*frame));
  }
  return MetadataFrame{static_cast<std::int16_t>(*type), static_cast<std::int16_t>(*version), bytes.slice(reader.position())};
}

}  // namespace klamm::protocol
