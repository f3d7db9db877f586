#include "record/batch_builder.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "base/bytes.h"

namespace klamm::record {
namespace {

constexpr std::size_t kLargestBatch = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kSmallestMemory = 512;
constexpr float kSafetyFactor = 1.05F;  // Kafka's allowance for an estimate that is too good

/// Bytes of a length's zigzag varint: the lengths below 2^31 that pass append() take one to five.
std::size_t lengthSize(std::size_t length) noexcept {
  if (length < (1U << 6)) return 1;
  if (length < (1U << 13)) return 2;
  if (length < (1U << 20)) return 3;
  return length < (1U << 27) ? 4 : 5;
}

std::size_t fieldSize(const std::optional<BytesView>& bytes) noexcept {
  return bytes ? lengthSize(bytes->size()) + bytes->size() : 1;
}

std::size_t headersSize(std::span<const RecordHeader> headers) noexcept {
  std::size_t size = lengthSize(headers.size());
  for (const RecordHeader& header : headers) size += fieldSize(asBytes(header.key)) + fieldSize(header.value);
  return size;
}

std::byte* storeLength(std::byte* to, std::size_t length) noexcept {
  if (length < 64) [[likely]] {
    *to = static_cast<std::byte>(length << 1);
    return to + 1;
  }
  if (length < (1U << 13)) [[likely]] {
    to[0] = static_cast<std::byte>(length << 1 | 0x80);
    to[1] = static_cast<std::byte>(length >> 6);
    return to + 2;
  }
  return storeVarint(to, zigzag(static_cast<std::int64_t>(length)));
}

std::byte* storeField(std::byte* to, const std::optional<BytesView>& bytes) noexcept {
  if (!bytes) {
    *to = std::byte{1};  // zigzag(-1)
    return to + 1;
  }
  to = storeLength(to, bytes->size());
  if (!bytes->empty()) std::memcpy(to, bytes->data(), bytes->size());
  return to + bytes->size();
}

/// A timestamp difference as the record stores it; unsigned, since timestamps come from applications.
std::int64_t difference(std::int64_t later, std::int64_t earlier) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier));
}

std::int16_t attributesOf(const BatchFields& fields) noexcept {
  int attributes = static_cast<int>(fields.compression.type);
  if (fields.logAppendTime) attributes |= BatchHeader::kTimestampTypeFlag;
  if (fields.transactional) attributes |= BatchHeader::kTransactionalFlag;
  if (fields.control) attributes |= BatchHeader::kControlFlag;
  return static_cast<std::int16_t>(attributes);
}

}  // namespace

BatchMemory BatchMemory::allocate(std::size_t capacity) {
  auto memory = std::make_shared_for_overwrite<std::byte[]>(capacity);
  std::byte* const first = memory.get();
  return {std::shared_ptr<std::byte>(std::move(memory), first), capacity};
}

void CompressionRatio::observe(float observed) noexcept {
  constexpr float worsening = 0.05F;
  constexpr float improving = 0.005F;
  ratio_ = observed > ratio_ ? std::max(ratio_ + worsening, observed) : std::max(ratio_ - improving, observed);
}

std::size_t maxRecordSize(const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                          std::span<const RecordHeader> headers) noexcept {
  constexpr std::size_t length = 5;
  constexpr std::size_t attributes = 1;
  constexpr std::size_t timestampDelta = 10;
  constexpr std::size_t offsetDelta = 5;
  return length + attributes + timestampDelta + offsetDelta + fieldSize(key) + fieldSize(value) + headersSize(headers);
}

std::byte* BatchBuilder::grow(std::size_t needed) {
  const std::size_t larger = std::min(std::max({needed, memory_.capacity * 2, kSmallestMemory}), kLargestBatch + BatchHeader::kLogOverhead);
  moveTo(BatchMemory::allocate(larger));
  return memory_.bytes.get() + size_;
}

void BatchBuilder::moveTo(BatchMemory memory) noexcept {
  if (count_ != 0) std::memcpy(memory.bytes.get() + BatchHeader::kSize, memory_.bytes.get() + BatchHeader::kSize, size_ - BatchHeader::kSize);
  memory_ = std::move(memory);
}

