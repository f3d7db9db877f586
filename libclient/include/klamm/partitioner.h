#pragma once
// Who chooses the partition of a record that names none.

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <klamm/bytes.h>

namespace [[gnu::visibility("default")]] klamm {

/// What a Partitioner sees. The views are valid during the call.
struct PartitionContext {
  std::string_view topic = {};
  std::optional<BytesView> key = {};                ///< serialised
  std::optional<BytesView> value = {};              ///< serialised
  std::int32_t partitionCount = 0;                  ///< at least 1
  std::span<const std::int32_t> available = {};     ///< partitions that have a leader at the moment; may be empty
};

/// Replaces the built-in choice: murmur2 of the key; without a key (or with partitioner.ignore.keys) sticky by batch.size
/// bytes and by the length of the queues (KIP-794). Pass it in ProducerOptions::partitioner.
///
/// Threading: called from every thread that sends, also at once. It must not block or call the producer.
class Partitioner {
 public:
  virtual ~Partitioner() = default;
  /// A number from 0 to partitionCount - 1; another one fails the send with IllegalArgumentException.
  [[nodiscard]] virtual std::int32_t partition(const PartitionContext& context) = 0;
};

/// One partition after the other, whatever the key; those with a leader first
/// (org.apache.kafka.clients.producer.RoundRobinPartitioner; also chosen by that name in partitioner.class).
/// Threading: any thread.
class RoundRobinPartitioner final : public Partitioner {
 public:
  [[nodiscard]] std::int32_t partition(const PartitionContext& context) override {
    const std::uint32_t turn = next_.fetch_add(1, std::memory_order_relaxed);
    if (!context.available.empty()) return context.available[turn % context.available.size()];
    return static_cast<std::int32_t>(turn % static_cast<std::uint32_t>(context.partitionCount));
  }

 private:
  std::atomic<std::uint32_t> next_ = 0;
};

}  // namespace klamm
