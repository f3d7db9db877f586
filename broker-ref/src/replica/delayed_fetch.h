#pragma once
// A fetch that waits for enough bytes.

#include <cstdint>
#include <vector>

#include "replica/purgatory.h"
#include "replica/replica_manager.h"

namespace klamm::broker {

/// Reads when it is made; while what it found is too little, it counts the bytes that its partitions take in and reads again
/// when those could be enough. A fetch with minBytes 1 is thus read once in vain and once for good.
/// Threading: the manager's.
class DelayedFetch final : public DelayedOperation {
 public:
  DelayedFetch(ReplicaManager& manager, const FetchParams& params, std::vector<FetchPartition> wanted, FetchCallback done);

  /// Reads; answers and returns true if that is enough, or an error.
  bool readAndMaybeAnswer();
  bool tryComplete() override;
  void expire() override;
  /// The partitions to watch.
  [[nodiscard]] std::vector<Purgatory::Key> keys() const;

 private:
  struct Outcome {
    std::vector<FetchedPartition> partitions = {};
    std::uint64_t bytes = 0;
    bool answerNow = false;  ///< an error or a diverging epoch
  };
  [[nodiscard]] Outcome read();
  /// Bytes that the wanted partitions took in so far, ever; nullopt when one of them is gone.
  [[nodiscard]] std::optional<std::uint64_t> takenIn() const;
  [[nodiscard]] bool anyUncommitted() const;

  ReplicaManager& manager_;
  FetchParams params_;
  std::vector<FetchPartition> wanted_;
  FetchCallback done_;
  std::uint64_t found_ = 0;      ///< bytes of the last read
  bool uncommitted_ = false;     ///< at the last read a partition's high watermark was below its end
  std::uint64_t countedAt_ = 0;  ///< takenIn() at the last read
};

}  // namespace klamm::broker
