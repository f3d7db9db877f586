#include "replica/replica_manager.h"

#include <algorithm>

#include <fmt/format.h>

#include "replica/delayed_fetch.h"

namespace klamm::broker {

namespace {
constexpr Millis kHousekeepingEvery{5'000};
}

/// Waits until an append is committed. Threading: the manager's.
struct ReplicaManager::WaitingAppend final : DelayedOperation {
  WaitingAppend(ReplicaManager& owner, TopicPartition where, log::AppendResult appended, AppendCallback callback)
      : manager(owner), partition(std::move(where)), result(std::move(appended)), done(std::move(callback)) {}

  bool tryComplete() override {
    const Partition* found = manager.find(partition);
    const auto committed = found != nullptr ? found->isCommitted(result.lastOffset + 1) : Result<bool>(fail(ErrorCode::NotLeaderOrFollower));
    if (committed && !*committed) return false;
    if (!committed) refuse(committed.error());
    done(std::move(result));
    return true;
  }
  void expire() override {
    if (tryComplete()) return;
    refuse({ErrorCode::RequestTimedOut, fmt::format("{}: not all replicas in sync had the records in time", partition.toString())});
    done(std::move(result));
  }
  void refuse(Error error) {
    result.error = std::move(error);
    result.baseOffset = result.lastOffset = -1;
  }

