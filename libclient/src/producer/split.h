#pragma once
// What becomes of a batch that the broker finds too large.

#include <cstdint>
#include <memory>
#include <vector>

#include "producer/batch.h"

namespace klamm::producer {

/// The records of an encoded batch in batches of at most `limit` bytes before compression (one record more if that is
/// larger by itself), in order. Callbacks, sequences and the memory's lease go over to the parts:
///
///     whole: sequence 7, records 0 1 2 3 4     parts: sequence 7, records 0 1 | sequence 9, records 2 3 | sequence 11, record 4
///
/// Empty, with the batch as it was, when it cannot be divided. Source: ProducerBatch.split of Kafka.
[[nodiscard]] std::vector<std::unique_ptr<Batch>> splitBatch(Batch& whole, std::size_t limit);

}  // namespace klamm::producer
