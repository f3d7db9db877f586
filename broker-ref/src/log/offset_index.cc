#include "log/offset_index.h"

#include <algorithm>

#include "base/bytes.h"

namespace klamm::broker::log {

void IndexFile::load() {
  if (loaded_) return;
  loaded_ = true;
  sound_ = false;
  mapped_ = {};
  mappedEntries_ = 0;
  auto bytes = disk_.map(path_);
  if (!bytes) return;
  mapped_ = *std::move(bytes);
  mappedEntries_ = mapped_.size() / entrySize_;
  sound_ = mapped_.size() % entrySize_ == 0;
}

std::size_t IndexFile::entries() {
  load();
  return mappedEntries_ + tail_.size() / entrySize_;
}

const std::byte* IndexFile::entry(std::size_t i) {
  load();
  return i < mappedEntries_ ? mapped_.data() + i * entrySize_ : tail_.data() + (i - mappedEntries_) * entrySize_;
}

std::byte* IndexFile::append() {
  load();
  changed_ = true;
  tail_.resize(tail_.size() + entrySize_);
  return tail_.data() + tail_.size() - entrySize_;
}

void IndexFile::keepFirst(std::size_t entries) {
  load();
  if (entries >= mappedEntries_ + tail_.size() / entrySize_ && sound_) return;
  changed_ = true;
  if (entries >= mappedEntries_) {
    tail_.resize((entries - mappedEntries_) * entrySize_);
    return;
  }
  tail_.clear();
  mappedEntries_ = entries;
}

Status IndexFile::save() {
  load();
  if (!changed_ && sound_) return {};
  // The part that came from the file is on the disk already; the mapping goes before the file may be cut below it.
  const std::size_t kept = mappedEntries_ * entrySize_;
  KLAMM_TRY_ASSIGN(const auto file, disk_.open(path_, OpenMode::Create));
  KLAMM_TRY_ASSIGN(const std::uint64_t size, file->size());
  mapped_ = {};
  if (size > kept) KLAMM_TRY(file->truncate(kept));
  const BytesView pieces[] = {tail_};
  if (!tail_.empty()) KLAMM_TRY(file->writeAt(kept, pieces));
  forget();
  return {};
}

bool IndexFile::isSound() {
  load();
  return sound_;
}

void IndexFile::forget() {
  loaded_ = false;
  sound_ = false;
  changed_ = false;
  mapped_ = {};
  mappedEntries_ = 0;
  tail_.clear();
  tail_.shrink_to_fit();
}

namespace {

/// Number of entries for which `isBefore` holds; they stand in front.
template <class IsBefore>
std::size_t partitionPoint(std::size_t count, IsBefore isBefore) {
  std::size_t low = 0;
  while (count > 0) {
    const std::size_t half = count / 2;
    if (isBefore(low + half)) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

}  // namespace

OffsetPosition OffsetIndex::at(std::size_t i) {
  const std::byte* entry = file_.entry(i);
  return {baseOffset_ + loadBigEndian<std::int32_t>(entry), loadBigEndian<std::uint32_t>(entry + 4)};
}

void OffsetIndex::append(std::int64_t offset, std::uint32_t position) {
  const std::size_t count = file_.entries();
  if (count > 0 && at(count - 1).offset >= offset) return;
  std::byte* entry = file_.append();
  storeBigEndian(entry, static_cast<std::int32_t>(offset - baseOffset_));
  storeBigEndian(entry + 4, position);
}

OffsetPosition OffsetIndex::lookup(std::int64_t offset) {
  const std::size_t behind = partitionPoint(file_.entries(), [&](std::size_t i) { return at(i).offset <= offset; });
  return behind == 0 ? OffsetPosition{baseOffset_, 0} : at(behind - 1);
}

void OffsetIndex::truncateTo(std::int64_t offset) {
  file_.keepFirst(partitionPoint(file_.entries(), [&](std::size_t i) { return at(i).offset < offset; }));
}

bool OffsetIndex::isPlausible(std::uint64_t logSize) {
  if (!file_.isSound()) return false;
  const std::size_t count = file_.entries();
  if (count == 0) return true;
  // The ends are looked at, not every entry: that would read all indexes at every start.
  const OffsetPosition first = at(0);
  const OffsetPosition last = at(count - 1);
  return first.offset >= baseOffset_ && last.offset >= first.offset && last.position >= first.position && last.position < logSize;
}

TimestampOffset TimeIndex::at(std::size_t i) {
  const std::byte* entry = file_.entry(i);
  return {loadBigEndian<std::int64_t>(entry), baseOffset_ + loadBigEndian<std::int32_t>(entry + 8)};
}

TimestampOffset TimeIndex::last() {
  const std::size_t count = file_.entries();
  return count == 0 ? TimestampOffset{-1, baseOffset_} : at(count - 1);
}

void TimeIndex::maybeAppend(std::int64_t timestamp, std::int64_t offset) {
  const TimestampOffset before = last();
  if (timestamp <= before.timestamp || offset < before.offset) return;
  std::byte* entry = file_.append();
  storeBigEndian(entry, timestamp);
  storeBigEndian(entry + 8, static_cast<std::int32_t>(offset - baseOffset_));
}

TimestampOffset TimeIndex::lookup(std::int64_t timestamp) {
  const std::size_t behind = partitionPoint(file_.entries(), [&](std::size_t i) { return at(i).timestamp <= timestamp; });
  return behind == 0 ? TimestampOffset{-1, baseOffset_} : at(behind - 1);
}

void TimeIndex::truncateTo(std::int64_t offset) {
  file_.keepFirst(partitionPoint(file_.entries(), [&](std::size_t i) { return at(i).offset < offset; }));
}

bool TimeIndex::isPlausible() {
  if (!file_.isSound()) return false;
  const std::size_t count = file_.entries();
  if (count == 0) return true;
  const TimestampOffset first = at(0);
  const TimestampOffset end = at(count - 1);
  return first.offset >= baseOffset_ && end.offset >= first.offset && end.timestamp >= first.timestamp && first.timestamp >= 0;
}

}  // namespace klamm::broker::log
