#include "log/segment.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "log/batch_scanner.h"

namespace klamm::broker::log {

using record::BatchHeader;

std::string segmentFileName(std::int64_t baseOffset, std::string_view suffix) { return fmt::format("{:020}{}", baseOffset, suffix); }

std::optional<std::int64_t> offsetOfFileName(std::string_view name, std::string_view suffix) {
  constexpr std::size_t kDigits = 20;
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, offset);
  if (error != std::errc() || end != name.data() + kDigits || offset < 0) return std::nullopt;
  return offset;
}

Segment::Segment(Disk& disk, std::string folder, std::int64_t baseOffset, std::uint32_t indexIntervalBytes)
    : disk_(disk), folder_(std::move(folder)), baseOffset_(baseOffset), indexIntervalBytes_(indexIntervalBytes),
      offsets_(disk, path(".index"), baseOffset), times_(disk, path(".timeindex"), baseOffset) {}

std::string Segment::path(std::string_view suffix) const { return folder_ + "/" + segmentFileName(baseOffset_, suffix); }

Status Segment::create(std::int64_t nowMillis) {
  created_ = nowMillis;
  KLAMM_TRY(disk_.remove(path(".index")));
  KLAMM_TRY(disk_.remove(path(".timeindex")));
  KLAMM_TRY_ASSIGN(const auto made, disk_.open(path(".log"), OpenMode::Create));
  KLAMM_TRY(made->truncate(0));
  if (active_) held_ = made;
  size_ = 0;
  indexesChecked_ = true;
  largest_ = TimestampOffset{-1, baseOffset_};
  return {};
}

void Segment::takeExisting(std::uint64_t size, std::int64_t nowMillis) noexcept {
  created_ = nowMillis;
  size_ = size;
}

Result<std::shared_ptr<File>> Segment::file() {
  if (held_) return held_;
  if (auto open = shared_.lock()) return open;
  KLAMM_TRY_ASSIGN(auto opened, disk_.open(path(".log"), OpenMode::Write));
  shared_ = opened;
  if (active_) held_ = opened;
  return opened;
}

void Segment::setActive(bool active) {
  active_ = active;
  if (!active) {
    if (held_) shared_ = held_;
    held_.reset();
    recentCount_ = 0;
  }
}

void Segment::closeFiles() {
  held_.reset();
  shared_.reset();
  offsets_.file().forget();
  times_.file().forget();
}

void Segment::loadLargestTimestamp() {
  (void)checkIndexes();  // an unreadable file shows when it is read
  if (!largest_) largest_ = times_.last();
}

std::int64_t Segment::largestTimestamp() {
  loadLargestTimestamp();
  return largest_->timestamp;
}

std::int64_t Segment::shallowOffsetOfLargestTimestamp() {
  loadLargestTimestamp();
  return largest_->offset;
}

void Segment::note(const BatchPlace& place) {
  recent_[recentCount_ % kRecent] = place;
  ++recentCount_;
}

void Segment::indexBatch(const BatchPlace& place) {
  if (place.maxTimestamp > largest_->timestamp) largest_ = TimestampOffset{place.maxTimestamp, place.lastOffset};
  if (bytesSinceIndexEntry_ > indexIntervalBytes_) {
    offsets_.append(place.lastOffset, place.position);
    times_.maybeAppend(largest_->timestamp, largest_->offset);
    bytesSinceIndexEntry_ = 0;
  }
  bytesSinceIndexEntry_ += place.size;
}

Status Segment::append(std::span<const BytesView> pieces, std::span<BatchPlace> batches, bool& broken) {
  KLAMM_TRY_ASSIGN(const auto target, file());
  if (auto written = target->writeAt(size_, pieces); !written) {
    broken = !target->truncate(size_);
    return written;
  }
  loadLargestTimestamp();
  if (size_ == 0 && !batches.empty()) firstTimestamp_ = batches.front().maxTimestamp;
  for (BatchPlace& batch : batches) {
    batch.position = static_cast<std::uint32_t>(size_);
    size_ += batch.size;
    indexBatch(batch);
    note(batch);
  }
  return {};
}

