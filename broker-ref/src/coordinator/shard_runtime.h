#pragma once
// Runs one GroupShard over one partition: append, replay, park until committed; load.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "coordinator/group/group_shard.h"
#include "coordinator/partition_writer.h"

namespace klamm::broker::coordinator {

/// The driver of a shard.
///
///                elect()               all read               resign(), or the log failed
///     Inactive ----------> Loading -----------------> Active -----------------------------> Inactive
///
/// An event runs like this: the shard's handler returns a Step; its records are appended as one batch; if the log takes them
/// they are replayed at once, so that the next handler sees them although they are not committed yet; the replies wait until
/// everything appended so far is committed:
///
///     log:    | batch 1 | batch 2 | batch 3 |
///                       ^ committed         ^ appended = replayed = what handlers see
///     parked:             replies resting on 2, replies resting on 3 (reads as well: they may have seen it)
///
/// Nothing is ever rolled back: what the log refuses is not replayed, what it took stays in the log and in the state, and
/// when the log turns out to have lost it (another leader), all state goes and is loaded anew. A reply that waits longer than
/// offsets.commit.timeout.ms becomes COORDINATOR_NOT_AVAILABLE; its records may still be committed, as with any time-out.
///
/// Threading: one loop, that of the partition. Replies are sent when the event is done; they may call back in.
class ShardRuntime final : private CommitListener {
 public:
  enum class State : std::uint8_t { Inactive, Loading, Active };

  /// `now` is asked for what arises by itself: a commit, a load.
  ShardRuntime(std::int32_t partition, PartitionWriter& writer, const GroupConfig& config, const Clock& clock, Random& random, Log log);
  ShardRuntime(const ShardRuntime&) = delete;
  ShardRuntime& operator=(const ShardRuntime&) = delete;
  ~ShardRuntime() override;

  /// This broker leads the partition: begins to load. Call load() until it returns false.
  void elect();
  /// Reads the next chunk; true while there is more.
  [[nodiscard]] bool load();
  /// Another broker leads it now, or none: waiting clients are told NOT_COORDINATOR.
  void resign();

  [[nodiscard]] State state() const noexcept { return state_; }
  /// What to answer instead of running an event: None when Active.
  [[nodiscard]] ErrorCode availability() const noexcept;

  /// Runs one event of the shard. Only while Active.
  void run(const std::function<Step(GroupShard&, Moment)>& event);
  /// Runs what the deadlines that have passed ask for.
  void runTimers();
  [[nodiscard]] std::optional<TimePoint> nextDeadline() const;

  [[nodiscard]] std::int32_t partition() const noexcept { return partition_; }
  [[nodiscard]] const GroupShard& shard() const noexcept { return shard_; }
  /// Replies that wait for a commit.
  [[nodiscard]] std::size_t parkedCount() const noexcept { return parked_.size(); }

 private:
  /// A reply, and the end of the log that it may rest on.
  struct Parked {
    std::int64_t offset = 0;
    TimePoint deadline = {};
    PendingReply reply;
  };

  [[nodiscard]] Moment moment() const { return {.at = clock_.now(), .wallMillis = clock_.wallMillis()}; }
  void perform(Step step, Moment now);
  void drainTimers(Moment now);
  [[nodiscard]] Status appendAll(const Step& step, Moment now);
  [[nodiscard]] Status appendBatch(const Buffer& batch, const std::vector<const CoordinatorRecord*>& records);
  void onCommitted(std::int64_t offset) override;
  void onLost() override;
  void failParked(TimePoint until, ErrorCode error);
  void deliver(PendingReply reply, ErrorCode error);
  void flush();
  [[nodiscard]] Status replayBatch(const record::RecordBatchView& batch);
  void finishLoading();
  void stop(ErrorCode error);

  std::int32_t partition_;
  PartitionWriter& writer_;
  const GroupConfig& config_;
  const Clock& clock_;
  Log log_;
  GroupShard shard_;
  State state_ = State::Inactive;
  std::int64_t loadOffset_ = 0;
  std::uint64_t loadedRecords_ = 0;
  std::int64_t appended_ = 0;   ///< end of the log, as far as this shard has written it
  std::int64_t committed_ = 0;  ///< what is known of the high watermark
  std::deque<Parked> parked_;        ///< in the order of their offsets and deadlines
  std::vector<std::pair<PendingReply, ErrorCode>> outbox_;  ///< sent when the event is done
  int depth_ = 0;                    ///< events under way
};

}  // namespace klamm::broker::coordinator
