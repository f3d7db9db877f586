#pragma once
// __cluster_metadata-0 on the disk, under the rules of the quorum: the driver of RaftNode.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/inline_function.h"
#include "base/logging.h"
#include "log/disk.h"
#include "log/log_manager.h"
#include "log/partition_log.h"
#include "raft/raft_node.h"

namespace klamm::broker::raft {

/// The metadata log of a voter.
///
///     open()  --> replay() of everything stored --> lead(): epoch + 1 in quorum-state, LeaderChange record
///     append(records) --> in the log --> synced by the worker --> onCommitted(high watermark)
///
/// One sync is under way at a time and covers all that was appended before it, so a burst of changes costs few of them.
///
/// Threading: the loop; before run() the thread that starts the broker. Syncs run on the worker.
class MetadataLog {
 public:
  struct Options {
    log::Disk* disk = nullptr;
    std::string folder = {};        ///< ".../__cluster_metadata-0"
    std::int32_t nodeId = 0;
    std::int32_t segmentBytes = 1 << 30;
    std::int64_t segmentMs = 604'800'000;
    bool cleanShutdown = false;
    const Clock* clock = nullptr;
    log::DiskWorker* worker = nullptr;
    Log log = {};
  };
  /// Opens or makes the log; reads quorum-state. A state file of another set of voters is refused.
  [[nodiscard]] static Result<std::unique_ptr<MetadataLog>> open(const Options& options);
  ~MetadataLog();
  MetadataLog(const MetadataLog&) = delete;
  MetadataLog& operator=(const MetadataLog&) = delete;

  /// Every data record in order: its value, offset and epoch.
  using Visitor = std::function<Status(const Buffer& value, std::int64_t offset, std::int32_t epoch)>;
  [[nodiscard]] Status replay(const Visitor& visit);

  /// Becomes the leader of a new epoch. Returns when the state is on the disk; the leader change is appended.
  [[nodiscard]] Status lead();
  /// Appends the values as one batch of records; returns the offset of the last. Nothing is stored on failure.
  [[nodiscard]] Result<std::int64_t> append(const std::vector<Buffer>& values);
  /// Makes all that was appended durable on this thread and moves the high watermark.
  [[nodiscard]] Status syncNow();

  /// Called on the loop with each new high watermark, or with the error that ends this log: what was not committed then is lost.
  void onCommitted(std::function<void(Result<std::int64_t>)> callback) { committed_ = std::move(callback); }

  [[nodiscard]] std::int64_t highWatermark() const noexcept { return node_.highWatermark(); }
  [[nodiscard]] std::int64_t logEndOffset() const noexcept { return log_->logEndOffset(); }
  [[nodiscard]] std::int32_t epoch() const noexcept { return node_.quorum().epoch(); }
  [[nodiscard]] std::int32_t leaderId() const noexcept { return node_.quorum().isLeader() ? options_.nodeId : -1; }
  [[nodiscard]] const std::vector<std::int32_t>& voters() const noexcept { return node_.quorum().voters(); }
  [[nodiscard]] Status close();

 private:
  MetadataLog(const Options& options, std::unique_ptr<log::PartitionLog> log, RaftNode node);
  [[nodiscard]] Result<std::int64_t> appendBatch(const Buffer& batch);
  void startSync();
  void synced(const Status& status, std::int64_t upTo);
  void announce(std::int64_t durableEnd);

  Options options_;
  std::unique_ptr<log::PartitionLog> log_;
  RaftNode node_;
  std::function<void(Result<std::int64_t>)> committed_;
  std::shared_ptr<log::FlushJob> running_;  ///< shared with the worker; null when no sync is under way
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Error broken_ = {};
};

}  // namespace klamm::broker::raft
