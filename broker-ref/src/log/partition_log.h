#pragma once
// The durable log of one partition: segments in one folder, in Apache Kafka's layout (broker-ref/docs/log_format.md).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "base/parts.h"
#include "base/result.h"
#include "base/uuid.h"
#include "log/disk.h"
#include "log/leader_epochs.h"
#include "log/log_config.h"
#include "log/producer_state.h"
#include "log/segment.h"
#include "log/validator.h"
#include "record/batch.h"

namespace klamm::broker::log {

/// How an append went. Threading: a value.
struct AppendResult {
  Error error = {};
  std::int64_t baseOffset = -1;
  std::int64_t lastOffset = -1;
  std::int64_t maxTimestamp = -1;
  std::int64_t logAppendTime = -1;   ///< -1 unless the topic stamps batches itself
  std::int64_t logStartOffset = -1;
  bool duplicate = false;            ///< stored before: offsets are those of then
  std::vector<RecordError> recordErrors = {};
  bool tellMessage = false;          ///< error.context() is meant for the client
};

/// Records that a read found.
struct ReadResult {
  Parts records = {};                ///< begins with the batch that holds the offset; the last batch may be cut off
  std::int64_t logStartOffset = 0;
};

struct TimestampAndOffset {
  std::int64_t timestamp = -1;
  std::int64_t offset = -1;
  std::int32_t leaderEpoch = -1;
};

enum class FlushScope { All, RolledSegments };

/// Bytes that wait to reach the disk. run() may be called on any thread; then PartitionLog::flushed() on the log's own.
struct FlushJob {
  std::vector<std::shared_ptr<File>> files = {};
  std::string logFolder = {};        ///< which log this is of
  bool names = false;                ///< the folder's names are made durable as well
  std::int64_t upTo = 0;             ///< log end offset when the job was made
  Disk* disk = nullptr;
  [[nodiscard]] Status run() const;
};

/// One partition's records.
///
///     logStartOffset            highWatermark   lastStableOffset = highWatermark (until transactions come)
///        |                           |
///     [segment 0][segment 812][segment 1630 (active) ....]
///                                                        ^ logEndOffset: the offset that the next record gets
///
/// Batches are appended as the bytes that came, their base offset and leader epoch patched. The high watermark is kept here
/// because reads and time look-ups end there, but moved by the partition alone.
///
/// Threading: one thread (the loop that owns the partition). A FlushJob may run on another.
class PartitionLog {
 public:
  struct OpenOptions {
    Disk* disk = nullptr;
    std::string folder = {};           ///< ".../orders-0"; made when absent
    std::string name = {};             ///< "orders-0", for messages
    Uuid topicId = {};                 ///< written to partition.metadata; zero: none is written
    LogConfig config = {};
    std::int64_t logStartOffset = 0;   ///< from the checkpoint
    std::int64_t recoveryPoint = 0;    ///< from the checkpoint; segments from here on are checked after a kill
    bool cleanShutdown = false;
    std::int64_t nowMillis = 0;
    Log log = {};
  };

  /// Opens or makes the log. After an unclean stop the tail is checked and cut at the first batch that is not whole; an
  /// index, snapshot or checkpoint that is damaged is built anew. Fails only when the disk does, or when the folder
  /// belongs to another topic id (InconsistentTopicId).
  [[nodiscard]] static Result<std::unique_ptr<PartitionLog>> open(const OpenOptions& options);
  ~PartitionLog();
  PartitionLog(const PartitionLog&) = delete;
  PartitionLog& operator=(const PartitionLog&) = delete;

  // --- writing -----------------------------------------------------------------------------------------------------
  /// Validates one batch (of a client) or any number (other origins), gives them the next offsets and appends them.
  /// Nothing is stored when the result holds an error. `batches` is not changed.
  [[nodiscard]] AppendResult appendAsLeader(const Buffer& batches, const AppendOptions& options);
  /// Appends batches that carry their offsets and epochs already (from a leader, or a snapshot's tail). Offsets must not
  /// go backwards.
  [[nodiscard]] AppendResult appendAsFollower(const Buffer& batches, std::int64_t nowMillis);
  /// Cuts everything from `offset` on; see segment.h for how a batch that straddles it is treated.
  [[nodiscard]] Status truncateTo(std::int64_t offset);
  /// Drops everything and begins anew at `offset`.
  [[nodiscard]] Status truncateFullyAndStartAt(std::int64_t offset);
  /// Hides everything below `offset` (DeleteRecords); whole segments below it are removed.
  [[nodiscard]] Status advanceLogStartOffset(std::int64_t offset);
  /// Closes the active segment and opens a new one at the log end. Nothing happens while the active one is empty.
  [[nodiscard]] Status roll(std::int64_t nowMillis);
  void setConfig(const LogConfig& config) { config_ = config; }
  [[nodiscard]] const LogConfig& config() const noexcept { return config_; }

