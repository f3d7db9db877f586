#pragma once
// A topic's settings as far as its logs act on them.

#include <cstdint>
#include <limits>

#include "record/batch_header.h"

namespace klamm::broker::log {

/// Defaults are those of Kafka's topic configuration; names in Kafka's words. Threading: a value.
struct LogConfig {
  std::int32_t segmentBytes = 1 << 30;
  std::int64_t segmentMs = 604'800'000;
  std::int64_t segmentJitterMs = 0;
  std::int32_t segmentIndexBytes = 10 << 20;
  std::int32_t indexIntervalBytes = 4096;
  std::int32_t maxMessageBytes = 1'048'588;
  record::TimestampType messageTimestampType = record::TimestampType::CreateTime;
  std::int64_t messageTimestampBeforeMaxMs = std::numeric_limits<std::int64_t>::max();
  std::int64_t messageTimestampAfterMaxMs = 3'600'000;
  std::int64_t flushMessages = std::numeric_limits<std::int64_t>::max();
  std::int32_t minInSyncReplicas = 1;
  bool compact = false;  ///< cleanup.policy holds "compact": records need a key
  std::int64_t producerIdExpirationMs = 86'400'000;
};

}  // namespace klamm::broker::log
