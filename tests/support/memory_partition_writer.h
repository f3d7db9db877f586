#pragma once
// A partition log in memory, whose commits and failures the test decides.

#include <deque>
#include <map>
#include <vector>

#include "coordinator/partition_writer.h"
#include "record/batch.h"
#include "record/batch_header.h"

namespace klamm::test {

/// Threading: one thread.
class MemoryPartitionWriter final : public broker::coordinator::PartitionWriter {
 public:
  /// Commits at once; else commitAll() does.
  bool autoCommit = true;
  /// Refuses appends with this code while set.
  std::optional<ErrorCode> refuseWith = {};
  std::size_t maxBytes = 1'048'588;
  std::size_t appends = 0;

  Status append(std::int32_t partition, const Buffer& batch, broker::coordinator::Committed committed) override {
    if (refuseWith) return fail(*refuseWith, "refused by the test");
    ++appends;
    logs_[partition].push_back(batch);
    if (autoCommit) committed(Status());
    else waiting_.push_back(std::move(committed));
    return {};
  }

  /// Commits everything, in order.
  void commitAll() { finish(Status()); }
  /// What waits is told that it failed so; the batches stay in the log.
  void failAll(ErrorCode error) { finish(fail(error, "failed by the test")); }
  [[nodiscard]] std::size_t uncommitted() const noexcept { return waiting_.size(); }
  /// As another leader would: everything that was appended to the partition is gone.
  void truncate(std::int32_t partition) { logs_.erase(partition); }
  [[nodiscard]] const std::vector<Buffer>& batches(std::int32_t partition) { return logs_[partition]; }

  /// Offsets here count batches: batch i begins at offset i.
  Result<std::int64_t> read(std::int32_t partition, std::int64_t offset, std::size_t maxBytesPerRead,
                            const broker::coordinator::BatchVisitor& visit) override {
    const auto& log = logs_[partition];
    std::size_t bytes = 0;
    while (offset < static_cast<std::int64_t>(log.size()) && bytes < maxBytesPerRead) {
      const Buffer& batch = log[static_cast<std::size_t>(offset)];
      auto view = record::RecordBatchView::parse(batch);
      if (!view) return fail(view.error());
      if (const Status status = visit(*view); !status) return fail(status.error());
      bytes += batch.size();
      ++offset;
    }
    return offset;
  }
  Result<std::int64_t> logStartOffset(std::int32_t) override { return 0; }
  std::size_t maxBatchBytes(std::int32_t) const override { return maxBytes; }

 private:
  void finish(const Status& status) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& committed : waiting) committed(status);
  }
  std::map<std::int32_t, std::vector<Buffer>> logs_;
  std::deque<broker::coordinator::Committed> waiting_;
};

}  // namespace klamm::test