bool BatchBuilder::append(std::int64_t timestamp, const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                          std::span<const RecordHeader> headers) {
  const std::int64_t base = count_ == 0 ? timestamp : baseTimestamp_;
  const std::uint64_t timestampDelta = zigzag(difference(timestamp, base));
  const std::uint64_t offsetDelta = zigzag(count_);
  const std::size_t body = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + fieldSize(key) + fieldSize(value) +
                           (headers.empty() ? 1 : headersSize(headers));
  const std::size_t whole = lengthSize(body) + body;
  if (whole > kLargestBatch - size_ || count_ == std::numeric_limits<std::int32_t>::max()) return false;

  std::byte* at = reserve(whole);
  at = storeLength(at, body);
  *at++ = std::byte{0};  // attributes
  at = storeVarint(at, timestampDelta);
  at = storeVarint(at, offsetDelta);
  at = storeField(at, key);
  at = storeField(at, value);
  if (headers.empty()) {
    *at = std::byte{0};
  } else {
    at = storeLength(at, headers.size());
    for (const RecordHeader& header : headers) {
      at = storeField(at, asBytes(header.key));
      at = storeField(at, header.value);
    }
  }
  size_ += whole;
  baseTimestamp_ = base;
  maxTimestamp_ = count_ == 0 ? timestamp : std::max(maxTimestamp_, timestamp);
  ++count_;
  return true;
}

bool BatchBuilder::appendControl(std::int64_t timestamp, ControlRecordType type, BytesView value) {
  return append(timestamp, ControlRecordKey{0, type}.encode(), value);
}

std::size_t BatchBuilder::compressedSize(float ratio) const noexcept {
  if (isCompressed_) return size_;
  const auto records = static_cast<float>(size_ - BatchHeader::kSize);
  return BatchHeader::kSize + static_cast<std::size_t>(records * ratio * kSafetyFactor);
}

Status BatchBuilder::compress(Compression how, const MemorySource& source) {
  thread_local std::vector<std::byte> compressed;
  compressed.clear();
  const BytesView records(memory_.bytes.get() + BatchHeader::kSize, size_ - BatchHeader::kSize);
  KLAMM_TRY(compress::compress(how, records, compressed));
  const std::size_t size = BatchHeader::kSize + compressed.size();
  if (source || size > memory_.capacity) {
    BatchMemory memory = source ? source(size) : BatchMemory::allocate(size);
    memory_ = std::move(memory);  // lets go of what `records` looks at
  }
  std::memcpy(memory_.bytes.get() + BatchHeader::kSize, compressed.data(), compressed.size());
  ratio_ = static_cast<float>(compressed.size()) / static_cast<float>(records.size());
  isCompressed_ = true;
  size_ = size;
  constexpr std::size_t kept = 4 << 20;
  if (compressed.capacity() > kept) std::vector<std::byte>().swap(compressed);
  return {};
}

Result<Buffer> BatchBuilder::close(const BatchFields& fields, CompressionRatio* observed) {
  static_cast<void>(reserve(0));  // an empty batch needs memory for its header
  if (fields.compression.type != CompressionType::None && count_ > 0) {
    if (!isCompressed_) KLAMM_TRY(compress(fields.compression));
    if (observed != nullptr) observed->observe(ratio_);
  }
  BatchHeader header;
  header.baseOffset = fields.baseOffset;
  header.batchLength = static_cast<std::int32_t>(size_ - BatchHeader::kLogOverhead);
  header.partitionLeaderEpoch = fields.partitionLeaderEpoch;
  header.attributes = attributesOf(fields);
  header.lastOffsetDelta = std::max(count_ - 1, 0);
  header.baseTimestamp = baseTimestamp_;
  header.maxTimestamp = fields.logAppendTime.value_or(maxTimestamp_);
  header.producerId = fields.producerId;
  header.producerEpoch = fields.producerEpoch;
  header.baseSequence = fields.baseSequence;
  header.count = count_;

  const std::span<std::byte> batch(memory_.bytes.get(), size_);
  header.store(batch.data());
  updateCrc(batch);
  Buffer buffer(std::move(memory_.bytes), batch);
  *this = BatchBuilder();
  return buffer;
}

Buffer controlBatch(ControlRecordType type, BytesView value, std::int64_t timestamp, const BatchFields& fields) {
  BatchBuilder builder;
  // A control value is a few dozen bytes; that it does not fit is not possible, and no codec can fail without one.
  if (!builder.appendControl(timestamp, type, value)) return {};
  BatchFields control = fields;
  control.control = true;
  control.compression = {};
  return builder.close(control).value_or(Buffer());
}

Buffer withProducerState(const Buffer& batch, std::int64_t producerId, std::int16_t epoch, std::int32_t baseSequence) {
  auto memory = std::make_shared_for_overwrite<std::byte[]>(batch.size());
  const std::span<std::byte> bytes(memory.get(), batch.size());
  std::memcpy(bytes.data(), batch.data(), batch.size());
  setProducerState(bytes, producerId, epoch, baseSequence);
  return {std::move(memory), bytes};
}

}  // namespace klamm::record
