#include "replica/partition.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::broker {

Partition::Partition(std::int32_t localBroker, TopicPartition partition, const Uuid& topicId, log::PartitionLog& log)
    : localBroker_(localBroker), log_(log) {
  assignment_.partition = std::move(partition);
  assignment_.topicId = topicId;
  assignment_.leaderEpoch = -1;
  assignment_.partitionEpoch = -1;
}

Status Partition::apply(const PartitionAssignment& assignment) {
  if (assignment.partitionEpoch <= assignment_.partitionEpoch && assignment.leaderEpoch <= assignment_.leaderEpoch) return {};
  const bool led = isLeader();
  const bool newEpoch = assignment.leaderEpoch > assignment_.leaderEpoch;
  assignment_ = assignment;
  if (isLeader()) {
    if (newEpoch) {
      // What the followers had under another leader says nothing about this one's log.
      followers_.clear();
      epochStartOffset_ = log_.logEndOffset();
      KLAMM_TRY(log_.startLeaderEpoch(assignment_.leaderEpoch));
    }
    for (const std::int32_t broker : assignment_.replicas) {
      const bool known = std::any_of(followers_.begin(), followers_.end(), [&](const Follower& f) { return f.broker == broker; });
      if (broker != localBroker_ && !known) followers_.push_back({.broker = broker});
    }
    std::erase_if(followers_, [&](const Follower& follower) {
      return std::find(assignment_.replicas.begin(), assignment_.replicas.end(), follower.broker) == assignment_.replicas.end();
    });
    updateHighWatermark();
  } else if (led) {
    resign();
  }
  return {};
}

ErrorCode Partition::checkLeader(std::optional<std::int32_t> epoch) const noexcept {
  if (epoch && *epoch < assignment_.leaderEpoch) return ErrorCode::FencedLeaderEpoch;
  if (epoch && *epoch > assignment_.leaderEpoch) return ErrorCode::UnknownLeaderEpoch;
  return isLeader() ? ErrorCode::None : ErrorCode::NotLeaderOrFollower;
}

log::AppendResult Partition::append(const Buffer& batches, log::AppendOrigin origin, std::int16_t requiredAcks, std::int64_t nowMillis) {
  if (!isLeader()) {
    return {.error = Error(ErrorCode::NotLeaderOrFollower, fmt::format("{}: broker {} is not the leader", log_.name(), localBroker_))};
  }
  const auto minInSync = static_cast<std::size_t>(log_.config().minInSyncReplicas);
  if (requiredAcks == -1 && assignment_.isr.size() < minInSync) {
    return {.error = Error(ErrorCode::NotEnoughReplicas, fmt::format("{}: {} replicas are in sync, min.insync.replicas is {}", log_.name(),
                                                                     assignment_.isr.size(), minInSync))};
  }
  log::AppendResult result =
      log_.appendAsLeader(batches, {.origin = origin, .leaderEpoch = assignment_.leaderEpoch, .nowMillis = nowMillis});
  if (!result.error && !result.duplicate) updateHighWatermark();
  return result;
}

Result<bool> Partition::isCommitted(std::int64_t offset) const {
  if (!isLeader()) return fail(ErrorCode::NotLeaderOrFollower, log_.name());
  if (log_.highWatermark() < offset) return false;
  if (assignment_.isr.size() < static_cast<std::size_t>(log_.config().minInSyncReplicas))
    return fail(ErrorCode::NotEnoughReplicasAfterAppend, log_.name());
  return true;
}

bool Partition::isFollower(std::int32_t broker) const noexcept {
  return broker != localBroker_ && std::find(assignment_.replicas.begin(), assignment_.replicas.end(), broker) != assignment_.replicas.end();
}

bool Partition::followerFetched(std::int32_t broker, std::int64_t logEndOffset) {
  for (Follower& follower : followers_)
    if (follower.broker == broker) follower.logEndOffset = logEndOffset;
  return updateHighWatermark();
}

bool Partition::updateHighWatermark() {
  if (!isLeader()) return false;
  std::int64_t lowest = log_.logEndOffset();
  for (const Follower& follower : followers_) {
    const bool inSync = std::find(assignment_.isr.begin(), assignment_.isr.end(), follower.broker) != assignment_.isr.end();
    if (inSync) lowest = std::min(lowest, follower.logEndOffset);
  }
  if (lowest <= log_.highWatermark()) return false;
  const std::int64_t now = log_.setHighWatermark(lowest);
  // A listener may append, remove itself or add another: what is gone through is a copy.
  const auto listeners = listeners_;
  for (const auto& listener : listeners) listener->onHighWatermarkUpdated(topicPartition(), now);
  return true;
}

Result<std::int64_t> Partition::deleteRecordsBefore(std::int64_t offset) {
  if (!isLeader()) return fail(ErrorCode::NotLeaderOrFollower, log_.name());
  constexpr std::int64_t kHighWatermark = -1;
  const std::int64_t before = offset == kHighWatermark ? log_.highWatermark() : offset;
  if (before < 0 || before > log_.highWatermark()) {
    return fail(ErrorCode::OffsetOutOfRange, fmt::format("{}: cannot delete up to {}, the high watermark is {}", log_.name(), before,
                                                         log_.highWatermark()));
  }
  KLAMM_TRY(log_.advanceLogStartOffset(before));
  return log_.logStartOffset();
}

void Partition::addListener(std::shared_ptr<PartitionListener> listener) { listeners_.push_back(std::move(listener)); }

void Partition::removeListener(const PartitionListener* listener) {
  std::erase_if(listeners_, [&](const auto& held) { return held.get() == listener; });
}

void Partition::resign() {
  const auto listeners = std::exchange(listeners_, {});
  for (const auto& listener : listeners) listener->onResigned(topicPartition());
}

}  // namespace klamm::broker
