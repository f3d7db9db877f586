// The sparse indexes beside a log segment, and the files of the producers' state.
//
//     .index      { relative offset int32 | position int32 }...                                    last offset of a batch
//     .timeindex  { timestamp int64 | relative offset int32 }...
//     .txnindex   { version int16 | producer id int64 | first, last, last stable offset int64 }...
//
// A live index is preallocated: entries of zeros follow the last one.

#include <algorithm>

#include <fmt/format.h>

#include "dump_log/dumpers.h"
#include "dump_log/log_file.h"
#include "protocol/codec.h"
#include "protocol/records/producer_snapshot.h"
#include "protocol/stored_record.h"

namespace klamm::tools::dump {
namespace {

constexpr std::size_t kOffsetEntry = 8;
constexpr std::size_t kTimeEntry = 12;
constexpr std::size_t kTransactionEntry = 34;
constexpr std::size_t kDecompressionLimit = std::numeric_limits<std::int32_t>::max();
/// Kafka maps an index of at most 2 GiB; ours are 10 MiB unless somebody set segment.index.bytes.
constexpr std::size_t kLargestIndex = std::size_t{1} << 31;

struct OffsetEntry {
  std::int64_t offset;
  std::int32_t position;
};
struct TimeEntry {
  std::int64_t timestamp;
  std::int64_t offset;
};

/// A whole index in memory. Threading: one thread.
struct IndexFile {
  std::int64_t baseOffset = 0;
  Buffer bytes = {};

