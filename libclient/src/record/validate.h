#pragma once
// What a broker checks before it takes a producer's batch into its log.

#include <cstdint>
#include <limits>

#include "base/result.h"
#include "record/batch.h"

namespace klamm::record {

/// The topic's rules.
struct BatchRules {
  bool requiresKey = false;  ///< compacted topics
  TimestampType timestampType = TimestampType::CreateTime;
  std::int64_t nowMillis = 0;
  std::int64_t timestampBeforeMaxMillis = std::numeric_limits<std::int64_t>::max();  ///< message.timestamp.before.max.ms
  std::int64_t timestampAfterMaxMillis = std::numeric_limits<std::int64_t>::max();   ///< message.timestamp.after.max.ms
  bool fromClient = true;  ///< false for the broker's own batches: control batches are allowed
};

/// What came out. Threading: a value.
struct BatchVerdict {
  Error error = {};                    ///< false: the batch may be appended
  std::int32_t badRecord = -1;         ///< index of the record the error is about; -1: about the batch
  std::int64_t maxTimestamp = kNoTimestamp;          ///< found among the records (CreateTime), else nowMillis
  std::int64_t offsetDeltaOfMaxTimestamp = -1;       ///< of the first record that has it
};

/// The one batch that a produce request carries for a partition. Fails with InvalidRecord when there is none, a second one,
/// one that is cut off or one of an older format, and with CorruptMessage when the bytes cannot be a batch.
[[nodiscard]] Result<RecordBatchView> parseProduced(const Buffer& records);

/// Checks length, magic, CRC, count, lastOffsetDelta, sequence, flags and then every record: that it decodes, that offset
/// deltas go 0, 1, 2, ..., that its timestamp is within the rules, that it has a key where one is required. Keys and
/// values are passed over; a compressed batch is streamed, never held as a whole. Codes as Kafka answers them:
/// CorruptMessage for a wrong CRC, InvalidRecord for a broken layout, InvalidTimestamp, UnknownServerError for a codec
/// number that is not assigned.
/// Threading: any thread.
[[nodiscard]] BatchVerdict validateBatch(const RecordBatchView& batch, const BatchRules& rules);

}  // namespace klamm::record
