#include "log/log_loader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace klamm::broker::log {

using record::BatchHeader;

namespace {

/// How far back batches are looked for that a snapshot does not name: five requests of the usual largest size.
constexpr std::uint64_t kRecalledBytes = std::uint64_t{5} * 1024 * 1024;

constexpr std::string_view kTopicIdLine = "topic_id: ";

/// `partition.metadata`: "version: 0", "topic_id: <22 characters>".
std::optional<Uuid> topicIdIn(std::string_view text) {
  const std::size_t at = text.find(kTopicIdLine);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + kTopicIdLine.size());
  const auto id = Uuid::parse(text.substr(0, text.find_first_of("\r\n")));
  return id ? std::optional<Uuid>(*id) : std::nullopt;
}

}  // namespace

Status LogLoader::load() {
  KLAMM_TRY(log_.disk_.createFolder(log_.folder_));
  KLAMM_TRY(checkTopicId());
  KLAMM_TRY_ASSIGN(auto entries, log_.disk_.list(log_.folder_));
  KLAMM_TRY(finishSwaps(entries));
  KLAMM_TRY(removeLeftovers(entries));
  KLAMM_TRY(openSegments(entries));
  log_.logStartOffset_ = std::max(options_.logStartOffset, log_.segments_.begin()->first);
  if (!options_.cleanShutdown) KLAMM_TRY(recoverTail());
  KLAMM_TRY(findLogEnd());
  log_.recoveryPoint_ = options_.cleanShutdown ? log_.logEndOffset_ : std::min(options_.recoveryPoint, log_.logEndOffset_);
  log_.highWatermark_ = log_.logStartOffset_;
  KLAMM_TRY(loadEpochs());
  log_.producers_->listSnapshots(entries);
  KLAMM_TRY(restoreProducers(log_, options_.nowMillis));
  std::vector<std::int64_t> bases;
  for (const auto& [base, segment] : log_.segments_) bases.push_back(base);
  log_.producers_->removeStraySnapshots(bases);
  return {};
}

Status LogLoader::checkTopicId() {
  const std::string path = log_.folder_ + "/partition.metadata";
  const auto text = log_.disk_.readText(path);
  const auto stored = text ? topicIdIn(*text) : std::nullopt;
  if (stored && log_.topicId_.isZero()) log_.topicId_ = *stored;
  if (log_.topicId_.isZero() || stored == log_.topicId_) return {};
  if (stored && !stored->isZero()) {
    return fail(ErrorCode::InconsistentTopicId, fmt::format("folder '{}' belongs to topic id {}, not to {}", log_.folder_,
                                                            stored->toString(), log_.topicId_.toString()));
  }
  return log_.disk_.replace(path, asBytes(fmt::format("version: 0\n{}{}", kTopicIdLine, log_.topicId_.toString())), false);
}

Status LogLoader::finishSwaps(std::vector<FolderEntry>& entries) {
  // Kafka's cleaner renames the segments that it has merged to .deleted and only then the merged one from .swap: where the
  // old ones are gone the .swap file is the only copy of the records.
  bool renamed = false;
  for (const FolderEntry& entry : entries) {
    const auto base = entry.isFolder ? std::nullopt : offsetOfFileName(entry.name, ".log.swap");
    if (!base) continue;
    const std::string target = log_.folder_ + "/" + segmentFileName(*base, ".log");
    if (log_.disk_.exists(target)) continue;
    log_.log_.info("{}: finishing the swap of segment {}", log_.name_, *base);
    KLAMM_TRY(log_.disk_.rename(log_.folder_ + "/" + entry.name, target));
    renamed = true;
  }
  if (!renamed) return {};
  KLAMM_TRY_ASSIGN(entries, log_.disk_.list(log_.folder_));
  return {};
}

