#include "log/partition_log.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "log/log_loader.h"
#include "record/validate.h"

namespace klamm::broker::log {

using record::BatchHeader;
using record::RecordBatchView;
using record::TimestampType;

PartitionLog::PartitionLog(const OpenOptions& options)
    : disk_(*options.disk), folder_(options.folder), name_(options.name), topicId_(options.topicId), config_(options.config),
      log_(options.log), epochs_(std::make_unique<LeaderEpochs>(disk_, folder_ + "/leader-epoch-checkpoint")),
      producers_(std::make_unique<ProducerStates>(disk_, folder_)) {}

PartitionLog::~PartitionLog() = default;

Result<std::unique_ptr<PartitionLog>> PartitionLog::open(const OpenOptions& options) {
  std::unique_ptr<PartitionLog> log(new PartitionLog(options));
  KLAMM_TRY(LogLoader(*log, options).load());
  return log;
}

// --- writing ---------------------------------------------------------------------------------------------------------

AppendResult PartitionLog::appendBatches(std::vector<StampedBatch>& batches, std::int64_t nowMillis) {
  AppendResult result{.logStartOffset = logStartOffset_};
  const auto refuse = [&](Error error) {
    result.error = std::move(error);
    return result;
  };
  std::size_t bytes = 0;
  for (const StampedBatch& batch : batches) {
    bytes += batch.bytes.size();
    result.maxTimestamp = std::max(result.maxTimestamp, batch.header.maxTimestamp);
  }
  if (broken_) return refuse(broken_);
  if (bytes > static_cast<std::size_t>(config_.segmentBytes)) {
    return refuse({ErrorCode::RecordListTooLarge, fmt::format("{}: {} bytes in one append exceed segment.bytes {}", name_, bytes,
                                                              config_.segmentBytes)});
  }
  const std::int64_t last = batches.back().header.lastOffset();
  if (auto rolled = rollIfNeeded(bytes, result.maxTimestamp, last, nowMillis); !rolled) return refuse(rolled.error());

  pieces_.clear();
  places_.clear();
  for (const StampedBatch& batch : batches) {
    pieces_.emplace_back(batch.head);
    pieces_.emplace_back(batch.bytes.view().subspan(BatchHeader::kSize));
    places_.push_back({.baseOffset = batch.header.baseOffset, .lastOffset = batch.header.lastOffset(),
                       .maxTimestamp = batch.header.maxTimestamp, .size = static_cast<std::uint32_t>(batch.bytes.size())});
  }
  bool broken = false;
  if (auto written = active().append(pieces_, places_, broken); !written) {
    if (broken) broken_ = Error(ErrorCode::KafkaStorageError, name_ + " is offline after a failed write: " + written.error().context());
    log_.error("{}: append failed: {}", name_, written.error().context());
    return refuse(written.error());
  }
  for (const StampedBatch& batch : batches) noteStored(batch.header);
  bytesTakenIn_ += bytes;
  result.baseOffset = batches.front().header.baseOffset;
  result.lastOffset = last;
  return result;
}

void PartitionLog::noteStored(const BatchHeader& header) {
  producers_->update(header);
  logEndOffset_ = header.nextOffset();
  const auto latest = epochs_->latest();
  if (header.partitionLeaderEpoch >= 0 && (!latest || header.partitionLeaderEpoch > latest->epoch)) {
    (void)epochs_->assign(header.partitionLeaderEpoch, header.baseOffset);
  }
  if (auto saved = epochs_->save(); !saved) log_.warn("{}: {}", name_, saved.error().context());
}

AppendResult PartitionLog::appendAsLeader(const Buffer& bytes, const AppendOptions& options) {
  AppendResult result{.logStartOffset = logStartOffset_};
  BatchValidation found = validateForAppend(bytes, options, config_, name_);
  if (found.error) {
    result.error = std::move(found.error);
    result.recordErrors = std::move(found.recordErrors);
    result.tellMessage = !result.recordErrors.empty();
    // Only errors about the records themselves carry the log's start, as Kafka answers them.
    const ErrorCode code = result.error.code();
    if (code == ErrorCode::MessageTooLarge || code == ErrorCode::CorruptMessage) result.logStartOffset = -1;
    return result;
  }
  std::int64_t next = logEndOffset_;
  for (StampedBatch& batch : found.batches) {
    if (options.origin == AppendOrigin::Client && batch.header.hasProducerId()) {
      SequenceVerdict verdict = producers_->check(batch.header);
      if (verdict.error) {
        result.error = Error(verdict.error.code(), name_ + ": " + verdict.error.context());
        return result;
      }
      if (verdict.duplicate) {
        result.duplicate = true;
        result.baseOffset = verdict.duplicate->firstOffset();
        result.lastOffset = verdict.duplicate->lastOffset;
        result.logAppendTime = verdict.duplicate->timestamp;
        return result;
      }
    }
    batch.header.baseOffset = next;
    batch.header.partitionLeaderEpoch = options.leaderEpoch;
    batch.stamp();
    next = batch.header.nextOffset();
  }
  result = appendBatches(found.batches, options.nowMillis);
  if (!result.error && config_.messageTimestampType == TimestampType::LogAppendTime) result.logAppendTime = options.nowMillis;
  return result;
}

AppendResult PartitionLog::appendAsFollower(const Buffer& bytes, std::int64_t nowMillis) {
  AppendResult result{.logStartOffset = logStartOffset_};
  std::vector<StampedBatch> batches;
  std::int64_t next = logEndOffset_;
  record::BatchReader reader(bytes);
  for (;;) {
    auto batch = reader.next();
    if (batch && *batch && (*batch)->header().baseOffset < next)
      batch = fail(ErrorCode::CorruptMessage, fmt::format("{}: offset {} comes behind {}", name_, (*batch)->header().baseOffset, next));
    if (batch && *batch)
      if (auto crc = (*batch)->checkCrc(); !crc) batch = fail(crc.error());
    if (!batch) {
      result.error = batch.error();
      return result;
    }
    if (!*batch) break;
    batches.push_back({.bytes = (*batch)->bytes(), .header = (*batch)->header()});
    batches.back().stamp();
    next = batches.back().header.nextOffset();
  }
  if (batches.empty()) return result;
  return appendBatches(batches, nowMillis);
}

Status PartitionLog::rollIfNeeded(std::size_t bytes, std::int64_t maxTimestamp, std::int64_t lastOffset, std::int64_t nowMillis) {
  const Segment::RollRules rules{.segmentBytes = static_cast<std::uint64_t>(config_.segmentBytes),
                                 .segmentMs = config_.segmentMs - config_.segmentJitterMs,
                                 .maxIndexBytes = static_cast<std::size_t>(config_.segmentIndexBytes)};
  if (!active().shouldRoll(rules, bytes, maxTimestamp, lastOffset, nowMillis)) return {};
  return rollTo(logEndOffset_, nowMillis);
}

Status PartitionLog::roll(std::int64_t nowMillis) { return active().size() == 0 ? Status() : rollTo(logEndOffset_, nowMillis); }

Status PartitionLog::rollTo(std::int64_t baseOffset, std::int64_t nowMillis) {
  Segment& old = active();
  if (baseOffset == old.baseOffset()) return {};  // it is empty: a new one would be the same
  KLAMM_TRY(old.becomeInactive());
  KLAMM_TRY_ASSIGN(auto file, old.file());
  auto segment = std::make_unique<Segment>(disk_, folder_, baseOffset, static_cast<std::uint32_t>(config_.indexIntervalBytes));
  segment->setActive(true);
  KLAMM_TRY(segment->create(nowMillis));
  unsynced_.push_back(std::move(file));
  old.setActive(false);
  segments_.emplace(baseOffset, std::move(segment));
  namesUnsynced_ = true;
  producers_->setMapEndOffset(baseOffset);
  return producers_->takeSnapshot();
}

Status PartitionLog::dropSegment(std::int64_t baseOffset) {
  const auto place = segments_.find(baseOffset);
  if (place == segments_.end()) return {};
  KLAMM_TRY_ASSIGN(const auto renamed, place->second->markDeleted());
  deletedFiles_.insert(deletedFiles_.end(), renamed.begin(), renamed.end());
  segments_.erase(place);
  return producers_->removeSnapshot(baseOffset);
}

Status PartitionLog::truncateTo(std::int64_t offset) {
  if (offset >= logEndOffset_) return {};
  if (offset < segments_.begin()->first) return truncateFullyAndStartAt(offset);
  while (segments_.rbegin()->first > offset) KLAMM_TRY(dropSegment(segments_.rbegin()->first));
  active().setActive(true);
  KLAMM_TRY(active().truncateTo(offset).map([](std::uint64_t) {}));
  KLAMM_TRY_ASSIGN(logEndOffset_, active().readNextOffset());
  recoveryPoint_ = std::min(recoveryPoint_, logEndOffset_);
  highWatermark_ = std::min(highWatermark_, logEndOffset_);
  if (epochs_->truncateFromEnd(logEndOffset_)) KLAMM_TRY(epochs_->save());
  return LogLoader::restoreProducers(*this, 0);
}

Status PartitionLog::truncateFullyAndStartAt(std::int64_t offset) {
  while (!segments_.empty()) KLAMM_TRY(dropSegment(segments_.rbegin()->first));
  auto segment = std::make_unique<Segment>(disk_, folder_, offset, static_cast<std::uint32_t>(config_.indexIntervalBytes));
  segment->setActive(true);
  KLAMM_TRY(segment->create(0));
  namesUnsynced_ = true;
  segments_.emplace(offset, std::move(segment));
  logStartOffset_ = logEndOffset_ = highWatermark_ = recoveryPoint_ = offset;
  epochs_->clear();
  KLAMM_TRY(epochs_->save());
  producers_->clear();
  producers_->setMapEndOffset(offset);
  return {};
}

Status PartitionLog::advanceLogStartOffset(std::int64_t offset) {
  if (offset <= logStartOffset_) return {};
  if (offset > highWatermark_) {
    return fail(ErrorCode::OffsetOutOfRange, fmt::format("{}: the log cannot begin at {}, above the high watermark {}", name_, offset,
                                                         highWatermark_));
  }
  logStartOffset_ = offset;
  // A segment goes when the next one begins at or below the new start; the active one stays.
  while (segments_.size() > 1 && std::next(segments_.begin())->first <= offset) KLAMM_TRY(dropSegment(segments_.begin()->first));
  if (epochs_->truncateFromStart(offset)) KLAMM_TRY(epochs_->save());
  return {};
}

Status PartitionLog::startLeaderEpoch(std::int32_t epoch) {
  const auto latest = epochs_->latest();
  if (latest && latest->epoch >= epoch) return {};
  (void)epochs_->assign(epoch, logEndOffset_);  // the file learns of it with its first record
  return {};
}

std::int64_t PartitionLog::setHighWatermark(std::int64_t offset) noexcept {
  highWatermark_ = std::clamp(offset, logStartOffset_, logEndOffset_);
  return highWatermark_;
}

// --- reading ---------------------------------------------------------------------------------------------------------

Segment* PartitionLog::segmentFor(std::int64_t offset) {
  auto behind = segments_.upper_bound(offset);
  return behind == segments_.begin() ? nullptr : std::prev(behind)->second.get();
}

Result<ReadResult> PartitionLog::read(std::int64_t offset, std::size_t maxBytes, std::int64_t upTo, bool minOneMessage) {
  if (offset < logStartOffset_ || offset > logEndOffset_) {
    return fail(ErrorCode::OffsetOutOfRange,
                fmt::format("{}: offset {} lies outside [{}, {}]", name_, offset, logStartOffset_, logEndOffset_));
  }
  ReadResult result{.logStartOffset = logStartOffset_};
  if (offset >= upTo || (maxBytes == 0 && !minOneMessage)) return result;
  auto place = segments_.upper_bound(offset);
  if (place != segments_.begin()) --place;
  for (; place != segments_.end(); ++place) {
    Segment& segment = *place->second;
    KLAMM_TRY_ASSIGN(const auto first, segment.find(offset));
    if (!first) continue;  // compaction left a gap at this segment's end
    std::uint64_t end = segment.size();
    const auto next = std::next(place);
    if (upTo < logEndOffset_ && (next == segments_.end() || next->first > upTo)) {
      KLAMM_TRY_ASSIGN(const auto limit, segment.find(upTo));
      if (limit) end = limit->position;
    }
    if (end <= first->position) return result;
    std::uint64_t length = std::min<std::uint64_t>(end - first->position, maxBytes);
    if (minOneMessage) length = std::min(end - first->position, std::max<std::uint64_t>(length, first->size));
    if (length == 0) return result;
    KLAMM_TRY_ASSIGN(auto part, segment.range(first->position, length));
    result.records.add(std::move(part));
    return result;
  }
  return result;
}

Status PartitionLog::forEachBatch(std::int64_t offset, const std::function<Status(const RecordBatchView&)>& visit) {
  for (auto place = segments_.begin(); place != segments_.end(); ++place) {
    const auto next = std::next(place);
    if (next != segments_.end() && next->first <= offset) continue;
    Segment& segment = *place->second;
    KLAMM_TRY_ASSIGN(const auto first, segment.find(std::max(offset, segment.baseOffset())));
    if (first) KLAMM_TRY(segment.forEachBatch(first->position, visit));
  }
  return {};
}

Result<std::optional<TimestampAndOffset>> PartitionLog::offsetForTimestamp(std::int64_t timestamp) {
  for (const auto& [base, segment] : segments_) {
    if (segment->largestTimestamp() < timestamp) continue;
    KLAMM_TRY_ASSIGN(const auto found, segment->findTimestamp(timestamp, logStartOffset_));
    if (found) return TimestampAndOffset{found->timestamp, found->offset, found->leaderEpoch};
  }
  return std::nullopt;
}

Result<std::optional<TimestampAndOffset>> PartitionLog::maxTimestampOffset() {
  Segment* youngest = nullptr;
  for (const auto& [base, segment] : segments_)
    if (segment->size() > 0 && (youngest == nullptr || segment->largestTimestamp() > youngest->largestTimestamp())) youngest = segment.get();
  if (youngest == nullptr) return std::nullopt;
  KLAMM_TRY_ASSIGN(const auto place, youngest->find(youngest->shallowOffsetOfLargestTimestamp()));
  if (!place) return std::nullopt;
  KLAMM_TRY_ASSIGN(const auto found, youngest->findTimestamp(youngest->largestTimestamp(), std::max(logStartOffset_, place->baseOffset)));
  if (!found) return std::nullopt;
  return TimestampAndOffset{found->timestamp, found->offset, found->leaderEpoch};
}

std::uint64_t PartitionLog::sizeInBytes() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [base, segment] : segments_) sum += segment->size();
  return sum;
}