  ReplicaManager& manager;
  TopicPartition partition;
  log::AppendResult result;
  AppendCallback done;
};

ReplicaManager::ReplicaManager(const Options& options, log::LogManager& logs, log::DiskWorker& worker, net::Loop& loop,
                               Random& random)
    : options_(options), logs_(logs), worker_(worker), loop_(loop), fetchSessions_(options.fetchSessionSlots, random) {}

ReplicaManager::~ReplicaManager() {
  if (timer_ != 0) loop_.cancel(timer_);
  if (housekeeping_ != 0) loop_.cancel(housekeeping_);
}

void ReplicaManager::startHousekeeping() {
  housekeeping_ = loop_.schedule(loop_.now() + kHousekeepingEvery, [this] {
    logs_.housekeep(worker_);
    startHousekeeping();
  });
}

// --- what the metadata say ---------------------------------------------------------------------------------------------

Status ReplicaManager::apply(const PartitionAssignment& assignment, const log::LogConfig& config) {
  const auto& replicas = assignment.replicas;
  if (std::find(replicas.begin(), replicas.end(), options_.brokerId) == replicas.end()) return {};
  auto found = partitions_.find(assignment.partition);
  if (found != partitions_.end() && found->second->topicId() != assignment.topicId) {
    // The topic was deleted and made anew while nobody looked.
    KLAMM_TRY(remove(assignment.partition));
    found = partitions_.end();
  }
  if (found == partitions_.end()) {
    auto log = logs_.openLog(assignment.partition, assignment.topicId, config);
    if (!log && log.error().code() == ErrorCode::InconsistentTopicId) {
      options_.log.warn("{}: its folder goes, the topic was deleted and made anew: {}", assignment.partition.toString(), log.error().context());
      KLAMM_TRY(logs_.remove(assignment.partition, worker_));
      log = logs_.openLog(assignment.partition, assignment.topicId, config);
    }
    if (!log) return fail(log.error());
    auto made = std::make_unique<Partition>(options_.brokerId, assignment.partition, assignment.topicId, **log);
    found = partitions_.emplace(assignment.partition, std::move(made)).first;
    topicOfId_[assignment.topicId] = assignment.partition.topic;
    if (housekeeping_ == 0) startHousekeeping();
  }
  Partition& partition = *found->second;
  const std::int32_t epoch = partition.leaderEpoch();
  const bool led = partition.isLeader();
  KLAMM_TRY(partition.apply(assignment));
  if (led && (!partition.isLeader() || partition.leaderEpoch() != epoch)) purgatory_.expireAll(&partition);
  progressed(partition);
  return {};
}

void ReplicaManager::setConfig(const std::string& topic, const log::LogConfig& config) {
  for (auto place = partitions_.lower_bound({topic, 0}); place != partitions_.end() && place->first.topic == topic; ++place)
    place->second->log().setConfig(config);
}

Status ReplicaManager::remove(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  if (found != partitions_.end()) {
    const std::unique_ptr<Partition> gone = std::move(found->second);
    partitions_.erase(found);
    const bool last = std::none_of(partitions_.begin(), partitions_.end(),
                                   [&](const auto& item) { return item.second->topicId() == gone->topicId(); });
    if (last) topicOfId_.erase(gone->topicId());
    gone->resign();
    purgatory_.expireAll(gone.get());
  }
  return logs_.remove(partition, worker_);
}

void ReplicaManager::removeStrays(const std::function<bool(const TopicPartition&)>& isKnown) {
  for (const TopicPartition& partition : logs_.foldersOnDisk()) {
    if (isKnown(partition)) continue;
    options_.log.warn("{}: the metadata do not know this folder, it is removed", partition.toString());
    if (auto removed = remove(partition); !removed) options_.log.warn("{}: {}", partition.toString(), removed.error().context());
  }
}

Partition* ReplicaManager::find(const TopicPartition& partition) noexcept {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

Partition* ReplicaManager::find(const Uuid& topicId, std::int32_t partition) noexcept {
  const auto topic = topicOfId_.find(topicId);
  return topic == topicOfId_.end() ? nullptr : find(TopicPartition{topic->second, partition});
}

std::vector<Partition*> ReplicaManager::partitions() {
  std::vector<Partition*> all;
  all.reserve(partitions_.size());
  for (auto& [name, partition] : partitions_) all.push_back(partition.get());
  return all;
}

// --- requests ------------------------------------------------------------------------------------------------------------

void ReplicaManager::append(const TopicPartition& where, const Buffer& batches, const AppendParams& params, AppendCallback done) {
  if (params.requiredAcks < -1 || params.requiredAcks > 1) {
    done({.error = Error(ErrorCode::InvalidRequiredAcks, fmt::format("acks={}", params.requiredAcks))});
    return;
  }
  Partition* partition = find(where);
  if (partition == nullptr) {
    done({.error = Error(ErrorCode::UnknownTopicOrPartition, where.toString())});
    return;
  }
  log::AppendResult result = partition->append(batches, params.origin, params.requiredAcks, loop_.clock().wallMillis());
  if (result.error) {
    done(std::move(result));
    return;
  }
  const bool stored = !result.duplicate;
  const auto committed = params.requiredAcks == -1 ? partition->isCommitted(result.lastOffset + 1) : Result<bool>(true);
  if (committed && *committed) {
    done(std::move(result));
  } else {
    auto waiting = std::make_unique<WaitingAppend>(*this, where, std::move(result), std::move(done));
    if (!waiting->tryComplete()) {
      purgatory_.add(std::move(waiting), {partition}, loop_.now() + params.timeout);
      schedule();
    }
  }
  // The producer has its answer first; it may have led to anything, so the partition is looked for again.
  if (stored)
    if (Partition* still = find(where)) progressed(*still);
}

void ReplicaManager::fetch(const FetchParams& params, std::vector<FetchPartition> wanted, FetchCallback done) {
  auto operation = std::make_unique<DelayedFetch>(*this, params, std::move(wanted), std::move(done));
  const bool full = purgatory_.size() >= options_.maxWaitingFetches;
  if (params.maxWait <= Millis(0) || full) {
    operation->expire();
    return;
  }
  if (operation->readAndMaybeAnswer()) return;
  std::vector<Purgatory::Key> keys = operation->keys();
  purgatory_.add(std::move(operation), std::move(keys), loop_.now() + params.maxWait);
  schedule();
}

FetchedPartition ReplicaManager::readOne(const FetchParams& params, const FetchPartition& wanted, std::uint64_t budget, bool minOneMessage) {
  const auto refused = [](ErrorCode code) { return FetchedPartition{.error = code}; };
  Partition* partition = find(wanted.partition);
  if (partition == nullptr) return refused(ErrorCode::UnknownTopicOrPartition);
  if (!wanted.topicId.isZero() && wanted.topicId != partition->topicId()) return refused(ErrorCode::InconsistentTopicId);
  if (const ErrorCode error = partition->checkLeader(wanted.currentLeaderEpoch); error != ErrorCode::None) return refused(error);
  const bool follower = params.replicaId >= 0;
  if (follower && !partition->isFollower(params.replicaId)) return refused(ErrorCode::NotLeaderOrFollower);

  log::PartitionLog& log = partition->log();
  FetchedPartition result{.highWatermark = log.highWatermark(), .lastStableOffset = log.lastStableOffset(), .logStartOffset = log.logStartOffset()};
  if (wanted.lastFetchedEpoch) {
    const log::EpochEntry end = log.leaderEpochs().endOffsetFor(*wanted.lastFetchedEpoch, log.logEndOffset());
    if (end.epoch < 0) return refused(ErrorCode::OffsetOutOfRange);
    if (end.epoch < *wanted.lastFetchedEpoch || end.startOffset < wanted.fetchOffset) {
      result.divergingEpoch = DivergingEpoch{end.epoch, end.startOffset};
      return result;
    }
  }
  const bool committed = params.isolation == IsolationLevel::ReadCommitted;
  constexpr std::int32_t kDebuggingConsumer = -2;
  const std::int64_t upTo = follower || params.replicaId == kDebuggingConsumer ? log.logEndOffset()
                            : committed                                       ? log.lastStableOffset()
                                                                              : log.highWatermark();
  const auto most = std::min<std::uint64_t>(budget, static_cast<std::uint64_t>(std::max(0, wanted.maxBytes)));
  auto read = log.read(wanted.fetchOffset, most, upTo, minOneMessage);
  if (!read) {
    if (read.error().code() == ErrorCode::OffsetOutOfRange) return refused(ErrorCode::OffsetOutOfRange);
    options_.log.error("{}: fetch at {}: {}", log.name(), wanted.fetchOffset, read.error().context());
    return refused(read.error().code());
  }
  if (follower && partition->followerFetched(params.replicaId, wanted.fetchOffset)) {
    result.highWatermark = log.highWatermark();
    wokenByFollowers_.push_back(wanted.partition);
  }
  result.records = std::move(read->records);
  return result;
}

void ReplicaManager::wakeAfterFollowers() {
  for (const TopicPartition& where : std::exchange(wokenByFollowers_, {}))
    if (Partition* partition = find(where)) purgatory_.wake(partition);
}

Result<ListedOffset> ReplicaManager::listOffset(const TopicPartition& where, std::int64_t timestamp, std::optional<IsolationLevel> isolation,
                                                std::optional<std::int32_t> leaderEpoch) {
  constexpr std::int64_t kLatest = -1, kEarliest = -2, kMaxTimestamp = -3, kEarliestLocal = -4, kLatestTiered = -5, kEarliestPendingUpload = -6;
  Partition* partition = find(where);
  if (partition == nullptr) return fail(ErrorCode::UnknownTopicOrPartition, where.toString());
  if (const ErrorCode error = partition->checkLeader(leaderEpoch); error != ErrorCode::None) return fail(error, where.toString());
  log::PartitionLog& log = partition->log();
  const std::int64_t fetchable = !isolation                                        ? log.logEndOffset()
                                 : *isolation == IsolationLevel::ReadCommitted ? log.lastStableOffset()
                                                                               : log.highWatermark();
  // Right after an election the high watermark may lag behind what was promised before: no end is named until it has caught up.
  const bool endUnknown = isolation && log.highWatermark() < partition->epochStartOffset();
  switch (timestamp) {
    case kLatest:
      if (endUnknown) return fail(ErrorCode::OffsetNotAvailable, where.toString());
      return ListedOffset{-1, fetchable, partition->leaderEpoch()};
    case kEarliest:
    case kEarliestLocal: return ListedOffset{-1, log.logStartOffset(), log.leaderEpochs().epochOf(log.logStartOffset())};
    case kLatestTiered:
    case kEarliestPendingUpload: return ListedOffset{};
    default: break;
  }
  KLAMM_TRY_ASSIGN(const auto found, timestamp == kMaxTimestamp ? log.maxTimestampOffset() : log.offsetForTimestamp(timestamp));
  if (found && found->offset < fetchable) return ListedOffset{found->timestamp, found->offset, found->leaderEpoch};
  if (endUnknown) return fail(ErrorCode::OffsetNotAvailable, where.toString());
  return ListedOffset{};
}

Result<EpochEndOffset> ReplicaManager::epochEndOffset(const TopicPartition& where, std::optional<std::int32_t> currentLeaderEpoch,
                                                      std::int32_t leaderEpoch) {
  Partition* partition = find(where);
  if (partition == nullptr) return fail(ErrorCode::UnknownTopicOrPartition, where.toString());
  if (const ErrorCode error = partition->checkLeader(currentLeaderEpoch); error != ErrorCode::None) return fail(error, where.toString());
  const log::EpochEntry end = partition->log().leaderEpochs().endOffsetFor(leaderEpoch, partition->logEndOffset());
  return EpochEndOffset{end.epoch, end.startOffset};
}

Result<std::int64_t> ReplicaManager::deleteRecords(const TopicPartition& where, std::int64_t offset) {
  Partition* partition = find(where);
  if (partition == nullptr) return fail(ErrorCode::UnknownTopicOrPartition, where.toString());
  KLAMM_TRY_ASSIGN(const std::int64_t start, partition->deleteRecordsBefore(offset));
  progressed(*partition);
  return start;
}

void ReplicaManager::flush(const TopicPartition& where, InlineFunction<void(Status), 64> done) {
  Partition* partition = find(where);
  if (partition == nullptr) {
    done(fail(ErrorCode::UnknownTopicOrPartition, where.toString()));
    return;
  }
  auto job = partition->log().prepareFlush();
  if (!job) {
    done({});
    return;
  }
  struct Flushing {
    TopicPartition partition;
    log::FlushJob job;
    InlineFunction<void(Status), 64> done;
  };
  auto shared = std::make_shared<Flushing>(Flushing{where, *std::move(job), std::move(done)});
  worker_.run([shared] { return shared->job.run(); },
              [this, shared](Status outcome) {
                Partition* still = find(shared->partition);
                if (outcome && still != nullptr && still->log().folder() == shared->job.logFolder) still->log().flushed(shared->job);
                shared->done(std::move(outcome));
              });
}

void ReplicaManager::close() {
  purgatory_.expireAll();
  for (auto& [name, partition] : partitions_) partition->resign();
  partitions_.clear();
  topicOfId_.clear();
  if (housekeeping_ != 0) loop_.cancel(std::exchange(housekeeping_, 0));
}

void ReplicaManager::progressed(Partition& partition) { purgatory_.wake(&partition); }

void ReplicaManager::schedule() {
  const auto next = purgatory_.nextDeadline();
  if (!next || (timer_ != 0 && timerAt_ <= *next)) return;
  if (timer_ != 0) loop_.cancel(timer_);
  timerAt_ = *next;
  timer_ = loop_.schedule(*next, [this] {
    timer_ = 0;
    purgatory_.expire(loop_.now());
    schedule();
  });
}

}  // namespace klamm::broker