Result<std::optional<BatchPlace>> Segment::find(std::int64_t offset) {
  const std::size_t kept = std::min(recentCount_, kRecent);
  for (std::size_t i = 0; i < kept; ++i) {
    const BatchPlace& place = recent_[i];
    if (place.baseOffset <= offset && offset <= place.lastOffset) return place;
  }
  KLAMM_TRY(checkIndexes());
  const OffsetPosition entry = offsets_.lookup(offset);
  KLAMM_TRY_ASSIGN(const auto open, file());
  BatchScanner scanner(*open, entry.position, size_, BatchScanner::kHeadersOnly);
  bool first = entry.position != 0;
  for (;;) {
    auto found = scanner.next();
    // An entry names the last offset of its batch; where the file says otherwise the index is damaged.
    if (std::exchange(first, false) && (!found || !*found || (*found)->header.lastOffset() != entry.offset)) {
      KLAMM_TRY(rebuildIndexes());
      scanner = BatchScanner(*open, offsets_.lookup(offset).position, size_, BatchScanner::kHeadersOnly);
      continue;
    }
    if (!found) return fail(found.error());
    if (!*found) return std::nullopt;
    if ((*found)->header.lastOffset() >= offset) return (*found)->place();
  }
}

Status Segment::checkIndexes() {
  if (std::exchange(indexesChecked_, true)) return {};
  if (offsets_.isPlausible(size_) && times_.isPlausible()) return {};
  return rebuildIndexes();
}

Result<Part> Segment::range(std::uint64_t position, std::uint64_t length) {
  KLAMM_TRY_ASSIGN(const auto open, file());
  if (auto handle = open->handle()) return Part(FileRange{.file = std::move(handle), .offset = position, .length = length});
  std::vector<std::byte> bytes(length);
  KLAMM_TRY_ASSIGN(const std::size_t got, open->readAt(position, bytes));
  bytes.resize(got);
  return Part(Buffer::adopt(std::move(bytes)));
}

Result<record::RecordBatchView> Segment::readBatch(const BatchPlace& place) {
  KLAMM_TRY_ASSIGN(const auto open, file());
  std::vector<std::byte> bytes(place.size);
  KLAMM_TRY_ASSIGN(const std::size_t got, open->readAt(place.position, bytes));
  bytes.resize(got);
  return record::RecordBatchView::parse(Buffer::adopt(std::move(bytes)));
}

Result<std::optional<Segment::FoundRecord>> Segment::findTimestamp(std::int64_t timestamp, std::int64_t from) {
  KLAMM_TRY(checkIndexes());
  const TimestampOffset before = times_.lookup(timestamp);
  KLAMM_TRY_ASSIGN(auto at, find(std::max(before.offset, from)));
  if (!at) return std::nullopt;
  KLAMM_TRY_ASSIGN(const auto open, file());
  BatchScanner scanner(*open, at->position, size_, BatchScanner::kHeadersOnly);
  for (;;) {
    KLAMM_TRY_ASSIGN(const auto found, scanner.next());
    if (!found) return std::nullopt;
    if (found->header.maxTimestamp < timestamp) continue;
    KLAMM_TRY_ASSIGN(const auto batch, readBatch(found->place()));
    constexpr std::size_t kMostDecompressed = 256U << 20;
    KLAMM_TRY_ASSIGN(auto records, batch.records(kMostDecompressed));
    record::RecordView record;
    while (records.next(record))
      if (record.timestamp >= timestamp && record.offset >= from)
        return FoundRecord{record.timestamp, record.offset, batch.header().partitionLeaderEpoch};
  }
}

Status Segment::forEachHeader(std::uint64_t position, const std::function<bool(const BatchHeader&, std::uint64_t)>& visit) {
  KLAMM_TRY_ASSIGN(const auto open, file());
  BatchScanner scanner(*open, position, size_, BatchScanner::kHeadersOnly);
  for (;;) {
    KLAMM_TRY_ASSIGN(const auto found, scanner.next());
    if (!found || !visit(found->header, found->position)) return {};
  }
}

Status Segment::forEachBatch(std::uint64_t position, const std::function<Status(const record::RecordBatchView&)>& visit) {
  KLAMM_TRY_ASSIGN(const auto open, file());
  BatchScanner scanner(*open, position, size_, BatchScanner::kWholeBatches);
  for (;;) {
    KLAMM_TRY_ASSIGN(const auto found, scanner.next());
    if (!found) return {};
    KLAMM_TRY_ASSIGN(const auto batch, record::RecordBatchView::parse(Buffer::copyOf(scanner.bytes())));
    KLAMM_TRY(visit(batch));
  }
}

Result<std::int64_t> Segment::readNextOffset() {
  if (size_ == 0) return baseOffset_;  // nothing is opened: a thousand empty partitions start at once
  std::int64_t next = baseOffset_;
  KLAMM_TRY(checkIndexes());
  const OffsetPosition last = offsets_.lookup(std::numeric_limits<std::int64_t>::max());
  KLAMM_TRY(forEachHeader(last.position, [&](const BatchHeader& header, std::uint64_t) {
    next = header.nextOffset();
    return true;
  }));
  return next;
}