  // --- reading -----------------------------------------------------------------------------------------------------
  /// At most maxBytes from the batch that holds `offset` on, ending below `upTo` (a high watermark, or logEndOffset());
  /// the first batch is answered whole however large if `minOneMessage`. Nothing at the log end. OffsetOutOfRange outside
  /// [logStartOffset, logEndOffset].
  [[nodiscard]] Result<ReadResult> read(std::int64_t offset, std::size_t maxBytes, std::int64_t upTo, bool minOneMessage);
  /// Calls `visit` with every whole batch from `offset` to the log end, in order; stops early when it returns an error.
  [[nodiscard]] Status forEachBatch(std::int64_t offset, const std::function<Status(const record::RecordBatchView&)>& visit);
  /// The first record at or behind `timestamp` (nullopt when there is none).
  [[nodiscard]] Result<std::optional<TimestampAndOffset>> offsetForTimestamp(std::int64_t timestamp);
  /// The record with the largest timestamp; the first of them.
  [[nodiscard]] Result<std::optional<TimestampAndOffset>> maxTimestampOffset();

  [[nodiscard]] std::int64_t logStartOffset() const noexcept { return logStartOffset_; }
  [[nodiscard]] std::int64_t logEndOffset() const noexcept { return logEndOffset_; }
  [[nodiscard]] std::int64_t highWatermark() const noexcept { return highWatermark_; }
  /// What read_committed may see: the high watermark, as no transaction is ever open.
  [[nodiscard]] std::int64_t lastStableOffset() const noexcept { return highWatermark_; }
  /// Keeps it within [logStartOffset, logEndOffset]; returns the value taken.
  std::int64_t setHighWatermark(std::int64_t offset) noexcept;
  [[nodiscard]] std::int64_t recoveryPoint() const noexcept { return recoveryPoint_; }
  [[nodiscard]] std::int64_t firstSegmentOffset() const noexcept { return segments_.begin()->first; }
  /// Bytes of all segments' records.
  [[nodiscard]] std::uint64_t sizeInBytes() const noexcept;
  /// Bytes appended since the log was opened.
  [[nodiscard]] std::uint64_t bytesTakenIn() const noexcept { return bytesTakenIn_; }
  [[nodiscard]] std::size_t segmentCount() const noexcept { return segments_.size(); }
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] Uuid topicId() const noexcept { return topicId_; }

  // --- epochs and producers ------------------------------------------------------------------------------------------
  [[nodiscard]] LeaderEpochs& leaderEpochs() noexcept { return *epochs_; }
  [[nodiscard]] ProducerStates& producers() noexcept { return *producers_; }
  /// Notes that `epoch` begins at the log end, unless it is known already.
  [[nodiscard]] Status startLeaderEpoch(std::int32_t epoch);

  // --- keeping -------------------------------------------------------------------------------------------------------
  /// What would have to be synced to make everything appended so far durable; nullopt when it is already.
  [[nodiscard]] std::optional<FlushJob> prepareFlush(FlushScope scope = FlushScope::All);
  /// The job has run: everything below its `upTo` is durable.
  void flushed(const FlushJob& job);
  /// Both at once, on this thread.
  [[nodiscard]] Status flush();
  /// Writes indexes, snapshot and checkpoints as a clean stop leaves them and closes the files. May sync: slow.
  [[nodiscard]] Status close();
  /// Renames the folder to its ".<uuid>-delete" name and forgets the files; the caller removes the folder returned.
  [[nodiscard]] Result<std::string> markDeleted(const Uuid& unique);
  /// Drops producers that were silent for producer.id.expiration.ms.
  void expireProducers(std::int64_t nowMillis) { producers_->expire(nowMillis, config_.producerIdExpirationMs); }
  /// Files that were renamed to ".deleted" since the last call; the caller removes them when it likes.
  [[nodiscard]] std::vector<std::string> takeDeletedFiles();

 private:
  friend class LogLoader;
  explicit PartitionLog(const OpenOptions& options);

  [[nodiscard]] AppendResult appendBatches(std::vector<StampedBatch>& batches, std::int64_t nowMillis);
  void noteStored(const record::BatchHeader& header);
  [[nodiscard]] Status rollIfNeeded(std::size_t bytes, std::int64_t maxTimestamp, std::int64_t lastOffset, std::int64_t nowMillis);
  [[nodiscard]] Status rollTo(std::int64_t baseOffset, std::int64_t nowMillis);
  [[nodiscard]] Segment& active() noexcept { return *segments_.rbegin()->second; }
  [[nodiscard]] Segment* segmentFor(std::int64_t offset);
  [[nodiscard]] Status dropSegment(std::int64_t baseOffset);

  Disk& disk_;
  std::string folder_;
  std::string name_;
  Uuid topicId_;
  LogConfig config_;
  Log log_;
  std::map<std::int64_t, std::unique_ptr<Segment>> segments_;  ///< by base offset, never empty once open
  std::unique_ptr<LeaderEpochs> epochs_;
  std::unique_ptr<ProducerStates> producers_;
  std::vector<std::shared_ptr<File>> unsynced_;  ///< rolled segments whose bytes may not be on the disk yet
  std::vector<std::string> deletedFiles_;
  bool namesUnsynced_ = false;
  std::int64_t logStartOffset_ = 0;
  std::int64_t logEndOffset_ = 0;
  std::int64_t highWatermark_ = 0;
  std::int64_t recoveryPoint_ = 0;
  std::uint64_t bytesTakenIn_ = 0;
  std::vector<BytesView> pieces_;     ///< scratch of appendBatches
  std::vector<BatchPlace> places_;    ///< scratch of appendBatches
  Error broken_ = {};  ///< a write failed half way and could not be undone: the log is offline
};

}  // namespace klamm::broker::log