Status LogLoader::removeLeftovers(std::vector<FolderEntry>& entries) {
  std::set<std::int64_t> segments;
  for (const FolderEntry& entry : entries)
    if (const auto base = offsetOfFileName(entry.name, ".log")) segments.insert(*base);
  const auto isLeftover = [&](const std::string& name) {
    for (const char* suffix : {".deleted", ".cleaned", ".tmp", ".swap"})
      if (name.ends_with(suffix)) return true;
    for (const char* suffix : {".index", ".timeindex", ".txnindex"})
      if (const auto base = offsetOfFileName(name, suffix)) return !segments.contains(*base);
    return false;
  };
  for (const FolderEntry& entry : entries) {
    if (entry.isFolder || !isLeftover(entry.name)) continue;
    log_.log_.info("{}: removing the left-over file {}", log_.name_, entry.name);
    KLAMM_TRY(log_.disk_.remove(log_.folder_ + "/" + entry.name));
  }
  return {};
}

Status LogLoader::openSegments(const std::vector<FolderEntry>& entries) {
  for (const FolderEntry& entry : entries) {
    const auto base = offsetOfFileName(entry.name, ".log");
    if (!base || entry.isFolder) continue;
    auto segment = std::make_unique<Segment>(log_.disk_, log_.folder_, *base, static_cast<std::uint32_t>(log_.config_.indexIntervalBytes));
    segment->takeExisting(entry.size, options_.nowMillis);
    log_.segments_.emplace(*base, std::move(segment));
  }
  if (log_.segments_.empty()) return startEmptyAt(std::max<std::int64_t>(0, options_.logStartOffset));
  log_.active().setActive(true);
  return {};
}

Status LogLoader::startEmptyAt(std::int64_t offset) {
  auto segment = std::make_unique<Segment>(log_.disk_, log_.folder_, offset, static_cast<std::uint32_t>(log_.config_.indexIntervalBytes));
  segment->setActive(true);
  KLAMM_TRY(segment->create(options_.nowMillis));
  log_.namesUnsynced_ = true;
  log_.segments_.clear();
  log_.segments_.emplace(offset, std::move(segment));
  return {};
}

Status LogLoader::recoverTail() {
  auto place = log_.segments_.upper_bound(options_.recoveryPoint);
  if (place != log_.segments_.begin()) --place;
  for (; place != log_.segments_.end(); ++place) {
    Segment& segment = *place->second;
    KLAMM_TRY_ASSIGN(const std::uint64_t cut, segment.recover([this](const BatchHeader& header) {
      if (recovered_.empty() || header.partitionLeaderEpoch > recovered_.back().epoch)
        recovered_.push_back({header.partitionLeaderEpoch, header.baseOffset});
    }));
    const bool last = std::next(place) == log_.segments_.end();
    if (!last) KLAMM_TRY(segment.becomeInactive());
    if (cut == 0) continue;
    log_.log_.warn("{}: cut {} bytes of a torn tail behind position {} of segment {}", log_.name_, cut, segment.size(), segment.baseOffset());
    // What follows the tear cannot be reached by a reader without a hole: it goes.
    const std::int64_t kept = segment.baseOffset();
    while (log_.segments_.rbegin()->first > kept) {
      log_.log_.warn("{}: removing segment {} behind the tear", log_.name_, log_.segments_.rbegin()->first);
      KLAMM_TRY(log_.dropSegment(log_.segments_.rbegin()->first));
    }
    segment.setActive(true);
    break;
  }
  return {};
}

Status LogLoader::findLogEnd() {
  auto end = log_.active().readNextOffset();
  if (!end && end.error().code() == ErrorCode::CorruptMessage) {
    log_.log_.warn("{}: {}; the last segment is checked as after a kill", log_.name_, end.error().context());
    KLAMM_TRY(log_.active().recover([](const BatchHeader&) {}).map([](std::uint64_t) {}));
    end = log_.active().readNextOffset();
  }
  if (!end) return fail(end.error());
  log_.logEndOffset_ = *end;
  if (log_.logEndOffset_ >= log_.logStartOffset_) return {};
  log_.log_.warn("{}: ends at {}, before its start {}: all of it goes", log_.name_, log_.logEndOffset_, log_.logStartOffset_);
  while (!log_.segments_.empty()) KLAMM_TRY(log_.dropSegment(log_.segments_.rbegin()->first));
  KLAMM_TRY(startEmptyAt(log_.logStartOffset_));
  log_.logEndOffset_ = log_.logStartOffset_;
  return {};
}

