#pragma once
// What a log knows of idempotent producers: which batches were stored, so that a retry is recognised.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "log/disk.h"
#include "record/batch_header.h"

namespace klamm::broker::log {

/// One stored batch of a producer.
struct BatchMetadata {
  std::int32_t lastSequence = -1;
  std::int64_t lastOffset = -1;
  std::int32_t offsetDelta = 0;
  std::int64_t timestamp = -1;
  [[nodiscard]] std::int32_t firstSequence() const noexcept;
  [[nodiscard]] std::int64_t firstOffset() const noexcept { return lastOffset - offsetDelta; }
  friend bool operator==(const BatchMetadata&, const BatchMetadata&) = default;
};

/// The state of one producer id: its epoch and the last five batches, oldest first.
struct ProducerEntry {
  static constexpr std::size_t kBatchesKept = 5;

  std::int16_t epoch = record::kNoProducerEpoch;
  std::int64_t lastTimestamp = -1;
  std::int32_t coordinatorEpoch = -1;
  std::int64_t currentTxnFirstOffset = -1;
  std::uint8_t count = 0;
  std::array<BatchMetadata, kBatchesKept> batches = {};

  void add(const BatchMetadata& batch);
  [[nodiscard]] const BatchMetadata* last() const noexcept { return count == 0 ? nullptr : &batches[count - 1U]; }
  [[nodiscard]] const BatchMetadata* find(std::int32_t firstSequence, std::int32_t lastSequence) const noexcept;
};

/// The last batches of each producer in a stretch of the log, to fill in what a snapshot leaves out.
///
///     snapshot of producer 7:   epoch 0, last batch [15..19]           Kafka's format has room for one batch
///     the log before it:        ... [5..9] [10..14] [15..19]
///     comes [10..14] again, its answer was lost: without the log out of order, with it a duplicate
///
/// Kafka forgets the earlier batches at a clean stop and refuses such a retry; its producer then raises its epoch and
/// writes them twice. Threading: one thread.
class ProducerTail {
 public:
  void note(const record::BatchHeader& batch);
  [[nodiscard]] const ProducerEntry* find(std::int64_t producerId) const noexcept;

 private:
  std::unordered_map<std::int64_t, ProducerEntry> producers_;
};

/// The verdict on a batch: append it, it is stored already, or an error.
struct SequenceVerdict {
  Error error = {};
  std::optional<BatchMetadata> duplicate = {};
};

/// All producers of one log.
///
///     sequence of producer 7, epoch 0:   stored [0..9] [10..14] [15..19]
///     comes [20..24]  -> appended                comes [10..14] -> duplicate, answered with the offset of then
///     comes [21..25]  -> OutOfOrderSequenceNumber   epoch 1, [0..3] -> appended, epoch 0 is fenced from now on
///     behind 2147483647 comes 0
///
/// A producer without state (expired, or its records deleted) may begin with any sequence, as in Kafka since KIP-360.
/// The state survives as a `.snapshot` file, written when a segment is rolled and at a clean stop, plus the records behind it.
///
/// Threading: one thread, that of the log.
class ProducerStates {
 public:
  ProducerStates(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  /// What a client's batch would do; changes nothing.
  [[nodiscard]] SequenceVerdict check(const record::BatchHeader& batch) const;
  /// The batch (offsets assigned) has been stored.
  void update(const record::BatchHeader& batch);
  /// The state covers everything below `offset`.
  void setMapEndOffset(std::int64_t offset) noexcept { mapEndOffset_ = offset; }
  [[nodiscard]] std::int64_t mapEndOffset() const noexcept { return mapEndOffset_; }
  void expire(std::int64_t nowMillis, std::int64_t expirationMs);
  void clear() { producers_.clear(); }

  /// Takes the newest readable snapshot at or below `offset`; damaged ones are removed. Snapshots above are removed too.
  /// Returns the offset that the state now covers (`from` without any snapshot).
  [[nodiscard]] std::int64_t restore(std::int64_t from, std::int64_t offset, std::int64_t nowMillis, std::int64_t expirationMs);
  /// Gives producers that have one batch the batches before it.
  void recall(const ProducerTail& tail);
  /// Writes the state to `<mapEndOffset>.snapshot` unless that is what the last one holds.
  [[nodiscard]] Status takeSnapshot();
  /// Keeps the snapshots of these segments and the newest of the others.
  void removeStraySnapshots(const std::vector<std::int64_t>& segmentBaseOffsets);
  [[nodiscard]] Status removeSnapshot(std::int64_t offset);
  [[nodiscard]] const std::vector<std::int64_t>& snapshotOffsets() const noexcept { return snapshots_; }
  /// Finds the snapshot files among those of the folder.
  void listSnapshots(const std::vector<FolderEntry>& entries);

  [[nodiscard]] const std::unordered_map<std::int64_t, ProducerEntry>& all() const noexcept { return producers_; }

  /// The file's bytes: version int16 (1) | crc uint32 (CRC-32C of what follows) | entries (Kafka's ProducerSnapshot).
  [[nodiscard]] static std::vector<std::byte> encodeSnapshot(const std::unordered_map<std::int64_t, ProducerEntry>& producers);
  [[nodiscard]] static Result<std::unordered_map<std::int64_t, ProducerEntry>> decodeSnapshot(BytesView bytes);

 private:
  [[nodiscard]] std::string snapshotPath(std::int64_t offset) const;

  Disk& disk_;
  std::string folder_;
  std::unordered_map<std::int64_t, ProducerEntry> producers_;
  std::int64_t mapEndOffset_ = 0;
  std::int64_t lastSnapshotOffset_ = -1;
  std::vector<std::int64_t> snapshots_;  ///< rising
};

}  // namespace klamm::broker::log