  [[nodiscard]] static Result<IndexFile> open(const std::filesystem::path& path) {
    const auto offset = offsetOfName(path);
    if (!offset) return fail(ErrorCode::IllegalArgument, "the name of " + path.string() + " does not begin with an offset");
    KLAMM_TRY_ASSIGN(const InputFile file, InputFile::open(path));
    KLAMM_TRY_ASSIGN(Buffer bytes, file.read(0, kLargestIndex));
    return IndexFile{*offset, std::move(bytes)};
  }
  [[nodiscard]] OffsetEntry offsetEntry(std::size_t i) const noexcept {
    const std::byte* at = bytes.data() + i * kOffsetEntry;
    return {baseOffset + loadBigEndian<std::int32_t>(at), loadBigEndian<std::int32_t>(at + 4)};
  }
  [[nodiscard]] TimeEntry timeEntry(std::size_t i) const noexcept {
    const std::byte* at = bytes.data() + i * kTimeEntry;
    return {loadBigEndian<std::int64_t>(at), baseOffset + loadBigEndian<std::int32_t>(at + 8)};
  }
  /// Entries in use; zeros behind them are room.
  [[nodiscard]] std::size_t offsetEntries() const noexcept {
    std::size_t count = bytes.size() / kOffsetEntry;
    for (std::size_t i = 1; i < count; ++i)
      if (offsetEntry(i).offset == baseOffset) count = i;
    return count;
  }
  /// Position of the last batch that begins at or before this offset, as far as the index knows.
  [[nodiscard]] std::int32_t lookUp(std::int64_t offset) const noexcept {
    std::int32_t position = 0;
    const std::size_t count = offsetEntries();
    for (std::size_t i = 0; i < count && offsetEntry(i).offset <= offset; ++i) position = offsetEntry(i).position;
    return position;
  }
};

Status checkSize(const std::filesystem::path& path, std::size_t size, std::size_t entry) {
  if (size % entry == 0) return {};
  return fail(ErrorCode::CorruptMessage, fmt::format("Index file {} is corrupt, found {} bytes which is neither positive nor a multiple of {}.",
                                                     path.string(), size, entry));
}

Status passed(const std::filesystem::path& path, Output& out) {
  out.write(path.string() + " passed sanity check.\n");
  return {};
}

Status checkOffsetIndex(const std::filesystem::path& path, const IndexFile& index, Output& out) {
  const std::int64_t last = index.offsetEntry(index.bytes.size() / kOffsetEntry - 1).offset;
  if (last < index.baseOffset) {
    return fail(ErrorCode::CorruptMessage,
                fmt::format("Corrupt index found, index file ({}) has non-zero size but the last offset is {} which is less than the base "
                            "offset {}.", path.string(), last, index.baseOffset));
  }
  KLAMM_TRY(checkSize(path, index.bytes.size(), kOffsetEntry));
  return passed(path, out);
}

Status checkTimeIndex(const std::filesystem::path& path, const IndexFile& index, Output& out) {
  const TimeEntry first = index.timeEntry(0);
  const TimeEntry last = index.timeEntry(index.bytes.size() / kTimeEntry - 1);
  const auto corrupt = [&path](std::string_view what, std::int64_t found, std::string_view bound, std::int64_t limit) {
    return fail(ErrorCode::CorruptMessage, fmt::format("Corrupt time index found, time index file ({}) has non-zero size but the last {} is {} "
                                                       "which is less than the {} {}", path.string(), what, found, bound, limit));
  };
  if (last.timestamp < first.timestamp) return corrupt("timestamp", last.timestamp, "first timestamp", first.timestamp);
  if (last.offset < index.baseOffset) return corrupt("offset", last.offset, "first offset", index.baseOffset);
  KLAMM_TRY(checkSize(path, index.bytes.size(), kTimeEntry));
  return passed(path, out);
}

/// Holds one entry of a time index against the log.
Status verifyTimeEntry(const std::string& name, const InputFile& log, const IndexFile& offsets, TimeEntry entry, std::int64_t previous,
                       Findings& findings) {
  SegmentReader reader(log, static_cast<std::uint64_t>(std::max(offsets.lookUp(entry.offset), 0)), log.size());
  for (;;) {
    KLAMM_TRY_ASSIGN(const auto batch, reader.next());
    if (batch && batch->header().lastOffset() < entry.offset) continue;
    if (!batch || batch->header().lastOffset() != entry.offset) {
      findings.offsetsNotFound[name].emplace_back(entry.offset, batch ? batch->header().lastOffset() : -1);
      return {};
    }
    std::int64_t largest = record::kNoTimestamp;
    KLAMM_TRY_ASSIGN(record::RecordReader records, batch->records(kDecompressionLimit));
    record::RecordView record;
    while (records.next(record)) largest = std::max(largest, record.timestamp);
    if (largest != entry.timestamp) findings.timestampMismatches[name].emplace_back(entry.timestamp, largest);
    if (previous >= entry.timestamp) findings.timestampsOutOfOrder[name].emplace_back(entry.timestamp, previous);
    return {};
  }
}

/// The sequence number `by` before `last`; before 0 comes 2^31-1.
std::int32_t earlierSequence(std::int32_t last, std::int32_t by) {
  return last >= by ? last - by : std::numeric_limits<std::int32_t>::max() - (by - last) + 1;
}

std::string optionalLong(std::int64_t value) { return value < 0 ? "OptionalLong.empty" : fmt::format("OptionalLong[{}]", value); }

}  // namespace

Status dumpOffsetIndex(const std::filesystem::path& path, const Wishes& wishes, Findings& findings, Output& out) {
  KLAMM_TRY_ASSIGN(const InputFile log, InputFile::open(sibling(path, ".log")));
  KLAMM_TRY_ASSIGN(const IndexFile index, IndexFile::open(path));
  const std::size_t entries = index.bytes.size() / kOffsetEntry;
  if (entries == 0) {
    out.write(path.string() + " is empty.\n");
    return {};
  }
  if (wishes.sanityOnly) return checkOffsetIndex(path, index, out);
  for (std::size_t i = 0; i < entries && !out.failed(); ++i) {
    const OffsetEntry entry = index.offsetEntry(i);
    if (entry.offset == index.baseOffset && i > 0) break;
    const auto position = static_cast<std::uint64_t>(std::max(entry.position, 0));
    SegmentReader reader(log, position, position + static_cast<std::uint64_t>(wishes.maxMessageSize));
    KLAMM_TRY_ASSIGN(const auto batch, reader.next());
    const std::int64_t found = batch ? batch->header().lastOffset() : -1;
    if (found != entry.offset) findings.indexMismatches[std::filesystem::absolute(path).string()].emplace_back(entry.offset, found);
    if (!wishes.verifyOnly) out.write(fmt::format("offset: {} position: {}\n", entry.offset, entry.position));
  }
  return {};
}

Status dumpTimeIndex(const std::filesystem::path& path, const Wishes& wishes, Findings& findings, Output& out) {
  KLAMM_TRY_ASSIGN(const InputFile log, InputFile::open(sibling(path, ".log")));
  KLAMM_TRY_ASSIGN(const IndexFile offsets, IndexFile::open(sibling(path, ".index")));
  KLAMM_TRY_ASSIGN(const IndexFile index, IndexFile::open(path));
  const std::size_t entries = index.bytes.size() / kTimeEntry;
  if (entries == 0) {
    out.write(path.string() + " is empty.\n");
    return {};
  }
  if (wishes.sanityOnly) return checkTimeIndex(path, index, out);
  std::int64_t previous = record::kNoTimestamp;
  const std::string name = std::filesystem::absolute(path).string();
  for (std::size_t i = 0; i < entries && !out.failed(); ++i) {
    const TimeEntry entry = index.timeEntry(i);
    if (entry.offset == index.baseOffset && i > 0) break;
    KLAMM_TRY(verifyTimeEntry(name, log, offsets, entry, previous, findings));
    if (!wishes.verifyOnly) out.write(fmt::format("timestamp: {} offset: {}\n", entry.timestamp, entry.offset));
    previous = entry.timestamp;
  }
  return {};
}

Status dumpTransactionIndex(const std::filesystem::path& path, Output& out) {
  KLAMM_TRY_ASSIGN(const IndexFile index, IndexFile::open(path));
  KLAMM_TRY(checkSize(path, index.bytes.size(), kTransactionEntry));
  for (std::size_t at = 0; at < index.bytes.size(); at += kTransactionEntry) {
    const std::byte* entry = index.bytes.data() + at;
    out.write(fmt::format("version: {} producerId: {} firstOffset: {} lastOffset: {} lastStableOffset: {}\n", loadBigEndian<std::int16_t>(entry),
                          loadBigEndian<std::int64_t>(entry + 2), loadBigEndian<std::int64_t>(entry + 10),
                          loadBigEndian<std::int64_t>(entry + 18), loadBigEndian<std::int64_t>(entry + 26)));
  }
  return {};
}

Status dumpProducerSnapshot(const std::filesystem::path& path, Output& out) {
  KLAMM_TRY_ASSIGN(const InputFile file, InputFile::open(path));
  KLAMM_TRY_ASSIGN(const Buffer bytes, file.read(0, kLargestIndex));
  KLAMM_TRY_ASSIGN(const auto snapshot, protocol::decodeVersioned<protocol::ProducerSnapshot>(bytes));
  for (const auto& entry : snapshot.producerEntries) {
    out.write(fmt::format("producerId: {} producerEpoch: {} coordinatorEpoch: {} currentTxnFirstOffset: {} lastTimestamp: {}",
                          entry.producerId, entry.epoch, entry.coordinatorEpoch, optionalLong(entry.currentTxnFirstOffset), entry.timestamp));
    if (entry.lastOffset >= 0) {
      out.write(fmt::format(" firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {}",
                            earlierSequence(entry.lastSequence, entry.offsetDelta), entry.lastSequence, entry.lastOffset, entry.offsetDelta, entry.timestamp));
    }
    out.write("\n");
  }
  return {};
}

}  // namespace klamm::tools::dump
