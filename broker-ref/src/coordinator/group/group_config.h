#pragma once
// What the group coordinator is told by the broker's configuration.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "config/broker_config.h"

namespace klamm::broker::coordinator {

/// Values of Kafka's keys of the same names, and the limits that are ours. Threading: immutable after the start.
struct GroupConfig {
  Millis minSessionTimeout{6'000};        ///< group.min.session.timeout.ms
  Millis maxSessionTimeout{1'800'000};    ///< group.max.session.timeout.ms
  std::int32_t maxSize = std::numeric_limits<std::int32_t>::max();  ///< group.max.size
  Millis initialRebalanceDelay{0};        ///< group.initial.rebalance.delay.ms; 0 on purpose, see docs/deviations.md
  Millis newMemberJoinTimeout{300'000};   ///< how long a new member's JoinGroup is kept: it has no heartbeats yet (Kafka's constant)
  Millis offsetsRetention{7LL * 24 * 3'600'000};    ///< offsets.retention.minutes
  Millis offsetsRetentionCheckInterval{600'000};    ///< offsets.retention.check.interval.ms
  std::int32_t offsetMetadataMaxSize = 4096;        ///< offset.metadata.max.bytes, in UTF-16 units as Kafka counts

  Millis commitTimeout{5'000};            ///< offsets.commit.timeout.ms: how long the in-sync replicas may take
  std::size_t loadChunkBytes = 5'242'880; ///< offsets.load.buffer.size: read per step, so that the loop serves others in between

  // Kafka leaves these without a bound.
  std::size_t maxGroups = 1'000'000;            ///< per shard; a group beyond it is answered COORDINATOR_NOT_AVAILABLE
  std::size_t maxPendingMembers = 10'000;       ///< per group: ids handed out by MEMBER_ID_REQUIRED that have not joined
  std::size_t maxGroupBytes = 64 * 1024 * 1024; ///< per group: all members' protocol metadata together
  std::size_t maxLoggedBytes = 255;             ///< of a group id, member id or reason in a log line

  [[nodiscard]] static GroupConfig from(const config::BrokerConfig& config);
};

}  // namespace klamm::broker::coordinator
