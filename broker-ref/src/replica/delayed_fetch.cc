#include "replica/delayed_fetch.h"

#include <algorithm>

namespace klamm::broker {

DelayedFetch::DelayedFetch(ReplicaManager& manager, const FetchParams& params, std::vector<FetchPartition> wanted, FetchCallback done)
    : manager_(manager), params_(params), wanted_(std::move(wanted)), done_(std::move(done)) {}

DelayedFetch::Outcome DelayedFetch::read() {
  Outcome outcome;
  outcome.partitions.reserve(wanted_.size());
  auto budget = static_cast<std::uint64_t>(std::max(0, params_.maxBytes));
  // Whatever the limits, the first batch of the first partition that has any comes whole (KIP-74): else a consumer with a
  // small limit would never get past a large batch.
  bool minOneMessage = true;
  for (const FetchPartition& wanted : wanted_) {
    FetchedPartition found = manager_.readOne(params_, wanted, budget, minOneMessage);
    const std::uint64_t size = found.records.size();
    if (size > 0) minOneMessage = false;
    budget -= std::min(budget, size);
    outcome.bytes += size;
    outcome.answerNow |= found.error != ErrorCode::None || found.divergingEpoch.has_value();
    outcome.partitions.push_back(std::move(found));
  }
  return outcome;
}

bool DelayedFetch::readAndMaybeAnswer() {
  Outcome outcome = read();
  const auto enough = static_cast<std::uint64_t>(std::max(0, params_.minBytes));
  const bool answer = outcome.answerNow || wanted_.empty() || outcome.bytes >= enough;
  if (answer) {
    done_(std::move(outcome.partitions));
  } else {
    found_ = outcome.bytes;
    countedAt_ = takenIn().value_or(0);
    uncommitted_ = anyUncommitted();
  }
  manager_.wakeAfterFollowers();
  return answer;
}

bool DelayedFetch::tryComplete() {
  const auto now = takenIn();
  const auto enough = static_cast<std::uint64_t>(std::max(0, params_.minBytes));
  // Bytes that were there but not committed at the last read become readable without any being taken in.
  if (!uncommitted_ && now && *now >= countedAt_ && found_ + (*now - countedAt_) < enough) return false;
  return readAndMaybeAnswer();
}

void DelayedFetch::expire() {
  done_(read().partitions);
  manager_.wakeAfterFollowers();
}

std::optional<std::uint64_t> DelayedFetch::takenIn() const {
  std::uint64_t sum = 0;
  for (const FetchPartition& wanted : wanted_) {
    const Partition* partition = manager_.find(wanted.partition);
    if (partition == nullptr) return std::nullopt;
    sum += partition->log().bytesTakenIn();
  }
  return sum;
}

bool DelayedFetch::anyUncommitted() const {
  return std::any_of(wanted_.begin(), wanted_.end(), [this](const FetchPartition& wanted) {
    const Partition* partition = manager_.find(wanted.partition);
    return partition != nullptr && partition->highWatermark() < partition->logEndOffset();
  });
}

std::vector<Purgatory::Key> DelayedFetch::keys() const {
  std::vector<Purgatory::Key> keys;
  keys.reserve(wanted_.size());
  for (const FetchPartition& wanted : wanted_)
    if (const Partition* partition = manager_.find(wanted.partition)) keys.push_back(partition);
  return keys;
}

}  // namespace klamm::broker
