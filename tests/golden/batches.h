#pragma once
// The lines of BatchPairs.java, which says what their columns are.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "record/batch.h"

namespace klamm::golden {

/// One batch as Kafka writes it.
struct BatchPair {
  std::string name = {};
  int seed = 0;
  std::vector<std::int64_t> timestamps = {};  ///< Empty for a batch that compaction has changed.
  Buffer bytes = {};
  nlohmann::json expected = {};
};

/// A batch that our builder made and what our reader says of it.
struct OwnBatch {
  std::string name = {};
  Buffer bytes = {};
  nlohmann::json description = {};
};

[[nodiscard]] BatchPair batchPairOf(const std::vector<std::string>& columns);

/// Empty when the batch and our code agree: it reads as Kafka does, passes validation as a produced batch where a producer
/// could have made it, no strict prefix passes for a batch, no cut of its records passes for whole; and from the same
/// records our builder makes the same bytes (without a codec), or a batch whose records take the same bytes. `made` gets
/// our batches, one for each codec.
[[nodiscard]] std::string differenceOf(const BatchPair& pair, std::vector<OwnBatch>& made);

}  // namespace klamm::golden
