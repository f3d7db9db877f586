#pragma once
// The coordinators' log over this broker's replicas.

#include <map>
#include <memory>
#include <string>

#include "coordinator/partition_writer.h"
#include "replica/replica_manager.h"

namespace klamm::broker::coordinator {

/// Appends with acks=all, so that min.insync.replicas holds, but waits for nothing: the high watermark tells of commits.
/// Threading: the loop of the ReplicaManager.
class ReplicaPartitionWriter final : public PartitionWriter {
 public:
  ReplicaPartitionWriter(std::string topic, ReplicaManager& replicas) : topic_(std::move(topic)), replicas_(replicas) {}
  ~ReplicaPartitionWriter() override;

  [[nodiscard]] Result<std::int64_t> append(std::int32_t partition, const Buffer& batch) override;
  void listen(std::int32_t partition, CommitListener* listener) override;
  [[nodiscard]] Result<std::int64_t> read(std::int32_t partition, std::int64_t offset, std::size_t maxBytes,
                                          const BatchVisitor& visit) override;
  [[nodiscard]] Result<std::int64_t> logStartOffset(std::int32_t partition) override;
  [[nodiscard]] std::size_t maxBatchBytes(std::int32_t partition) const override;

 private:
  class Forwarder;
  [[nodiscard]] Result<Partition*> find(std::int32_t partition) const;

  std::string topic_;
  ReplicaManager& replicas_;
  std::map<std::int32_t, std::shared_ptr<Forwarder>> forwarders_;  ///< what listens at the partitions
};

}  // namespace klamm::broker::coordinator
