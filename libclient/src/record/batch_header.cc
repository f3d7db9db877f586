#include "record/batch_header.h"

#include "base/crc32c.h"

namespace klamm::record {
namespace {

constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::size_t kProducerIdAt = 43;
constexpr std::size_t kProducerEpochAt = 51;
constexpr std::size_t kBaseSequenceAt = 53;

}  // namespace

Result<BatchHeader> BatchHeader::parse(BytesView bytes) {
  constexpr std::size_t upToMagic = 17;
  if (bytes.size() >= upToMagic) {
    const auto magic = static_cast<std::int8_t>(bytes[16]);
    if (magic < 0 || magic > kMagic)
      return fail(ErrorCode::CorruptMessage, "record batch has the invalid magic " + std::to_string(magic));
    if (magic < kMagic)
      return fail(ErrorCode::UnsupportedForMessageFormat, "record batch has magic " + std::to_string(magic) + ", of which only 2 is supported");
  }
  if (bytes.size() < kSize)
    return fail(ErrorCode::CorruptMessage, "record batch of " + std::to_string(bytes.size()) + " bytes is shorter than its header");
  const std::byte* at = bytes.data();
  BatchHeader header;
  header.baseOffset = loadBigEndian<std::int64_t>(at);
  header.batchLength = loadBigEndian<std::int32_t>(at + 8);
  header.partitionLeaderEpoch = loadBigEndian<std::int32_t>(at + 12);
  header.crc = loadBigEndian<std::uint32_t>(at + kCrcAt);
  header.attributes = loadBigEndian<std::int16_t>(at + kAttributesAt);
  header.lastOffsetDelta = loadBigEndian<std::int32_t>(at + 23);
  header.baseTimestamp = loadBigEndian<std::int64_t>(at + 27);
  header.maxTimestamp = loadBigEndian<std::int64_t>(at + kMaxTimestampAt);
  header.producerId = loadBigEndian<std::int64_t>(at + kProducerIdAt);
  header.producerEpoch = loadBigEndian<std::int16_t>(at + kProducerEpochAt);
  header.baseSequence = loadBigEndian<std::int32_t>(at + kBaseSequenceAt);
  header.count = loadBigEndian<std::int32_t>(at + 57);
  if (header.batchLength < static_cast<std::int32_t>(kSize - kLogOverhead))
    return fail(ErrorCode::CorruptMessage, "record batch claims a length of " + std::to_string(header.batchLength) + " bytes, less than its header");
  return header;
}

void BatchHeader::store(std::byte* to) const noexcept {
  storeBigEndian(to, baseOffset);
  storeBigEndian(to + 8, batchLength);
  storeBigEndian(to + 12, partitionLeaderEpoch);
  storeBigEndian(to + 16, magic);
  storeBigEndian(to + kCrcAt, crc);
  storeBigEndian(to + kAttributesAt, attributes);
  storeBigEndian(to + 23, lastOffsetDelta);
  storeBigEndian(to + 27, baseTimestamp);
  storeBigEndian(to + kMaxTimestampAt, maxTimestamp);
  storeBigEndian(to + kProducerIdAt, producerId);
  storeBigEndian(to + kProducerEpochAt, producerEpoch);
  storeBigEndian(to + kBaseSequenceAt, baseSequence);
  storeBigEndian(to + 57, count);
}

std::uint32_t computeCrc(BytesView batch) noexcept { return crc32c(batch.subspan(kAttributesAt)); }

void updateCrc(std::span<std::byte> batch) noexcept { storeBigEndian(batch.data() + kCrcAt, computeCrc(batch)); }

void setMaxTimestamp(std::span<std::byte> batch, TimestampType type, std::int64_t maxTimestamp) noexcept {
  const auto before = loadBigEndian<std::int16_t>(batch.data() + kAttributesAt);
  auto attributes = static_cast<std::int16_t>(before & ~BatchHeader::kTimestampTypeFlag);
  if (type == TimestampType::LogAppendTime) attributes = static_cast<std::int16_t>(attributes | BatchHeader::kTimestampTypeFlag);
  if (attributes == before && loadBigEndian<std::int64_t>(batch.data() + kMaxTimestampAt) == maxTimestamp) return;
  storeBigEndian(batch.data() + kAttributesAt, attributes);
  storeBigEndian(batch.data() + kMaxTimestampAt, maxTimestamp);
  updateCrc(batch);
}

void setProducerState(std::span<std::byte> batch, std::int64_t producerId, std::int16_t epoch, std::int32_t baseSequence) noexcept {
  storeBigEndian(batch.data() + kProducerIdAt, producerId);
  storeBigEndian(batch.data() + kProducerEpochAt, epoch);
  storeBigEndian(batch.data() + kBaseSequenceAt, baseSequence);
  updateCrc(batch);
}

}  // namespace klamm::record
