#pragma once
// The two indexes beside a segment: offset -> position and timestamp -> offset, with Kafka's bytes and Kafka's rules.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "log/disk.h"

namespace klamm::broker::log {

/// Entries of one size, sorted, in a file that has exactly their size.
///
///     file:    [entry 0][entry 1] ... [entry n-1]      mapped when first looked at
///     memory:  [entry n][entry n+1] ...                appended since; written by save()
///
/// A segment that is written to has its newest entries in memory only; after a kill they are built anew from the records,
/// which have to be read then anyhow. Threading: one thread, that of the log.
class IndexFile {
 public:
  IndexFile(Disk& disk, std::string path, std::size_t entrySize) : disk_(disk), path_(std::move(path)), entrySize_(entrySize) {}

  /// Bytes of entry `i`. Loads the file when needed.
  [[nodiscard]] const std::byte* entry(std::size_t i);
  [[nodiscard]] std::size_t entries();
  /// Room for one more entry.
  [[nodiscard]] std::byte* append();
  void keepFirst(std::size_t entries);
  /// Writes what is in memory only; the file ends with the last entry.
  [[nodiscard]] Status save();
  /// True when the file was there, whole, when it was loaded.
  [[nodiscard]] bool isSound();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void moveTo(std::string path) { path_ = std::move(path); }
  /// Forgets mapping and memory; the file counts again.
  void forget();

 private:
  void load();

  Disk& disk_;
  std::string path_;
  std::size_t entrySize_;
  bool loaded_ = false;
  bool sound_ = false;
  bool changed_ = false;
  Buffer mapped_ = {};
  std::size_t mappedEntries_ = 0;
  std::vector<std::byte> tail_;
};

struct OffsetPosition {
  std::int64_t offset = 0;
  std::uint32_t position = 0;
};

/// entry: offset - base int32 | position int32. The offset is the last one of the batch at that position.
/// Threading: one thread, that of the log.
class OffsetIndex {
 public:
  static constexpr std::size_t kEntrySize = 8;
  OffsetIndex(Disk& disk, std::string path, std::int64_t baseOffset)
      : file_(disk, std::move(path), kEntrySize), baseOffset_(baseOffset) {}

  void append(std::int64_t offset, std::uint32_t position);
  /// The last entry whose offset is not above `offset`; {base, 0} when there is none.
  [[nodiscard]] OffsetPosition lookup(std::int64_t offset);
  /// Drops entries at or above `offset`.
  void truncateTo(std::int64_t offset);
  [[nodiscard]] bool isFull(std::size_t maxBytes) { return file_.entries() >= maxBytes / kEntrySize; }
  /// Entries rise in both columns and the last lies below these limits.
  [[nodiscard]] bool isPlausible(std::uint64_t logSize);
  [[nodiscard]] IndexFile& file() noexcept { return file_; }

 private:
  [[nodiscard]] OffsetPosition at(std::size_t i);
  IndexFile file_;
  std::int64_t baseOffset_;
};

struct TimestampOffset {
  std::int64_t timestamp = -1;
  std::int64_t offset = -1;
};

/// entry: timestamp int64 | offset - base int32: up to and with this offset no record is younger than the timestamp.
/// Threading: one thread, that of the log.
class TimeIndex {
 public:
  static constexpr std::size_t kEntrySize = 12;
  TimeIndex(Disk& disk, std::string path, std::int64_t baseOffset)
      : file_(disk, std::move(path), kEntrySize), baseOffset_(baseOffset) {}

  /// Adds the entry unless its timestamp is not above the last one's.
  void maybeAppend(std::int64_t timestamp, std::int64_t offset);
  /// The last entry whose timestamp is not above `timestamp`; {-1, base} when there is none.
  [[nodiscard]] TimestampOffset lookup(std::int64_t timestamp);
  [[nodiscard]] TimestampOffset last();
  void truncateTo(std::int64_t offset);
  [[nodiscard]] bool isFull(std::size_t maxBytes) { return file_.entries() + 1 >= maxBytes / kEntrySize; }
  [[nodiscard]] bool isPlausible();
  [[nodiscard]] IndexFile& file() noexcept { return file_; }

 private:
  [[nodiscard]] TimestampOffset at(std::size_t i);
  IndexFile file_;
  std::int64_t baseOffset_;
};

}  // namespace klamm::broker::log
