#pragma once
// What makes retries harmless: producer id, epoch and a sequence number per partition.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "producer/batch.h"

namespace klamm::producer {

/// The sequences of one partition.
///
///     acknowledged          in flight (sent or waiting to be sent again)      not drained yet
///     0 ... lastAcked | inFlight[0] | inFlight[1] | ...  | next
///
/// Threading: the sender's lock.
struct PartitionSequences {
  ProducerIdentity identity = {};
  std::int32_t next = 0;
  std::int32_t lastAcked = -1;
  std::int64_t lastAckedOffset = -1;
  std::vector<Batch*> inFlight = {};  ///< in the order of their sequences
  /// The sequence behind a batch that was given up although it may have been written; nothing new is sent before it is
  /// known whether it was.
  std::optional<std::int32_t> unresolved = {};
  bool rewrite = false;  ///< its sequences begin anew at the next epoch

  /// True if `sequence` comes directly behind what was acknowledged.
  [[nodiscard]] bool isNext(std::int32_t sequence) const noexcept;
};

/// Idempotence of one producer: Kafka's rules for a producer without transactions (KIP-98, 360 and 794).
///
///     no id --InitProducerId--> id, epoch 0 --gap or unknown id on a partition--> epoch + 1, that partition from 0
///                                   |                                            (32767: a new id)
///                                   +-- not allowed, not supported --> fatal
///
/// An epoch bump rewrites the sequences of the partition that asked for it, those of batches that wait to be sent again
/// included. It waits until none of them is on its way and the first one is known not to be written: under a new sequence
/// the broker could not tell that it has it.
///
///     in flight  [B: sent, answer lost] [X: refused for good] [C: refused, out of order]
///     X is given up, C needs a new sequence;  B is sent again under its old one --> a duplicate: B is done --> bump, C from 0
///
/// Other partitions go over to the new epoch when nothing of theirs is in flight.
///
/// The first batch of a partition travels alone. Kafka's producer sends up to five at once, and reorders them when the
/// broker refuses the first for a reason that passes or is too large: it knows no sequence yet to miss one.
///
/// Source: org.apache.kafka.clients.producer.internals.TransactionManager, TxnPartitionMap.
/// Threading: the sender's lock.
class IdempotentState {
 public:
  [[nodiscard]] const ProducerIdentity& identity() const noexcept { return identity_; }
  void setIdentity(ProducerIdentity identity) noexcept { identity_ = identity; }

  /// May the first batch of the queue be sent now?
  [[nodiscard]] bool mayDrain(const PartitionSequences& partition, const Batch& first) const noexcept;
  /// Gives a batch its sequence when it has none, and notes it as in flight.
  void onDrain(PartitionSequences& partition, Batch& batch);
  /// It is no longer on its way; `answer` None: written. What is not known to be unwritten keeps its sequence for now.
  void onReturn(Batch& batch, ErrorCode answer) noexcept;
  /// The broker has it. False if it was written under a sequence that has been given to others since.
  void onSuccess(PartitionSequences& partition, Batch& batch, std::int64_t lastOffset);
  /// Whether to send it again after `error`; asks for an epoch bump where the rules say so.
  [[nodiscard]] bool mayRetry(PartitionSequences& partition, const Batch& batch, ErrorCode error, std::int64_t logStartOffset);
  /// It is given up. `written`: the broker may have it (an expired or exhausted batch).
  void onFailure(PartitionSequences& partition, Batch& batch, ErrorCode error, bool maybeWritten);
  /// It has no answer and is given up: its fate decides about what follows.
  void markUnresolved(PartitionSequences& partition, const Batch& batch);
  /// The batch is replaced by its parts.
  void replace(PartitionSequences& partition, const Batch& whole, const std::vector<Batch*>& parts);

  /// Settles what can be settled: bumps the epoch when asked for and resolves gaps. To be called before draining.
  void settle();
  [[nodiscard]] bool needsProducerId() const noexcept { return !identity_.valid(); }

 private:
  void requestBump(PartitionSequences& partition);
  void remove(PartitionSequences& partition, const Batch& batch) noexcept;
  [[nodiscard]] static bool mayStartAnew(const PartitionSequences& partition) noexcept;
  void startAnew(PartitionSequences& partition) noexcept;

  ProducerIdentity identity_;
  std::vector<PartitionSequences*> rewrites_;
  std::vector<PartitionSequences*> unresolved_;
};

}  // namespace klamm::producer
