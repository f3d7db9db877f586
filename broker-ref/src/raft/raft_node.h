#pragma once
// The metadata quorum's log as its leader sees it: appended, on the disk, committed. Pure: no file, no thread.

#include <cstdint>
#include <map>
#include <optional>

#include "base/result.h"
#include "raft/quorum_state.h"

namespace klamm::broker::raft {

/// Moves the high watermark. The owner appends to the log, has it synced, and tells this class what is where.
///
///     voters' ends on disk:  self 42, 2: 42, 3: 40    epoch began at 38    ->  committed below 42 (the second largest)
///     self 37 (epoch's first record not on disk yet)                       ->  nothing of this epoch is committed
///
/// Records of earlier epochs are committed with the first record of the leader's own, never before (Raft's rule).
///
/// Threading: one thread.
class RaftNode {
 public:
  RaftNode(std::int32_t self, QuorumState quorum) : self_(self), quorum_(std::move(quorum)) {}

  [[nodiscard]] const QuorumState& quorum() const noexcept { return quorum_; }
  [[nodiscard]] std::int64_t highWatermark() const noexcept { return highWatermark_; }
  [[nodiscard]] std::int64_t logEndOffset() const noexcept { return logEndOffset_; }

  /// A quorum of one elects itself: candidate and leader of the next epoch in one step. The state must be on the disk
  /// before the leader appends; its first record, the leader change, goes to `logEndOffset`.
  [[nodiscard]] Result<ElectionState> elect(std::int64_t logEndOffset);
  /// The log now ends at `logEndOffset`. Refused unless this node leads.
  [[nodiscard]] Status appended(std::int64_t logEndOffset);
  /// A voter has everything below `endOffset` on its disk. The new high watermark when it moved.
  [[nodiscard]] std::optional<std::int64_t> durable(std::int32_t voter, std::int64_t endOffset);
  [[nodiscard]] Status resign() { return quorum_.resign(); }
  [[nodiscard]] std::int32_t self() const noexcept { return self_; }

 private:
  std::int32_t self_;
  QuorumState quorum_;
  std::map<std::int32_t, std::int64_t> durableEnds_;
  std::int64_t epochStart_ = -1;
  std::int64_t logEndOffset_ = 0;
  std::int64_t highWatermark_ = 0;
};

}  // namespace klamm::broker::raft