Status LogLoader::loadEpochs() {
  LeaderEpochs& epochs = *log_.epochs_;
  bool changed = false;
  if (!epochs.load() && log_.logEndOffset_ > log_.segments_.begin()->first) {
    log_.log_.info("{}: leader-epoch-checkpoint is absent or damaged: built from the batches", log_.name_);
    for (const auto& [base, segment] : log_.segments_) {
      KLAMM_TRY(segment->forEachHeader(0, [&](const BatchHeader& header, std::uint64_t) {
        const auto latest = epochs.latest();
        if (!latest || header.partitionLeaderEpoch > latest->epoch)
          changed |= epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
        return true;
      }));
    }
  }
  // The checkpoint may be older than the batches, when power was lost.
  for (const EpochEntry& entry : recovered_) {
    const auto latest = epochs.latest();
    if (!latest || entry.epoch > latest->epoch) changed |= epochs.assign(entry.epoch, entry.startOffset);
  }
  (void)epochs.truncateFromEnd(log_.logEndOffset_);
  changed |= epochs.truncateFromStart(log_.logStartOffset_);
  return changed ? epochs.save() : Status();
}

void LogLoader::recallBatches(PartitionLog& log, std::int64_t covered) {
  if (log.producers_->all().empty()) return;
  // Back to the segment in which the last kRecalledBytes before `covered` begin.
  auto place = log.segments_.lower_bound(covered);
  if (place == log.segments_.begin()) return;
  std::uint64_t bytes = (--place)->second->size();
  while (bytes < kRecalledBytes && place != log.segments_.begin()) bytes += (--place)->second->size();
  std::uint64_t position = 0;
  for (std::int64_t back = 64; bytes > kRecalledBytes; back *= 4) {
    const std::int64_t offset = std::max(place->first, covered - back);
    const auto found = place->second->find(offset);
    const auto batch = found ? *found : std::nullopt;  // what is damaged is told by the pass below
    if (batch) position = batch->position;
    if (!batch || offset == place->first || bytes - position >= kRecalledBytes) break;
  }
  ProducerTail tail;
  for (; place != log.segments_.end() && place->first < covered; ++place, position = 0) {
    const Status read = place->second->forEachHeader(position, [&](const BatchHeader& header, std::uint64_t) {
      if (header.baseOffset < covered) tail.note(header);
      return header.baseOffset < covered;
    });
    if (read) continue;
    log.log_.warn("{}: segment {}: {}; the batches before this are not recalled: a retry of one is refused and not recognised", log.name_,
                  place->first, read.error().context());
    tail = {};
  }
  log.producers_->recall(tail);
}

Status LogLoader::restoreProducers(PartitionLog& log, std::int64_t nowMillis) {
  const std::int64_t covered = log.producers_->restore(log.logStartOffset_, log.logEndOffset_, nowMillis, log.config_.producerIdExpirationMs);
  recallBatches(log, covered);
  if (covered >= log.logEndOffset_) return {};
  for (auto place = log.segments_.begin(); place != log.segments_.end(); ++place) {
    const auto next = std::next(place);
    if (next != log.segments_.end() && next->first <= covered) continue;
    Segment& segment = *place->second;
    KLAMM_TRY_ASSIGN(const auto first, segment.find(std::max(covered, segment.baseOffset())));
    if (!first) continue;
    KLAMM_TRY(segment.forEachHeader(first->position, [&](const BatchHeader& header, std::uint64_t) {
      log.producers_->update(header);
      return true;
    }));
    if (next != log.segments_.end()) {
      log.producers_->setMapEndOffset(next->first);
      KLAMM_TRY(log.producers_->takeSnapshot());
    }
  }
  log.producers_->setMapEndOffset(log.logEndOffset_);
  return {};
}

}  // namespace klamm::broker::log
