#include "producer/sequences.h"

#include <algorithm>
#include <limits>

namespace klamm::producer {
namespace {

/// Sequences run from 0 to 2^31-1 and around; half of that is far enough to tell before from behind.
bool isBehind(std::int32_t sequence, std::int32_t other) noexcept {
  const std::uint32_t distance = (static_cast<std::uint32_t>(sequence) - static_cast<std::uint32_t>(other)) & 0x7FFFFFFFU;
  return distance != 0 && distance < 0x40000000U;
}

}  // namespace

bool PartitionSequences::isNext(std::int32_t sequence) const noexcept {
  return sequence == (lastAcked < 0 ? 0 : record::incrementSequence(lastAcked, 1));
}

bool IdempotentState::mayDrain(const PartitionSequences& partition, const Batch& first) const noexcept {
  if (!identity_.valid()) return false;
  if (first.hasSequence()) {  // sent again: only when everything before it is answered
    if (partition.rewrite && !first.maybeWritten) return false;  // it gets a new sequence first
    return partition.inFlight.empty() || partition.inFlight.front()->baseSequence == first.baseSequence;
  }
  if (partition.unresolved || partition.rewrite) return false;
  if (partition.inFlight.empty()) return true;
  // A broker that has no batch of this producer yet takes any sequence: if it refused the first one, it would take the second.
  return partition.identity == identity_ && partition.lastAcked >= 0;
}

void IdempotentState::onDrain(PartitionSequences& partition, Batch& batch) {
  batch.onWire = true;
  if (batch.hasSequence()) return;  // it never left the list
  if (partition.identity != identity_) {
    partition.identity = identity_;
    partition.next = 0;
    partition.lastAcked = -1;
    partition.lastAckedOffset = -1;
  }
  batch.identity = partition.identity;
  batch.baseSequence = partition.next;
  partition.next = record::incrementSequence(partition.next, batch.count);
  partition.inFlight.push_back(&batch);
}

void IdempotentState::onReturn(Batch& batch, ErrorCode answer) noexcept {
  batch.onWire = false;
  switch (answer) {
    case ErrorCode::OutOfOrderSequenceNumber:
    case ErrorCode::UnknownProducerId: batch.maybeWritten = false; break;
    // Refused before it was looked for among what is stored: says nothing about an earlier attempt.
    case ErrorCode::MessageTooLarge:
    case ErrorCode::RecordListTooLarge:
    case ErrorCode::InvalidRecord:
    case ErrorCode::CorruptMessage:
    case ErrorCode::NotEnoughReplicas:
    case ErrorCode::TopicAuthorizationFailed:
    case ErrorCode::InvalidTimestamp: break;
    default: batch.maybeWritten = true;
  }
}

void IdempotentState::onSuccess(PartitionSequences& partition, Batch& batch, std::int64_t lastOffset) {
  remove(partition, batch);
  if (batch.encodedIdentity != batch.identity || batch.encodedSequence != batch.baseSequence) {
    requestBump(partition);  // written under a sequence that this partition no longer counts from
    return;
  }
  if (batch.identity != partition.identity) return;
  if (partition.lastAcked < 0 || isBehind(batch.lastSequence(), partition.lastAcked)) partition.lastAcked = batch.lastSequence();
  partition.lastAckedOffset = std::max(partition.lastAckedOffset, lastOffset);
}

bool IdempotentState::mayRetry(PartitionSequences& partition, const Batch& batch, ErrorCode error, std::int64_t logStartOffset) {
  // Not an answer to what it was before its sequence was given anew. The partition may well be behind the producer: another
  // one has raised the epoch meanwhile.
  const bool current = batch.identity == partition.identity && batch.encodedIdentity == batch.identity && batch.encodedSequence == batch.baseSequence;
  if (error == ErrorCode::UnknownProducerId) {
    // With a log start offset of -1 the broker could not tell, and a batch with a new sequence is as good as new.
    if (logStartOffset != -1 && !batch.sequenceReset && current) requestBump(partition);
    return true;
  }
  if (error == ErrorCode::OutOfOrderSequenceNumber) {
    if (!partition.unresolved) {
      // Not the next one: something before it failed and will be sent again first.
      if (batch.sequenceReset || !partition.isNext(batch.baseSequence)) return true;
      if (current) requestBump(partition);
    } else if (*partition.unresolved == batch.baseSequence && current) {
      requestBump(partition);  // directly behind the one whose fate was open: so it was not written
    }
    return true;
  }
  return isRetriable(error);
}

void IdempotentState::onFailure(PartitionSequences& partition, Batch& batch, ErrorCode error, bool maybeWritten) {
  remove(partition, batch);
  if (error == ErrorCode::UnknownProducerId) {
    partition.next = 0;
    partition.lastAcked = -1;
    return;
  }
  // What follows was numbered behind it: a gap the broker would refuse for ever.
  if (error == ErrorCode::OutOfOrderSequenceNumber || !maybeWritten) requestBump(partition);
}

void IdempotentState::markUnresolved(PartitionSequences& partition, const Batch& batch) {
  const std::int32_t behind = record::incrementSequence(batch.lastSequence(), 1);
  if (!partition.unresolved || isBehind(behind, *partition.unresolved)) partition.unresolved = behind;
  if (std::find(unresolved_.begin(), unresolved_.end(), &partition) == unresolved_.end()) unresolved_.push_back(&partition);
}

void IdempotentState::replace(PartitionSequences& partition, const Batch& whole, const std::vector<Batch*>& parts) {
  const auto at = std::find(partition.inFlight.begin(), partition.inFlight.end(), &whole);
  if (at == partition.inFlight.end()) return;
  partition.inFlight.insert(partition.inFlight.erase(at), parts.begin(), parts.end());
}

void IdempotentState::settle() {
  std::erase_if(unresolved_, [this](PartitionSequences* partition) {
    if (!partition->unresolved) return true;
    if (!partition->inFlight.empty()) return false;
    if (!partition->isNext(*partition->unresolved)) requestBump(*partition);
    partition->unresolved.reset();
    return true;
  });
  if (rewrites_.empty() || !identity_.valid()) return;
  const auto firstReady = std::partition(rewrites_.begin(), rewrites_.end(), [](const auto* p) { return !mayStartAnew(*p); });
  if (firstReady == rewrites_.end()) return;
  // For a partition that has not gone over yet, the epoch that another one asked for is new enough.
  const bool fresh = std::all_of(firstReady, rewrites_.end(), [this](const auto* p) { return p->identity != identity_; });
  if (!fresh && identity_.epoch == std::numeric_limits<std::int16_t>::max()) {
    identity_ = {};  // out of epochs: a new id; the partitions start anew when it is there
    return;
  }
  if (!fresh) ++identity_.epoch;
  std::for_each(firstReady, rewrites_.end(), [this](PartitionSequences* partition) { startAnew(*partition); });
  rewrites_.erase(firstReady, rewrites_.end());
}

bool IdempotentState::mayStartAnew(const PartitionSequences& partition) noexcept {
  const auto& batches = partition.inFlight;
  if (std::any_of(batches.begin(), batches.end(), [](const Batch* batch) { return batch->onWire; })) return false;
  return batches.empty() || !batches.front()->maybeWritten;  // what is behind one that is not written is not written
}

void IdempotentState::requestBump(PartitionSequences& partition) {
  if (partition.rewrite) return;
  partition.rewrite = true;
  rewrites_.push_back(&partition);
}

void IdempotentState::remove(PartitionSequences& partition, const Batch& batch) noexcept {
  std::erase(partition.inFlight, &batch);
}

void IdempotentState::startAnew(PartitionSequences& partition) noexcept {
  partition.identity = identity_;
  partition.next = 0;
  partition.lastAcked = -1;
  partition.lastAckedOffset = -1;
  for (Batch* batch : partition.inFlight) {
    batch->identity = identity_;
    batch->baseSequence = partition.next;
    batch->sequenceReset = true;
    batch->maybeWritten = false;
    partition.next = record::incrementSequence(partition.next, batch->count);
  }
  partition.unresolved.reset();
  partition.rewrite = false;
}

}  // namespace klamm::producer
