#include "coordinator/replica_partition_writer.h"

namespace klamm::broker::coordinator {
namespace {

/// Between append() and the answer of the ReplicaManager, which may come before or after append() returns.
struct PendingAppend {
  Committed committed;
  std::optional<Error> outcome;  ///< None for success
  bool returned = false;
};

}  // namespace

Result<Partition*> ReplicaPartitionWriter::find(std::int32_t partition) const {
  Partition* found = replicas_.find(TopicPartition{topic_, partition});
  if (found == nullptr) return fail(ErrorCode::NotLeaderOrFollower, fmt::format("{}-{} has no replica here", topic_, partition));
  return found;
}

Status ReplicaPartitionWriter::append(std::int32_t partition, const Buffer& batch, Committed committed) {
  const auto pending = std::make_shared<PendingAppend>();
  pending->committed = std::move(committed);
  const AppendParams params{.requiredAcks = -1, .timeout = commitTimeout_, .origin = log::AppendOrigin::Coordinator};
  replicas_.append(TopicPartition{topic_, partition}, batch, params, [pending](const log::AppendResult& result) {
    if (!pending->returned) {
      pending->outcome = result.error;
    } else {
      pending->committed(result.error ? Status(fail(result.error)) : Status());
    }
  });
  pending->returned = true;
  if (!pending->outcome) return {};
  // Written, but to fewer replicas than asked for: in the log all the same.
  const bool isWritten = !*pending->outcome || pending->outcome->code() == ErrorCode::NotEnoughReplicasAfterAppend;
  if (!isWritten) return fail(*pending->outcome);
  pending->committed(*pending->outcome ? Status(fail(*pending->outcome)) : Status());
  return {};
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
