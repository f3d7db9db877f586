#include "log/log_manager.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "log/checkpoint.h"

namespace klamm::broker::log {

namespace {

constexpr const char* kCleanShutdown = "/.kafka_cleanshutdown";
constexpr const char* kRecoveryPoints = "/recovery-point-offset-checkpoint";
constexpr const char* kStartOffsets = "/log-start-offset-checkpoint";
constexpr const char* kHighWatermarks = "/replication-offset-checkpoint";
constexpr const char* kMetadataTopic = "__cluster_metadata";

std::int64_t offsetOr(const std::map<std::string, std::int64_t>& offsets, const std::string& name, std::int64_t otherwise) {
  const auto found = offsets.find(name);
  return found == offsets.end() ? otherwise : found->second;
}

/// An idle broker writes nothing.
Status writeIfChanged(Disk& disk, LogDirectory& directory, const char* file, const std::map<std::string, std::int64_t>& offsets) {
  const auto before = directory.written.find(file);
  if (before != directory.written.end() && before->second == offsets) return {};
  KLAMM_TRY(writeOffsetCheckpoint(disk, directory.path + file, offsets, false));
  directory.written[file] = offsets;
  return {};
}

}  // namespace

struct LogManager::OpenLog {
  std::unique_ptr<PartitionLog> log;
  std::size_t directory = 0;
};

std::optional<TopicPartition> partitionOfFolder(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto partition = parseNumber(name.substr(dash + 1));
  if (!partition || *partition < 0 || *partition > INT32_MAX) return std::nullopt;
  if (fmt::format("{}", *partition) != name.substr(dash + 1)) return std::nullopt;
  return TopicPartition{std::string(name.substr(0, dash)), static_cast<std::int32_t>(*partition)};
}

LogManager::LogManager(const Options& options) : options_(options) {}

LogManager::~LogManager() = default;

Result<std::unique_ptr<LogManager>> LogManager::open(const Options& options) {
  std::unique_ptr<LogManager> manager(new LogManager(options));
  for (const std::string& path : options.directories) KLAMM_TRY(manager->openDirectory(path));
  return manager;
}

Status LogManager::openDirectory(const std::string& path) {
  Disk& disk = *options_.disk;
  KLAMM_TRY(disk.createFolder(path));
  LogDirectory directory{.path = path};
  KLAMM_TRY_ASSIGN(directory.lock, disk.lock(path + "/.lock"));
  directory.cleanShutdown = disk.exists(path + kCleanShutdown);
  // From now on the folder is in use: if this process dies, the next start must look at the logs.
  KLAMM_TRY(disk.remove(path + kCleanShutdown));
  directory.recoveryPoints = readOffsetCheckpoint(disk, path + kRecoveryPoints);
  directory.startOffsets = readOffsetCheckpoint(disk, path + kStartOffsets);
  directory.highWatermarks = readOffsetCheckpoint(disk, path + kHighWatermarks);
  KLAMM_TRY_ASSIGN(const auto entries, disk.list(path));
  for (const FolderEntry& entry : entries) {
    if (!entry.isFolder) continue;
    if (entry.name.ends_with("-delete")) leftovers_.push_back(path + "/" + entry.name);
    else if (const auto partition = partitionOfFolder(entry.name)) directory.folders.insert(*partition);
  }
  if (!directory.cleanShutdown && !directory.folders.empty())
    options_.log.info("{}: was not stopped cleanly, the tails of its logs are checked", path);
  directories_.push_back(std::move(directory));
  return {};
}

std::size_t LogManager::chooseDirectory(const TopicPartition& partition) const {
  std::size_t best = directories_.size();
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    const LogDirectory& directory = directories_[i];
    if (!directory.online) continue;
    if (directory.folders.contains(partition)) return i;
    if (best == directories_.size() || directory.folders.size() < directories_[best].folders.size()) best = i;
  }
  return best;
}

Result<PartitionLog*> LogManager::openLog(const TopicPartition& partition, const Uuid& topicId, const LogConfig& config) {
  if (PartitionLog* open = find(partition)) {
    open->setConfig(config);
    return open;
  }
  const std::size_t index = chooseDirectory(partition);
  if (index == directories_.size()) return fail(ErrorCode::KafkaStorageError, "no log directory is online");
  LogDirectory& directory = directories_[index];
  const std::string name = partition.toString();
  const bool known = directory.folders.contains(partition);
  // Checkpoints speak of folders that are there; one of a deleted topic must not be applied to its successor.
  PartitionLog::OpenOptions options{.disk = options_.disk,
                                    .folder = directory.path + "/" + name,
                                    .name = name,
                                    .topicId = topicId,
                                    .config = config,
                                    .logStartOffset = known ? offsetOr(directory.startOffsets, name, 0) : 0,
                                    .recoveryPoint = known ? offsetOr(directory.recoveryPoints, name, 0) : 0,
                                    .cleanShutdown = directory.cleanShutdown && known,
                                    .nowMillis = options_.clock->wallMillis(),
                                    .log = options_.log};
  KLAMM_TRY_ASSIGN(auto log, PartitionLog::open(options));
  if (known) (void)log->setHighWatermark(offsetOr(directory.highWatermarks, name, log->logStartOffset()));
  directory.folders.insert(partition);
  PartitionLog* opened = log.get();
  logs_.emplace(partition, OpenLog{std::move(log), index});
  return opened;
}

PartitionLog* LogManager::find(const TopicPartition& partition) noexcept {
  const auto found = logs_.find(partition);
  return found == logs_.end() ? nullptr : found->second.log.get();
}

const LogDirectory* LogManager::directoryOf(const TopicPartition& partition) const noexcept {
  const auto found = logs_.find(partition);
  return found == logs_.end() ? nullptr : &directories_[found->second.directory];
}