// --- keeping ---------------------------------------------------------------------------------------------------------

Status FlushJob::run() const {
  for (const auto& file : files) KLAMM_TRY(file->sync());
  return names ? disk->syncFolder(logFolder) : Status();
}

std::optional<FlushJob> PartitionLog::prepareFlush(FlushScope scope) {
  const bool all = scope == FlushScope::All;
  const std::int64_t upTo = all ? logEndOffset_ : active().baseOffset();
  if (upTo <= recoveryPoint_ && unsynced_.empty() && !namesUnsynced_) return std::nullopt;
  FlushJob job{.files = unsynced_, .logFolder = folder_, .names = namesUnsynced_, .upTo = upTo, .disk = &disk_};
  if (all) {
    if (auto file = active().file()) job.files.push_back(*file);
  }
  return job;
}

void PartitionLog::flushed(const FlushJob& job) {
  std::erase_if(unsynced_, [&](const auto& file) { return std::find(job.files.begin(), job.files.end(), file) != job.files.end(); });
  recoveryPoint_ = std::max(recoveryPoint_, std::min(job.upTo, logEndOffset_));
  if (job.names && unsynced_.empty()) namesUnsynced_ = false;
}

Status PartitionLog::flush() {
  const auto job = prepareFlush();
  if (!job) return {};
  KLAMM_TRY(job->run());
  flushed(*job);
  return {};
}

