#include "log/producer_state.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "log/segment.h"

namespace klamm::broker::log {

using record::BatchHeader;
using record::incrementSequence;
using record::kNoProducerEpoch;
using record::kNoSequence;

namespace {

constexpr std::int16_t kSnapshotVersion = 1;
constexpr std::size_t kSnapshotHead = 2 + 4 + 4;  // version, crc, number of entries
constexpr std::size_t kSnapshotEntry = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

/// A sequence number `by` before `sequence`: before 0 comes 2^31-1.
constexpr std::int32_t decrementSequence(std::int32_t sequence, std::int32_t by) noexcept {
  constexpr std::int32_t highest = 0x7FFFFFFF;
  return sequence < by ? highest - (by - sequence) + 1 : sequence - by;
}

BatchMetadata metadataOf(const BatchHeader& batch) {
  return {.lastSequence = batch.lastSequence(), .lastOffset = batch.lastOffset(), .offsetDelta = batch.lastOffsetDelta, .timestamp = batch.maxTimestamp};
}

}  // namespace

std::int32_t BatchMetadata::firstSequence() const noexcept { return decrementSequence(lastSequence, offsetDelta); }

void ProducerEntry::add(const BatchMetadata& batch) {
  if (count == kBatchesKept) {
    std::move(batches.begin() + 1, batches.end(), batches.begin());
    --count;
  }
  batches[count++] = batch;
}

const BatchMetadata* ProducerEntry::find(std::int32_t firstSequence, std::int32_t lastSequence) const noexcept {
  for (std::size_t i = 0; i < count; ++i)
    if (batches[i].lastSequence == lastSequence && batches[i].firstSequence() == firstSequence) return &batches[i];
  return nullptr;
}

void ProducerTail::note(const BatchHeader& batch) {
  if (!batch.hasProducerId() || batch.isControl() || batch.baseSequence == kNoSequence) return;
  ProducerEntry& entry = producers_[batch.producerId];
  if (entry.epoch != batch.producerEpoch) {
    entry.epoch = batch.producerEpoch;
    entry.count = 0;
  }
  entry.add(metadataOf(batch));
}

const ProducerEntry* ProducerTail::find(std::int64_t producerId) const noexcept {
  const auto found = producers_.find(producerId);
  return found == producers_.end() ? nullptr : &found->second;
}

SequenceVerdict ProducerStates::check(const BatchHeader& batch) const {
  const auto found = producers_.find(batch.producerId);
  if (found == producers_.end()) return {};
  const ProducerEntry& entry = found->second;
  if (batch.producerEpoch == entry.epoch)
    if (const BatchMetadata* stored = entry.find(batch.baseSequence, batch.lastSequence())) return {.duplicate = *stored};
  if (batch.producerEpoch < entry.epoch)
    return {.error = Error(ErrorCode::InvalidProducerEpoch, fmt::format("producer {} writes with epoch {}, the last one seen is {}",
                                                                        batch.producerId, batch.producerEpoch, entry.epoch))};
  std::int32_t expected = 0;
  if (batch.producerEpoch == entry.epoch) {
    if (const BatchMetadata* last = entry.last()) expected = incrementSequence(last->lastSequence, 1);
  }
  if (entry.epoch == kNoProducerEpoch || batch.baseSequence == expected) return {};
  return {.error = Error(ErrorCode::OutOfOrderSequenceNumber,
                         fmt::format("producer {} of epoch {} sent sequence {} where {} was due", batch.producerId,
                                     batch.producerEpoch, batch.baseSequence, expected))};
}

void ProducerStates::update(const BatchHeader& batch) {
  mapEndOffset_ = std::max(mapEndOffset_, batch.nextOffset());
  if (!batch.hasProducerId()) return;
  ProducerEntry& entry = producers_[batch.producerId];
  if (entry.epoch != batch.producerEpoch) {
    entry.epoch = batch.producerEpoch;
    entry.count = 0;
  }
  entry.lastTimestamp = batch.maxTimestamp;
  if (batch.isControl()) {  // a transaction's end marker, found in a folder that Apache Kafka wrote
    entry.currentTxnFirstOffset = -1;
    return;
  }
  if (batch.isTransactional() && entry.currentTxnFirstOffset < 0) entry.currentTxnFirstOffset = batch.baseOffset;
  if (batch.baseSequence == kNoSequence) return;
  entry.add(metadataOf(batch));
}

void ProducerStates::expire(std::int64_t nowMillis, std::int64_t expirationMs) {
  std::erase_if(producers_, [&](const auto& item) {
    const ProducerEntry& entry = item.second;
    return entry.currentTxnFirstOffset < 0 && nowMillis - entry.lastTimestamp >= expirationMs;
  });
}

std::int64_t ProducerStates::restore(std::int64_t from, std::int64_t offset, std::int64_t nowMillis, std::int64_t expirationMs) {
  producers_.clear();
  while (!snapshots_.empty() && snapshots_.back() > offset) {
    (void)disk_.remove(snapshotPath(snapshots_.back()));
    snapshots_.pop_back();
  }
  while (!snapshots_.empty() && snapshots_.back() >= from) {
    const std::int64_t at = snapshots_.back();
    const auto text = disk_.readText(snapshotPath(at));
    auto decoded = text ? decodeSnapshot(asBytes(*text)) : Result<std::unordered_map<std::int64_t, ProducerEntry>>(fail(text.error()));
    if (decoded) {
      producers_ = *std::move(decoded);
      expire(nowMillis, expirationMs);
      lastSnapshotOffset_ = mapEndOffset_ = at;
      return at;
    }
    (void)disk_.remove(snapshotPath(at));
    snapshots_.pop_back();
  }
  lastSnapshotOffset_ = mapEndOffset_ = from;
  return from;
}

void ProducerStates::recall(const ProducerTail& tail) {
  for (auto& [id, entry] : producers_) {
    const ProducerEntry* seen = tail.find(id);
    // What the snapshot says counts: another epoch or another last batch is of records that are gone.
    if (entry.count != 1 || seen == nullptr || seen->epoch != entry.epoch || !(*seen->last() == *entry.last())) continue;
    entry.batches = seen->batches;
    entry.count = seen->count;
  }
}

Status ProducerStates::takeSnapshot() {
  if (mapEndOffset_ <= lastSnapshotOffset_) return {};
  const auto bytes = encodeSnapshot(producers_);
  KLAMM_TRY(disk_.replace(snapshotPath(mapEndOffset_), bytes, false));
  lastSnapshotOffset_ = mapEndOffset_;
  const auto place = std::lower_bound(snapshots_.begin(), snapshots_.end(), mapEndOffset_);
  if (place == snapshots_.end() || *place != mapEndOffset_) snapshots_.insert(place, mapEndOffset_);
  return {};
}

void ProducerStates::removeStraySnapshots(const std::vector<std::int64_t>& segmentBaseOffsets) {
  const std::set<std::int64_t> wanted(segmentBaseOffsets.begin(), segmentBaseOffsets.end());
  std::int64_t newestStray = -1;
  for (const std::int64_t offset : snapshots_)
    if (!wanted.contains(offset)) newestStray = std::max(newestStray, offset);
  std::erase_if(snapshots_, [&](std::int64_t offset) {
    if (wanted.contains(offset) || (offset == newestStray && offset == snapshots_.back())) return false;
    (void)disk_.remove(snapshotPath(offset));
    return true;
  });
}

Status ProducerStates::removeSnapshot(std::int64_t offset) {
  const auto place = std::lower_bound(snapshots_.begin(), snapshots_.end(), offset);
  if (place == snapshots_.end() || *place != offset) return {};
  snapshots_.erase(place);
  return disk_.remove(snapshotPath(offset));
}

void ProducerStates::listSnapshots(const std::vector<FolderEntry>& entries) {
  snapshots_.clear();
  for (const FolderEntry& entry : entries)
    if (const auto offset = offsetOfFileName(entry.name, ".snapshot")) snapshots_.push_back(*offset);
  std::sort(snapshots_.begin(), snapshots_.end());
}

std::string ProducerStates::snapshotPath(std::int64_t offset) const {
  return folder_ + "/" + segmentFileName(offset, ".snapshot");
}

std::vector<std::byte> ProducerStates::encodeSnapshot(const std::unordered_map<std::int64_t, ProducerEntry>& producers) {
  const std::map<std::int64_t, const ProducerEntry*> sorted = [&] {
    std::map<std::int64_t, const ProducerEntry*> byId;
    for (const auto& [id, entry] : producers) byId[id] = &entry;
    return byId;
  }();
  std::vector<std::byte> bytes;
  bytes.reserve(kSnapshotHead + sorted.size() * kSnapshotEntry);
  ByteWriter out(bytes);
  out.write(kSnapshotVersion);
  out.write(std::uint32_t{0});  // the crc, below
  out.write(static_cast<std::int32_t>(sorted.size()));
  for (const auto& [id, entry] : sorted) {
    const BatchMetadata last = entry->last() != nullptr ? *entry->last() : BatchMetadata{};
    out.write(id);
    out.write(entry->epoch);
    out.write(last.lastSequence);
    out.write(last.lastOffset);
    out.write(last.offsetDelta);
    out.write(entry->lastTimestamp);
    out.write(entry->coordinatorEpoch);
    out.write(entry->currentTxnFirstOffset);
  }
  storeBigEndian(bytes.data() + 2, crc32c(BytesView(bytes).subspan(6)));
  return bytes;
}

Result<std::unordered_map<std::int64_t, ProducerEntry>> ProducerStates::decodeSnapshot(BytesView bytes) {
  const auto damaged = [](const char* why) { return fail(ErrorCode::CorruptMessage, std::string("producer snapshot: ") + why); };
  if (bytes.size() < kSnapshotHead) return damaged("too short");
  if (loadBigEndian<std::int16_t>(bytes.data()) != kSnapshotVersion) return damaged("unknown version");
  if (loadBigEndian<std::uint32_t>(bytes.data() + 2) != crc32c(bytes.subspan(6))) return damaged("wrong crc");
  const auto count = loadBigEndian<std::int32_t>(bytes.data() + 6);
  if (count < 0 || bytes.size() != kSnapshotHead + static_cast<std::size_t>(count) * kSnapshotEntry) return damaged("wrong length");
  std::unordered_map<std::int64_t, ProducerEntry> producers;
  ByteReader in(bytes.subspan(kSnapshotHead));
  for (std::int32_t i = 0; i < count; ++i) {
    const auto id = *in.read<std::int64_t>();
    ProducerEntry& entry = producers[id];
    entry.epoch = *in.read<std::int16_t>();
    BatchMetadata last;
    last.lastSequence = *in.read<std::int32_t>();
    last.lastOffset = *in.read<std::int64_t>();
    last.offsetDelta = *in.read<std::int32_t>();
    last.timestamp = entry.lastTimestamp = *in.read<std::int64_t>();
    entry.coordinatorEpoch = *in.read<std::int32_t>();
    entry.currentTxnFirstOffset = *in.read<std::int64_t>();
    if (last.lastOffset >= 0) entry.add(last);
  }
  return producers;
}

}  // namespace klamm::broker::log
