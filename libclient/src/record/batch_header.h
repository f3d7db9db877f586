#pragma once
// The 61 bytes in front of every record batch (format v2), read, checked and patched in place.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "compress/codec.h"

namespace klamm::record {

using compress::Compression;
using compress::CompressionType;

enum class TimestampType : std::int8_t { CreateTime = 0, LogAppendTime = 1 };

inline constexpr std::int64_t kNoTimestamp = -1;
inline constexpr std::int64_t kNoProducerId = -1;
inline constexpr std::int16_t kNoProducerEpoch = -1;
inline constexpr std::int32_t kNoSequence = -1;
inline constexpr std::int32_t kNoPartitionLeaderEpoch = -1;

/// A sequence number `by` behind `sequence`: after 2^31-1 comes 0. A header that was not checked may hold any numbers.
[[nodiscard]] constexpr std::int32_t incrementSequence(std::int32_t sequence, std::int32_t by) noexcept {
  constexpr std::int64_t highest = 0x7FFFFFFF;
  const std::int64_t sum = std::int64_t{sequence} + by;
  return static_cast<std::int32_t>(sum > highest ? sum - highest - 1 : sum);
}

/// Format v2. All numbers are big-endian.
///
///      0  baseOffset            int64   \ patched by the broker;
///      8  batchLength           int32    | outside the CRC        counts the bytes from 12 on
///     12  partitionLeaderEpoch  int32   /
///     16  magic                 int8     2
///     17  crc                   uint32   CRC-32C of the bytes from 21 to the end
///     21  attributes            int16    0-2 codec | 3 timestamp type | 4 transactional | 5 control | 6 delete horizon
///     23  lastOffsetDelta       int32    offset of the last record - baseOffset
///     27  baseTimestamp         int64    the records' timestamps are relative to it (or: the delete horizon)
///     35  maxTimestamp          int64    largest timestamp, or the append time if bit 3 is set
///     43  producerId            int64    -1: not idempotent
///     51  producerEpoch         int16
///     53  baseSequence          int32
///     57  count                 int32    number of records
///     61  records, compressed as one block if the codec says so
///
/// Threading: a value.
struct BatchHeader {
  static constexpr std::size_t kSize = 61;
  static constexpr std::size_t kLogOverhead = 12;  ///< baseOffset and batchLength, which batchLength does not count
  static constexpr std::int8_t kMagic = 2;

  std::int64_t baseOffset = 0;
  std::int32_t batchLength = 0;
  std::int32_t partitionLeaderEpoch = kNoPartitionLeaderEpoch;
  std::int8_t magic = kMagic;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t lastOffsetDelta = 0;
  std::int64_t baseTimestamp = kNoTimestamp;
  std::int64_t maxTimestamp = kNoTimestamp;
  std::int64_t producerId = kNoProducerId;
  std::int16_t producerEpoch = kNoProducerEpoch;
  std::int32_t baseSequence = kNoSequence;
  std::int32_t count = 0;

  /// Reads the first 61 bytes. Fails with CorruptMessage if there are fewer or batchLength is below that of an empty
  /// batch, with UnsupportedForMessageFormat if the magic is not 2. The rest is not judged.
  [[nodiscard]] static Result<BatchHeader> parse(BytesView bytes);
  /// Writes the 61 bytes, the crc as it stands.
  void store(std::byte* to) const noexcept;

  /// Header and records, in bytes.
  [[nodiscard]] std::size_t sizeInBytes() const noexcept { return kLogOverhead + static_cast<std::size_t>(batchLength); }
  [[nodiscard]] std::int64_t lastOffset() const noexcept { return baseOffset + lastOffsetDelta; }
  [[nodiscard]] std::int64_t nextOffset() const noexcept { return lastOffset() + 1; }
  /// kNoSequence for a batch without a producer id.
  [[nodiscard]] std::int32_t lastSequence() const noexcept {
    return baseSequence == kNoSequence ? kNoSequence : incrementSequence(baseSequence, lastOffsetDelta);
  }
  /// The codec's number, 0 to 7, of which 5 to 7 are not assigned.
  [[nodiscard]] int compressionId() const noexcept { return attributes & kCompressionMask; }
  [[nodiscard]] TimestampType timestampType() const noexcept {
    return (attributes & kTimestampTypeFlag) != 0 ? TimestampType::LogAppendTime : TimestampType::CreateTime;
  }
  [[nodiscard]] bool isCompressed() const noexcept { return compressionId() != 0; }
  [[nodiscard]] bool isTransactional() const noexcept { return (attributes & kTransactionalFlag) != 0; }
  [[nodiscard]] bool isControl() const noexcept { return (attributes & kControlFlag) != 0; }
  [[nodiscard]] bool hasDeleteHorizon() const noexcept { return (attributes & kDeleteHorizonFlag) != 0; }
  [[nodiscard]] bool hasProducerId() const noexcept { return producerId > kNoProducerId; }

  static constexpr std::int16_t kCompressionMask = 0x07;
  static constexpr std::int16_t kTimestampTypeFlag = 0x08;
  static constexpr std::int16_t kTransactionalFlag = 0x10;
  static constexpr std::int16_t kControlFlag = 0x20;
  static constexpr std::int16_t kDeleteHorizonFlag = 0x40;

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

// Changing a finished batch in place. `batch` points at the batch's first byte.

/// Outside the CRC: costs a store.
inline void setBaseOffset(std::byte* batch, std::int64_t baseOffset) noexcept { storeBigEndian(batch, baseOffset); }
/// Outside the CRC: costs a store.
inline void setPartitionLeaderEpoch(std::byte* batch, std::int32_t epoch) noexcept { storeBigEndian(batch + 12, epoch); }
/// What a batch is told when it is appended to a log; the CRC stays right.
inline void stampOffsets(std::byte* batch, std::int64_t baseOffset, std::int32_t leaderEpoch) noexcept {
  setBaseOffset(batch, baseOffset);
  setPartitionLeaderEpoch(batch, leaderEpoch);
}
/// Sets maxTimestamp and the timestamp type and, if that changed anything, computes the CRC anew over the whole batch.
void setMaxTimestamp(std::span<std::byte> batch, TimestampType type, std::int64_t maxTimestamp) noexcept;
/// Sets producer id, epoch and first sequence and computes the CRC anew.
void setProducerState(std::span<std::byte> batch, std::int64_t producerId, std::int16_t epoch, std::int32_t baseSequence) noexcept;
/// Computes the CRC anew and stores it.
void updateCrc(std::span<std::byte> batch) noexcept;
/// The CRC that the header of this whole batch should carry.
[[nodiscard]] std::uint32_t computeCrc(BytesView batch) noexcept;

}  // namespace klamm::record
