#include "coordinator/replica_partition_writer.h"

namespace klamm::broker::coordinator {
/// Hands a partition's news to the coordinator, as long as there is one. Threading: the partition's loop.
class ReplicaPartitionWriter::Forwarder final : public PartitionListener {
 public:
  explicit Forwarder(CommitListener* target) : target_(target) {}
  void onHighWatermarkUpdated(const TopicPartition&, std::int64_t offset) override {
    if (target_ != nullptr) target_->onCommitted(offset);
  }
  void onResigned(const TopicPartition&) override {
    if (target_ != nullptr) target_->onLost();
  }
  void forget() { target_ = nullptr; }

 private:
  CommitListener* target_;
};

ReplicaPartitionWriter::~ReplicaPartitionWriter() {
  for (const auto& [partition, forwarder] : forwarders_) forwarder->forget();
}

Result<Partition*> ReplicaPartitionWriter::find(std::int32_t partition) const {
  Partition* found = replicas_.find(TopicPartition{topic_, partition});
  if (found == nullptr) return fail(ErrorCode::NotLeaderOrFollower, fmt::format("{}-{} has no replica here", topic_, partition));
  return found;
}

Result<std::int64_t> ReplicaPartitionWriter::append(std::int32_t partition, const Buffer& batch) {
  KLAMM_TRY_ASSIGN(Partition* const found, find(partition));
  // Answered at once, unless other replicas are waited for: then it is in the log already.
  struct Outcome {
    Error error;
    std::int64_t lastOffset = -1;
  };
  const auto outcome = std::make_shared<std::optional<Outcome>>();
  const std::int64_t before = found->logEndOffset();
  const AppendParams params{.requiredAcks = -1, .timeout = Millis(0), .origin = log::AppendOrigin::Coordinator};
  replicas_.append(TopicPartition{topic_, partition}, batch, params,
                   [outcome](const log::AppendResult& result) { *outcome = Outcome{.error = result.error, .lastOffset = result.lastOffset}; });
  const auto header = record::BatchHeader::parse(batch);
  if (!header) return fail(header.error());
  if (!*outcome) return before + header->lastOffsetDelta + 1;
  const Error& error = (*outcome)->error;
  const bool isWritten = !error || error.code() == ErrorCode::NotEnoughReplicasAfterAppend || error.code() == ErrorCode::RequestTimedOut;
  if (!isWritten) return fail(error);
  return before + header->lastOffsetDelta + 1;
}

void ReplicaPartitionWriter::listen(std::int32_t partition, CommitListener* listener) {
  const auto found = find(partition);
  if (const auto it = forwarders_.find(partition); it != forwarders_.end()) {
    it->second->forget();
    if (found) (*found)->removeListener(it->second.get());
    forwarders_.erase(it);
  }
  if (listener == nullptr || !found) return;
  const auto forwarder = std::make_shared<Forwarder>(listener);
  forwarders_[partition] = forwarder;
  (*found)->addListener(forwarder);
  listener->onCommitted((*found)->highWatermark());
}

Result<std::int64_t> ReplicaPartitionWriter::read(std::int32_t partition, std::int64_t offset, std::size_t maxBytes,
                                                  const BatchVisitor& visit) {
  KLAMM_TRY_ASSIGN(Partition* const found, find(partition));
  std::int64_t next = offset;
  std::size_t bytes = 0;
  bool enough = false;
  const Status walked = found->log().forEachBatch(offset, [&](const record::RecordBatchView& batch) -> Status {
    if (bytes >= maxBytes) {
      enough = true;
      return fail(ErrorCode::Cancelled);
    }
    KLAMM_TRY(visit(batch));
    bytes += batch.sizeInBytes();
    next = batch.header().lastOffset() + 1;
    return {};
  });
  if (!walked && !enough) return fail(walked.error());
  return next;
}

Result<std::int64_t> ReplicaPartitionWriter::logStartOffset(std::int32_t partition) {
  KLAMM_TRY_ASSIGN(Partition* const found, find(partition));
  return found->logStartOffset();
}

std::size_t ReplicaPartitionWriter::maxBatchBytes(std::int32_t partition) const {
  const auto found = find(partition);
  return found ? static_cast<std::size_t>((*found)->log().config().maxMessageBytes) : 0;
}

}  // namespace klamm::broker::coordinator
