#pragma once
// One replica of a partition: leadership, in-sync replicas, high watermark, and the requests that wait for them.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <klamm/record.h>

#include "base/clock.h"
#include "base/inline_function.h"
#include "base/uuid.h"
#include "log/partition_log.h"

namespace klamm::broker {

/// What the metadata say of a partition. Threading: a value.
struct PartitionAssignment {
  TopicPartition partition = {};
  Uuid topicId = {};
  std::int32_t leader = -1;
  std::int32_t leaderEpoch = 0;
  std::int32_t partitionEpoch = 0;
  std::vector<std::int32_t> replicas = {};
  std::vector<std::int32_t> isr = {};
};

/// Told of a partition's fate, e.g. by a coordinator that waits until its records are committed.
/// Threading: called on the partition's loop; may append to the partition, must not destroy it.
class PartitionListener {
 public:
  virtual ~PartitionListener() = default;
  virtual void onHighWatermarkUpdated(const TopicPartition& partition, std::int64_t offset) = 0;
  /// It was deleted, or this broker leads it no more.
  virtual void onResigned(const TopicPartition& partition) { (void)partition; }
};

/// A partition that has a replica on this broker.
///
/// The path is that of a replicated partition with whatever in-sync set the metadata name: the high watermark is the
/// smallest log end offset among the ISR, an append with acks=all waits for it. With an ISR of one the wait is over at once.
///
///     leader:    log end 120     follower 2 (in ISR): fetched up to 100     follower 3 (not in ISR): 40
///     high watermark = min(120, 100) = 100; records 100..119 are stored, not committed, not seen by consumers
///
/// Threading: one thread, the loop that owns the partition.
class Partition {
 public:
  /// Leads nothing and follows nobody before the first apply().
  Partition(std::int32_t localBroker, TopicPartition partition, const Uuid& topicId, log::PartitionLog& log);

  [[nodiscard]] const TopicPartition& topicPartition() const noexcept { return assignment_.partition; }
  [[nodiscard]] const Uuid& topicId() const noexcept { return assignment_.topicId; }
  [[nodiscard]] const PartitionAssignment& assignment() const noexcept { return assignment_; }
  [[nodiscard]] bool isLeader() const noexcept { return assignment_.leader == localBroker_; }
  [[nodiscard]] std::int32_t leaderEpoch() const noexcept { return assignment_.leaderEpoch; }
  [[nodiscard]] log::PartitionLog& log() noexcept { return log_; }
  [[nodiscard]] const log::PartitionLog& log() const noexcept { return log_; }

  /// Takes the metadata's word; an assignment that is not newer (both epochs) is ignored. A new leader epoch is noted in the log's
  /// checkpoint. Listeners hear when leadership is lost.
  [[nodiscard]] Status apply(const PartitionAssignment& assignment);

  /// NotLeaderOrFollower when this broker is not the leader; with `epoch` also FencedLeaderEpoch or UnknownLeaderEpoch.
  [[nodiscard]] ErrorCode checkLeader(std::optional<std::int32_t> epoch) const noexcept;

  /// Appends as the leader. With `requiredAcks` -1 NotEnoughReplicas when the ISR is below min.insync.replicas. Moves the
  /// high watermark when the ISR allows it.
  [[nodiscard]] log::AppendResult append(const Buffer& batches, log::AppendOrigin origin, std::int16_t requiredAcks,
                                         std::int64_t nowMillis);
  /// Done (true or an error) once everything below `offset` is committed.
  [[nodiscard]] Result<bool> isCommitted(std::int64_t offset) const;
  /// Whether this other broker has a replica.
  [[nodiscard]] bool isFollower(std::int32_t broker) const noexcept;
  /// A follower has fetched up to `logEndOffset`. True when that moved the high watermark.
  bool followerFetched(std::int32_t broker, std::int64_t logEndOffset);
  /// Hides records below `offset`; -1 is the high watermark. Returns the new log start offset.
  [[nodiscard]] Result<std::int64_t> deleteRecordsBefore(std::int64_t offset);

  /// Where the leader's epoch began: while the high watermark is below it, the end of the log is not known to clients.
  [[nodiscard]] std::int64_t epochStartOffset() const noexcept { return epochStartOffset_; }
  [[nodiscard]] std::int64_t highWatermark() const noexcept { return log_.highWatermark(); }
  [[nodiscard]] std::int64_t lastStableOffset() const noexcept { return log_.lastStableOffset(); }
  [[nodiscard]] std::int64_t logEndOffset() const noexcept { return log_.logEndOffset(); }
  [[nodiscard]] std::int64_t logStartOffset() const noexcept { return log_.logStartOffset(); }

  void addListener(std::shared_ptr<PartitionListener> listener);
  void removeListener(const PartitionListener* listener);
  /// Tells the listeners that the partition goes away, and forgets them.
  void resign();

 private:
  struct Follower {
    std::int32_t broker = -1;
    std::int64_t logEndOffset = -1;
  };
  bool updateHighWatermark();

  std::int32_t localBroker_;
  PartitionAssignment assignment_;
  log::PartitionLog& log_;
  std::int64_t epochStartOffset_ = 0;
  std::vector<Follower> followers_;
  std::vector<std::shared_ptr<PartitionListener>> listeners_;
};

}  // namespace klamm::broker
