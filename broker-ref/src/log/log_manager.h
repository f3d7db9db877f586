#pragma once
// The log directories of a broker: their locks, checkpoints and partition folders.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <klamm/record.h>

#include "base/clock.h"
#include "base/inline_function.h"
#include "base/logging.h"
#include "base/random.h"
#include "base/uuid.h"
#include "log/disk.h"
#include "log/disk_worker.h"
#include "log/partition_log.h"

namespace klamm::broker::log {

/// A directory of log.dirs. It may go offline alone. Threading: the log manager's.
struct LogDirectory {
  std::string path = {};
  Uuid id = {};                   ///< directory.id of meta.properties
  bool online = true;
  bool cleanShutdown = false;     ///< the marker was there when it was opened
  std::unique_ptr<FolderLock> lock = {};
  std::set<TopicPartition> folders = {};                      ///< partitions that have a folder here
  std::map<std::string, std::int64_t> recoveryPoints = {};   ///< by "orders-0"
  std::map<std::string, std::int64_t> startOffsets = {};
  std::map<std::string, std::int64_t> highWatermarks = {};
  std::map<std::string, std::map<std::string, std::int64_t>> written = {};  ///< checkpoints by file, as they were written last
};

/// Opens the log directories of a broker and the partitions in them.
///
///     <log.dir>/.lock  .kafka_cleanshutdown  meta.properties
///              recovery-point-offset-checkpoint  log-start-offset-checkpoint  replication-offset-checkpoint
///              orders-0/  orders-1/  payments-0.<uuid>-delete/
///
/// Threading: one thread (the loop that owns the partitions; at start and stop the thread that does it).
class LogManager {
 public:
  struct Options {
    Disk* disk = nullptr;
    std::vector<std::string> directories = {};   ///< log.dirs; the first also holds the metadata log
    const Clock* clock = nullptr;
    Random* random = nullptr;
    Log log = {};
  };
  /// Makes and locks the directories and reads their checkpoints. Fails with one clear sentence when another process holds
  /// one of them. Partitions are opened one by one, later.
  [[nodiscard]] static Result<std::unique_ptr<LogManager>> open(const Options& options);
  ~LogManager();

  /// Opens the partition's log or makes it (in the directory with the fewest partitions). The high watermark is that of the
  /// checkpoint. The log lives as long as the manager, or until remove().
  [[nodiscard]] Result<PartitionLog*> openLog(const TopicPartition& partition, const Uuid& topicId, const LogConfig& config);
  [[nodiscard]] PartitionLog* find(const TopicPartition& partition) noexcept;
  /// Renames the partition's folder to its "-delete" name at once; the worker removes it.
  [[nodiscard]] Status remove(const TopicPartition& partition, DiskWorker& worker);
  /// Folders with this name that the directories hold, opened or not: what a start must check against the metadata.
  [[nodiscard]] std::vector<TopicPartition> foldersOnDisk() const;
  [[nodiscard]] const std::vector<LogDirectory>& directories() const noexcept { return directories_; }
  void setDirectoryId(const std::string& path, const Uuid& id);
  /// The directory of a log.
  [[nodiscard]] const LogDirectory* directoryOf(const TopicPartition& partition) const noexcept;
  [[nodiscard]] std::vector<PartitionLog*> logs();

  /// Writes the three checkpoints. Cheap enough for a loop (no sync).
  [[nodiscard]] Status writeCheckpoints();
  /// What shall happen every now and then: unsynced segments are synced by the worker, producers expire, renamed files go.
  void housekeep(DiskWorker& worker);
  /// Closes every log, writes the checkpoints and the clean-shutdown marker, gives the locks back.
  [[nodiscard]] Status close();

 private:
  struct OpenLog;
  explicit LogManager(const Options& options);
  [[nodiscard]] Status openDirectory(const std::string& path);
  /// Index of the directory that holds the partition, else of the emptiest; their number when none is online.
  [[nodiscard]] std::size_t chooseDirectory(const TopicPartition& partition) const;
  void removeLeftovers(DiskWorker& worker);

  Options options_;
  std::vector<LogDirectory> directories_;
  std::map<TopicPartition, OpenLog> logs_;
  std::vector<std::string> leftovers_;  ///< "-delete" folders that wait to be removed
  bool closed_ = false;
};

/// The parts of a partition folder's name: "orders-0" -> {orders, 0}; nullopt for other folders.
[[nodiscard]] std::optional<TopicPartition> partitionOfFolder(std::string_view name);

}  // namespace klamm::broker::log