std::vector<PartitionLog*> LogManager::logs() {
  std::vector<PartitionLog*> all;
  all.reserve(logs_.size());
  for (auto& [partition, open] : logs_) all.push_back(open.log.get());
  return all;
}

std::vector<TopicPartition> LogManager::foldersOnDisk() const {
  std::vector<TopicPartition> all;
  for (const LogDirectory& directory : directories_) all.insert(all.end(), directory.folders.begin(), directory.folders.end());
  return all;
}

void LogManager::setDirectoryId(const std::string& path, const Uuid& id) {
  for (LogDirectory& directory : directories_)
    if (directory.path == path) directory.id = id;
}

Status LogManager::remove(const TopicPartition& partition, DiskWorker& worker) {
  const Uuid unique = Uuid::random(*options_.random);
  Status outcome;
  std::string renamed;
  if (const auto found = logs_.find(partition); found != logs_.end()) {
    auto moved = found->second.log->markDeleted(unique);
    if (moved) renamed = *moved;
    else outcome = fail(moved.error());
    directories_[found->second.directory].folders.erase(partition);
    logs_.erase(found);
  } else {
    for (LogDirectory& directory : directories_) {
      if (directory.folders.erase(partition) == 0) continue;
      const std::string folder = directory.path + "/" + partition.toString();
      renamed = fmt::format("{}.{:016x}{:016x}-delete", folder, unique.high, unique.low);
      outcome = options_.disk->rename(folder, renamed);
    }
  }
  if (outcome && !renamed.empty()) leftovers_.push_back(renamed);
  removeLeftovers(worker);
  return outcome;
}

void LogManager::removeLeftovers(DiskWorker& worker) {
  for (std::string& path : std::exchange(leftovers_, {})) {
    auto* disk = options_.disk;
    worker.run([disk, path = std::move(path)] { return disk->removeAll(path); },
               [log = options_.log](Status removed) {
                 if (!removed) log.warn("{}", removed.error().context());
               });
  }
}

Status LogManager::writeCheckpoints() {
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    LogDirectory& directory = directories_[i];
    if (!directory.online) continue;
    for (auto* offsets : {&directory.recoveryPoints, &directory.startOffsets, &directory.highWatermarks}) {
      std::erase_if(*offsets, [&](const auto& item) {
        const auto partition = partitionOfFolder(item.first);
        return !partition || !directory.folders.contains(*partition) || partition->topic == kMetadataTopic;
      });
    }
    for (const auto& [partition, open] : logs_) {
      if (open.directory != i || partition.topic == kMetadataTopic) continue;
      const std::string& name = open.log->name();
      directory.recoveryPoints[name] = open.log->recoveryPoint();
      directory.highWatermarks[name] = open.log->highWatermark();
      // As in Kafka only where it says more than the first segment's name does.
      if (open.log->logStartOffset() > open.log->firstSegmentOffset()) directory.startOffsets[name] = open.log->logStartOffset();
      else directory.startOffsets.erase(name);
    }
    KLAMM_TRY(writeIfChanged(*options_.disk, directory, kRecoveryPoints, directory.recoveryPoints));
    KLAMM_TRY(writeIfChanged(*options_.disk, directory, kStartOffsets, directory.startOffsets));
    KLAMM_TRY(writeIfChanged(*options_.disk, directory, kHighWatermarks, directory.highWatermarks));
  }
  return {};
}

void LogManager::housekeep(DiskWorker& worker) {
  removeLeftovers(worker);
  const std::int64_t now = options_.clock->wallMillis();
  for (auto& [partition, open] : logs_) {
    open.log->expireProducers(now);
    for (std::string& file : open.log->takeDeletedFiles()) {
      worker.run([disk = options_.disk, file = std::move(file)] { return disk->remove(file); }, [](const Status&) {});
    }
    auto job = open.log->prepareFlush(FlushScope::RolledSegments);
    if (!job) continue;
    auto shared = std::make_shared<FlushJob>(*std::move(job));
    worker.run([shared] { return shared->run(); },
               [this, shared](const Status& synced) {
                 // The log may have been deleted meanwhile: it is looked for by its folder, not by its address.
                 for (auto& [other, still] : logs_)
                   if (synced && still.log->folder() == shared->logFolder) still.log->flushed(*shared);
               });
  }
  if (auto written = writeCheckpoints(); !written) options_.log.warn("{}", written.error().context());
}

Status LogManager::close() {
  if (std::exchange(closed_, true)) return {};
  Status first;
  std::set<std::size_t> damaged;
  for (auto& [partition, open] : logs_) {
    if (auto done = open.log->close(); !done) {
      options_.log.error("{}: cannot be closed: {}", open.log->name(), done.error().context());
      damaged.insert(open.directory);
      if (first) first = done;
    }
  }
  if (auto written = writeCheckpoints(); !written) return written;
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    if (damaged.contains(i) || !directories_[i].online) continue;
    // Logs that were not opened this time are as the last stop left them: if that was no clean one, this is none either.
    const bool allOpened = std::all_of(directories_[i].folders.begin(), directories_[i].folders.end(),
                                       [&](const TopicPartition& partition) {
                                         return partition.topic == kMetadataTopic || logs_.contains(partition);  // that one is the quorum's
                                       });
    if (!directories_[i].cleanShutdown && !allOpened) continue;
    KLAMM_TRY(options_.disk->replace(directories_[i].path + kCleanShutdown, asBytes("{\"version\":0,\"brokerEpoch\":-1}"), true));
  }
  for (LogDirectory& directory : directories_) directory.lock.reset();
  return first;
}

}  // namespace klamm::broker::log