Status PartitionLog::close() {
  if (broken_) return fail(broken_);
  KLAMM_TRY(active().becomeInactive());
  producers_->setMapEndOffset(logEndOffset_);
  KLAMM_TRY(producers_->takeSnapshot());
  // One whose file could not be written with its first record; an epoch without a record needs none.
  if (const auto epoch = epochs_->latest(); epoch && epoch->startOffset < logEndOffset_) KLAMM_TRY(epochs_->save());
  KLAMM_TRY(flush());
  for (const auto& [base, segment] : segments_) segment->closeFiles();
  return {};
}

Result<std::string> PartitionLog::markDeleted(const Uuid& unique) {
  for (const auto& [base, segment] : segments_) segment->closeFiles();
  unsynced_.clear();
  constexpr std::size_t kLongestName = 255;
  const std::string suffix = fmt::format(".{:016x}{:016x}-delete", unique.high, unique.low);
  const std::size_t slash = folder_.rfind('/') + 1;
  const std::string target = folder_.substr(0, slash) + folder_.substr(slash, kLongestName - suffix.size()) + suffix;
  KLAMM_TRY(disk_.rename(folder_, target));
  folder_ = target;
  broken_ = Error(ErrorCode::KafkaStorageError, name_ + " was deleted");
  return target;
}

std::vector<std::string> PartitionLog::takeDeletedFiles() { return std::exchange(deletedFiles_, {}); }

}  // namespace klamm::broker::log
