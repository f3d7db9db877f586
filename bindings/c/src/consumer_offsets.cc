#include <map>
#include <utility>
#include <vector>

#include "consumer.h"

using namespace klamm;

namespace {

/// NULL stands for everything that is assigned.
[[nodiscard]] Error offsetsOrAll(const klamm_partitions_t* given, std::optional<OffsetMap>& offsets) {
  if (given == nullptr) return {};
  if (!c::isA(given)) return c::illegalArgument("the list is none");
  offsets = c::offsetsIn(*given);
  return {};
}
[[nodiscard]] Error partitionsOrAll(const klamm_partitions_t* given, TopicPartitions& partitions, bool& nothing) {
  if (given == nullptr) return {};
  if (!c::isA(given)) return c::illegalArgument("the list is none");
  partitions = c::partitionsIn(*given);
  nothing = partitions.empty();  // which the client would take for all
  return {};
}

using Offsets = std::map<TopicPartition, std::int64_t>;

}  // namespace

int32_t klamm_consumer_commit_sync(klamm_consumer_t* consumer, const klamm_partitions_t* offsets, int64_t timeout_ms, klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    std::optional<OffsetMap> what;
    if (Error wrong = offsetsOrAll(offsets, what)) return wrong;
    return consumer->core->commitSync(std::move(what), c::timeoutOf(timeout_ms));
  });
}

int32_t klamm_consumer_commit_async(klamm_consumer_t* consumer, const klamm_partitions_t* offsets, klamm_commit_fn done, void* user,
                                    klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    std::optional<OffsetMap> what;
    if (Error wrong = offsetsOrAll(offsets, what)) return wrong;
    CommitCallback callback;
    if (done != nullptr) {
      callback = [consumer, done, user](const OffsetMap& committed, const Error& outcome) {
        const auto list = c::listOf(committed);
        const klamm_error described = c::describe(outcome);
        const c::InCallback mark(*consumer);
        done(list.get(), outcome ? &described : nullptr, user);
      };
    }
    return consumer->core->commitAsync(std::move(what), std::move(callback));
  });
}

int32_t klamm_consumer_committed(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, int64_t timeout_ms,
                                 klamm_partitions_t** offsets, klamm_error_t** error) {
  return c::giveList<OffsetMap>(consumer, offsets, error, [&](auto& result) {
    if (!c::isA(partitions)) return c::illegalArgument("the list is NULL");
    return consumer->core->committed(c::partitionsIn(*partitions), c::timeoutOf(timeout_ms), result);
  });
}

int32_t klamm_consumer_seek(klamm_consumer_t* consumer, const char* topic, int32_t partition, int64_t offset, klamm_error_t** error) {
  return c::guarded(consumer, error, [&] {
    if (topic == nullptr) return c::illegalArgument("the topic is NULL");
    return consumer->core->seek({.topic = topic, .partition = partition}, {.offset = offset});
  });
}

int32_t klamm_consumer_seek_all(klamm_consumer_t* consumer, const klamm_partitions_t* offsets, klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    if (!c::isA(offsets)) return c::illegalArgument("the list is NULL");
    for (auto& [partition, offset] : c::offsetsIn(*offsets)) {
      if (Error wrong = consumer->core->seek(partition, offset)) return wrong;
    }
    return {};
  });
}

int32_t klamm_consumer_seek_to_beginning(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    TopicPartitions which;
    bool nothing = false;
    if (Error wrong = partitionsOrAll(partitions, which, nothing)) return wrong;
    return nothing ? Error() : consumer->core->seekToBeginning(which);
  });
}

int32_t klamm_consumer_seek_to_end(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    TopicPartitions which;
    bool nothing = false;
    if (Error wrong = partitionsOrAll(partitions, which, nothing)) return wrong;
    return nothing ? Error() : consumer->core->seekToEnd(which);
  });
}

int32_t klamm_consumer_position(klamm_consumer_t* consumer, const char* topic, int32_t partition, int64_t timeout_ms, int64_t* offset,
                                klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    if (topic == nullptr || offset == nullptr) return c::illegalArgument("topic or offset is NULL");
    std::int64_t result = 0;
    if (Error wrong = consumer->core->position({.topic = topic, .partition = partition}, c::timeoutOf(timeout_ms), result)) return wrong;
    *offset = result;
    return {};
  });
}

int32_t klamm_consumer_beginning_offsets(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, int64_t timeout_ms,
                                         klamm_partitions_t** offsets, klamm_error_t** error) {
  return c::giveList<Offsets>(consumer, offsets, error, [&](auto& result) {
    if (!c::isA(partitions)) return c::illegalArgument("the list is NULL");
    return consumer->core->beginningOffsets(c::partitionsIn(*partitions), c::timeoutOf(timeout_ms), result);
  });
}

int32_t klamm_consumer_end_offsets(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, int64_t timeout_ms,
                                   klamm_partitions_t** offsets, klamm_error_t** error) {
  return c::giveList<Offsets>(consumer, offsets, error, [&](auto& result) {
    if (!c::isA(partitions)) return c::illegalArgument("the list is NULL");
    return consumer->core->endOffsets(c::partitionsIn(*partitions), c::timeoutOf(timeout_ms), result);
  });
}

int32_t klamm_consumer_offsets_for_times(klamm_consumer_t* consumer, const klamm_partitions_t* times, int64_t timeout_ms,
                                         klamm_partitions_t** offsets, klamm_error_t** error) {
  using Found = std::map<TopicPartition, std::optional<OffsetAndTimestamp>>;
  return c::giveList<Found>(consumer, offsets, error, [&](auto& result) {
    if (!c::isA(times)) return c::illegalArgument("the list is NULL");
    Offsets asked;
    for (const klamm_partition_t& row : times->rows) asked[{.topic = row.topic, .partition = row.partition}] = row.timestamp;
    return consumer->core->offsetsForTimes(asked, c::timeoutOf(timeout_ms), result);
  });
}

int32_t klamm_consumer_partitions_for(klamm_consumer_t* consumer, const char* topic, int64_t timeout_ms, klamm_partitions_t** partitions,
                                      klamm_error_t** error) {
  return c::giveList<TopicPartitions>(consumer, partitions, error, [&](TopicPartitions& result) -> Error {
    if (topic == nullptr) return c::illegalArgument("the topic is NULL");
    std::vector<PartitionInfo> infos;
    if (Error wrong = consumer->core->partitionsFor(topic, c::timeoutOf(timeout_ms), infos)) return wrong;
    for (const PartitionInfo& info : infos) result.push_back({.topic = info.topic, .partition = info.partition});
    return {};
  });
}
