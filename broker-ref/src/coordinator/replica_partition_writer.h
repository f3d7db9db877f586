#pragma once
// The coordinators' log over this broker's replicas.

#include "coordinator/partition_writer.h"
#include "replica/replica_manager.h"

namespace klamm::broker::coordinator {

/// Appends with acks=all and is told of the commit by the ReplicaManager, as a client's produce would be.
/// Threading: the loop of the ReplicaManager.
class ReplicaPartitionWriter final : public PartitionWriter {
 public:
  /// `commitTimeout`: offsets.commit.timeout.ms, how long the in-sync replicas may take.
  ReplicaPartitionWriter(std::string topic, ReplicaManager& replicas, Millis commitTimeout)
      : topic_(std::move(topic)), replicas_(replicas), commitTimeout_(commitTimeout) {}

  [[nodiscard]] Status append(std::int32_t partition, const Buffer& batch, Committed committed) override;
  [[nodiscard]] Result<std::int64_t> read(std::int32_t partition, std::int64_t offset, std::size_t maxBytes,
                                          const BatchVisitor& visit) override;
  [[nodiscard]] Result<std::int64_t> logStartOffset(std::int32_t partition) override;
  [[nodiscard]] std::size_t maxBatchBytes(std::int32_t partition) const override;

 private:
  [[nodiscard]] Result<Partition*> find(std::int32_t partition) const;

  std::string topic_;
  ReplicaManager& replicas_;
  Millis commitTimeout_;
};

}  // namespace klamm::broker::coordinator
