#pragma once
// The one list type of partitions, to and from the client's own types.

#include <deque>
#include <klamm.h>
#include <klamm/detail/consumer_core.h>
#include <klamm/record.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "error.h"
#include "handle.h"

/// What klamm_partitions_t is: rows, and the texts that they point to. Threading: one thread at a time.
struct klamm_partitions : klamm::c::Handle<klamm::c::Kind::Partitions> {
  std::deque<std::string> texts = {};  // a deque moves nothing when it grows
  std::vector<klamm_partition_t> rows = {};

  /// Adds a copy of the row and of its texts.
  void add(const klamm_partition_t& row);

 private:
  const char* keep(const char* text);
};

namespace klamm::c {

[[nodiscard]] TopicPartitions partitionsIn(const klamm_partitions_t& list);
[[nodiscard]] OffsetMap offsetsIn(const klamm_partitions_t& list);

void add(klamm_partitions& list, const TopicPartition& partition);
void add(klamm_partitions& list, const TopicPartition& partition, std::int64_t offset);
void add(klamm_partitions& list, const TopicPartition& partition, const OffsetAndMetadata& offset);
void add(klamm_partitions& list, const TopicPartition& partition, const std::optional<OffsetAndTimestamp>& found);

/// A list of partitions, or of partitions and what is known of each.
template <class Container>
[[nodiscard]] std::unique_ptr<klamm_partitions> listOf(const Container& entries) {
  auto list = std::make_unique<klamm_partitions>();
  for (const auto& entry : entries) {
    if constexpr (requires { entry.second; }) add(*list, entry.first, entry.second);
    else add(*list, entry);
  }
  return list;
}

}  // namespace klamm::c
