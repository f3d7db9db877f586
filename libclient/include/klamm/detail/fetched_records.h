#pragma once
// What poll() hands out: runs of encoded records that were checked, and the memory they lie in.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/record.h>

namespace [[gnu::visibility("default")]] klamm {
namespace detail {

/// Consecutive records of one batch, whose layout was checked before they got here, so that reading them needs no checks:
///
///     first ->| record | record | ... count of them                     (record batch v2, decompressed)
///
/// Threading: immutable.
struct RecordRun {
  const std::byte* first = nullptr;
  std::int32_t count = 0;
  std::int32_t leaderEpoch = -1;
  std::int64_t baseOffset = 0;
  std::int64_t baseTimestamp = 0;
  bool logAppendTime = false;  ///< all records have baseTimestamp
};

/// One partition's share of a poll. Threading: immutable.
struct PartitionRun {
  std::shared_ptr<const TopicPartition> partition = {};
  std::size_t firstRun = 0;
  std::size_t runCount = 0;
  std::size_t count = 0;
  OffsetAndMetadata next = {};  ///< the position behind these records
};

/// Everything one poll() returned, without types. Threading: immutable once poll() has returned it.
struct FetchedRecords {
  std::vector<PartitionRun> partitions = {};
  std::vector<RecordRun> runs = {};
  std::vector<std::shared_ptr<const void>> owners = {};  ///< the memory that the runs point into
  std::size_t count = 0;
};

/// The raw fields of one record; the offset and timestamp are finished.
struct RawRecord {
  std::int64_t offset;
  std::int64_t timestamp;
  const std::byte* key;
  std::int32_t keySize;  ///< -1: null
  const std::byte* value;
  std::int32_t valueSize;  ///< -1: null
  const std::byte* headers;
  std::int32_t headerCount;
  const std::byte* end;
};

/// An unsigned varint whose end is known to lie inside the bytes.
[[nodiscard]] inline std::uint64_t trustedUnsigned(const std::byte*& at) noexcept {
  const auto first = static_cast<std::uint64_t>(*at++);
  if (first < 0x80) return first;
  std::uint64_t value = first & 0x7F;
  const auto second = static_cast<std::uint64_t>(*at++);
  value |= (second & 0x7F) << 7;
  if (second < 0x80) [[likely]] return value;
  for (int shift = 14; shift < 64; shift += 7) {
    const auto byte = static_cast<std::uint64_t>(*at++);
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return value;
}
[[nodiscard]] inline std::int64_t trustedInt64(const std::byte*& at) noexcept {
  const std::uint64_t value = trustedUnsigned(at);
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}
/// Surplus bits of a fifth byte are dropped, exactly as by the check that these bytes have passed.
[[nodiscard]] inline std::int32_t trustedInt32(const std::byte*& at) noexcept {
  const auto value = static_cast<std::uint32_t>(trustedUnsigned(at));
  return static_cast<std::int32_t>(value >> 1) ^ -static_cast<std::int32_t>(value & 1);
}

/// The record behind `at`.
[[nodiscard]] inline const std::byte* recordEnd(const std::byte* at) noexcept {
  const std::int32_t length = trustedInt32(at);
  return at + length;
}

/// Decodes the record at `at`, which belongs to `run`.
[[nodiscard]] inline RawRecord decodeRecord(const RecordRun& run, const std::byte* at) noexcept {
  RawRecord record;
  const std::int32_t length = trustedInt32(at);
  record.end = at + length;
  ++at;  // attributes: none are defined
  const auto timestampDelta = static_cast<std::uint64_t>(trustedInt64(at));
  record.timestamp =
      run.logAppendTime ? run.baseTimestamp : static_cast<std::int64_t>(static_cast<std::uint64_t>(run.baseTimestamp) + timestampDelta);
  record.offset = run.baseOffset + trustedInt32(at);
  record.keySize = trustedInt32(at);
  record.key = at;
  if (record.keySize > 0) at += record.keySize;
  record.valueSize = trustedInt32(at);
  record.value = at;
  if (record.valueSize > 0) at += record.valueSize;
  record.headerCount = trustedInt32(at);
  record.headers = at;
  return record;
}

}  // namespace detail
}  // namespace klamm
