#pragma once
// What is checked of batches before they are appended, and the stamps they get.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "log/log_config.h"
#include "record/batch.h"

namespace klamm::broker::log {

/// Who wrote the batches that are appended: clients are checked most strictly.
enum class AppendOrigin { Client, Coordinator, RaftLeader, Replication };

struct AppendOptions {
  AppendOrigin origin = AppendOrigin::Client;
  std::int32_t leaderEpoch = 0;
  std::int64_t nowMillis = 0;  ///< wall clock
};

/// What is wrong with one record of a batch that was refused.
struct RecordError {
  std::int32_t batchIndex = 0;
  std::string message = {};
};

/// A batch on its way into a segment. The bytes stay as they came; the header that is written instead of theirs lies here:
///
///     bytes:   [ header as sent, 61 bytes ][ records ................. ]
///     written: [ head                     ][ the same bytes            ]      one gather write, nothing copied
///
struct StampedBatch {
  Buffer bytes = {};
  record::BatchHeader header = {};
  bool crcChanged = false;  ///< a field below the CRC was changed
  std::array<std::byte, record::BatchHeader::kSize> head = {};

  /// Fills `head` from `header`; computes the CRC anew where a field that it covers was changed.
  void stamp() noexcept;
};

struct BatchValidation {
  Error error = {};
  std::vector<RecordError> recordErrors = {};
  std::vector<StampedBatch> batches = {};
};

/// The one batch that a produce request may carry for a partition, judged by its first 17 bytes in Kafka's order: a length
/// below the smallest or a magic that never was is CorruptMessage; none, a cut or a second batch and the old magics 0 and 1
/// are InvalidRecord. Fewer than 12 bytes behind the batch are passed over.
[[nodiscard]] Result<record::RecordBatchView> onlyBatch(const Buffer& bytes);

/// Checks batches as Kafka's broker does, in its order and with its codes; see the table in log_format.md. `name` is the
/// partition's, for messages. Timestamps are stamped here, offsets later.
[[nodiscard]] BatchValidation validateForAppend(const Buffer& bytes, const AppendOptions& options, const LogConfig& config,
                                                std::string_view name);

}  // namespace klamm::broker::log
