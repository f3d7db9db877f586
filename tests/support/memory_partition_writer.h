#pragma once
// A partition log in memory, whose commits and failures the test decides.

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

  Result<std::int64_t> append(std::int32_t partition, const Buffer& batch) override {
    if (refuseWith) return fail(*refuseWith, "refused by the test");
    ++appends;
    auto& log = logs_[partition];
    log.push_back(batch);
    if (autoCommit) commit(partition);
    return static_cast<std::int64_t>(log.size());
  }
  void listen(std::int32_t partition, broker::coordinator::CommitListener* listener) override {
    listeners_[partition] = listener;
    if (listener != nullptr) listener->onCommitted(committed_[partition]);
  }

  /// The high watermark reaches the end of every log.
  void commitAll() {
    for (const auto& [partition, log] : logs_) commit(partition);
  }
  /// Another broker leads the partition now.
  void lose(std::int32_t partition) {
    if (listeners_[partition] != nullptr) listeners_[partition]->onLost();
  }
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
  void commit(std::int32_t partition) {
    committed_[partition] = static_cast<std::int64_t>(logs_[partition].size());
    if (listeners_[partition] != nullptr) listeners_[partition]->onCommitted(committed_[partition]);
  }
  std::map<std::int32_t, std::vector<Buffer>> logs_;
  std::map<std::int32_t, std::int64_t> committed_;
  std::map<std::int32_t, broker::coordinator::CommitListener*> listeners_;
};

}  // namespace klamm::test
