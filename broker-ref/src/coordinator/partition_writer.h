#pragma once
// The seam between a coordinator and the log that its state lies in.

#include <cstdint>
#include <functional>

#include "base/buffer.h"
#include "base/inline_function.h"
#include "base/result.h"
#include "record/batch.h"

namespace klamm::broker::coordinator {

/// Called once for a batch that was appended: success when the high watermark has passed it, else why its fate is not known
/// or that it is lost (the partition has another leader).
using Committed = InlineFunction<void(Status)>;
using BatchVisitor = std::function<Status(const record::RecordBatchView&)>;

/// Writes and reads the partitions of one internal topic on behalf of the coordinators that live on them.
///
///     append(batch 1) -> in the log at [0, 2)     ... high watermark reaches 2 -> its Committed(success)
///     append(batch 2) -> refused, e.g. too large  ... nothing is in the log, its Committed is never called
///
/// Threading: a partition is used only on the loop that owns its coordinator; Committed is called there too, possibly before
/// append() returns.
class PartitionWriter {
 public:
  virtual ~PartitionWriter() = default;

  /// Appends one batch (its base offset and leader epoch are filled in). Batches that are accepted keep their order. A failure
  /// means that nothing was written.
  [[nodiscard]] virtual Status append(std::int32_t partition, const Buffer& batch, Committed committed) = 0;

  /// Visits whole batches from the one that holds `offset` on, about `maxBytes` of them but at least one; returns the offset
  /// behind the last one visited, `offset` itself at the end of the log. An error of `visit` ends it and is returned.
  [[nodiscard]] virtual Result<std::int64_t> read(std::int32_t partition, std::int64_t offset, std::size_t maxBytes,
                                                  const BatchVisitor& visit) = 0;

  /// The first offset that is still in the log: where loading begins.
  [[nodiscard]] virtual Result<std::int64_t> logStartOffset(std::int32_t partition) = 0;

  /// The largest batch that append() accepts (max.message.bytes of the topic).
  [[nodiscard]] virtual std::size_t maxBatchBytes(std::int32_t partition) const = 0;
};

}  // namespace klamm::broker::coordinator