Result<std::uint64_t> Segment::recover(const std::function<void(const BatchHeader&)>& visit) {
  offsets_.file().keepFirst(0);
  times_.file().keepFirst(0);
  largest_ = TimestampOffset{-1, baseOffset_};
  indexesChecked_ = true;
  firstTimestamp_.reset();
  bytesSinceIndexEntry_ = 0;
  recentCount_ = 0;
  KLAMM_TRY_ASSIGN(const auto open, file());
  KLAMM_TRY_ASSIGN(const std::uint64_t stored, open->size());
  BatchScanner scanner(*open, 0, stored, BatchScanner::kWholeBatches);
  std::uint64_t good = 0;
  std::int64_t next = baseOffset_;
  constexpr std::int64_t kMostOffsets = std::numeric_limits<std::int32_t>::max();
  for (;;) {
    const auto found = scanner.next();
    if (!found || !*found) break;
    const BatchHeader& header = (*found)->header;
    const bool inRange = header.baseOffset >= next && header.lastOffsetDelta >= 0 && header.lastOffset() - baseOffset_ <= kMostOffsets;
    if (!inRange || !scanner.crcMatches()) break;
    BatchPlace place = (*found)->place();
    if (place.position == 0) firstTimestamp_ = place.maxTimestamp;
    indexBatch(place);
    next = header.nextOffset();
    good += place.size;
    visit(header);
  }
  if (good < stored) KLAMM_TRY(open->truncate(good));
  size_ = good;
  return stored - good;
}

Status Segment::rebuildIndexes() {
  indexesChecked_ = true;
  offsets_.file().keepFirst(0);
  times_.file().keepFirst(0);
  largest_ = TimestampOffset{-1, baseOffset_};
  bytesSinceIndexEntry_ = 0;
  KLAMM_TRY_ASSIGN(const auto open, file());
  BatchScanner scanner(*open, 0, size_, BatchScanner::kHeadersOnly);
  for (;;) {
    KLAMM_TRY_ASSIGN(const auto found, scanner.next());
    if (!found) break;
    indexBatch(found->place());
  }
  return active_ ? Status() : becomeInactive();
}

Result<std::uint64_t> Segment::truncateTo(std::int64_t offset) {
  KLAMM_TRY_ASSIGN(const auto at, find(offset));
  offsets_.truncateTo(offset);
  times_.truncateTo(offset);
  recentCount_ = 0;
  bytesSinceIndexEntry_ = 0;
  largest_.reset();
  if (!at) return 0;
  KLAMM_TRY_ASSIGN(const auto open, file());
  KLAMM_TRY(open->truncate(at->position));
  const std::uint64_t cut = size_ - at->position;
  size_ = at->position;
  if (size_ == 0) firstTimestamp_.reset();
  // A batch that is kept may be younger than the last entry that is kept: only the records know the largest timestamp.
  KLAMM_TRY(rebuildIndexes());
  return cut;
}

void Segment::loadFirstTimestamp() {
  if (firstTimestamp_ || size_ == 0) return;
  (void)forEachHeader(0, [&](const BatchHeader& header, std::uint64_t) {
    firstTimestamp_ = header.maxTimestamp;
    return false;
  });
}

bool Segment::shouldRoll(const RollRules& rules, std::size_t bytes, std::int64_t maxTimestamp, std::int64_t lastOffset,
                         std::int64_t nowMillis) {
  loadFirstTimestamp();
  const std::int64_t waited = firstTimestamp_.value_or(-1) >= 0 ? maxTimestamp - *firstTimestamp_ : nowMillis - created_;
  const std::int64_t delta = lastOffset - baseOffset_;
  return size_ + bytes > rules.segmentBytes || (size_ > 0 && waited > rules.segmentMs) || offsets_.isFull(rules.maxIndexBytes) ||
         times_.isFull(rules.maxIndexBytes) || delta < 0 || delta > std::numeric_limits<std::int32_t>::max();
}

Status Segment::becomeInactive() {
  loadLargestTimestamp();
  if (size_ > 0) times_.maybeAppend(largest_->timestamp, largest_->offset);
  KLAMM_TRY(offsets_.file().save());
  return times_.file().save();
}

Result<std::vector<std::string>> Segment::markDeleted() {
  std::vector<std::string> renamed;
  closeFiles();
  for (const char* suffix : {".log", ".index", ".timeindex", ".txnindex"}) {
    const std::string from = path(suffix);
    if (!disk_.exists(from)) continue;
    KLAMM_TRY(disk_.rename(from, from + ".deleted"));
    renamed.push_back(from + ".deleted");
  }
  return renamed;
}

}  // namespace klamm::broker::log
