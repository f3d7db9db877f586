#pragma once
// The seam between a coordinator and the log that its state lies in.

#include <cstdint>
#include <functional>

#include "base/buffer.h"
#include "base/result.h"
#include "record/batch.h"

namespace klamm::broker::coordinator {

/// Told how far a partition is committed. Threading: the partition's loop.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  /// Everything below `offset` is committed. May come before the append() that led to it returns.
  virtual void onCommitted(std::int64_t offset) = 0;
  /// This broker does not lead the partition any more, or it was deleted: what was not committed may be lost.
  virtual void onLost() = 0;
};

using BatchVisitor = std::function<Status(const record::RecordBatchView&)>;

/// Writes and reads the partitions of one internal topic on behalf of the coordinators that live on them.
///
///     append(batch of 2) -> 12        in the log at [10, 12)      onCommitted(12): the high watermark has passed it
///     append(batch)      -> an error  e.g. too large: nothing is in the log
///
/// Threading: a partition is used only on the loop that owns its coordinator.
class PartitionWriter {
 public:
  virtual ~PartitionWriter() = default;

  /// Appends one batch (its base offset and leader epoch are filled in); returns the offset behind it. A failure means that
  /// nothing was written.
  [[nodiscard]] virtual Result<std::int64_t> append(std::int32_t partition, const Buffer& batch) = 0;

  /// Who hears of the partition's commits from now on, beginning with how far it is committed already; null: nobody.
  virtual void listen(std::int32_t partition, CommitListener* listener) = 0;

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
