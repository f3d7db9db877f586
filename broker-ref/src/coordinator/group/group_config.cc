#include "coordinator/group/group_config.h"

#include <algorithm>

namespace klamm::broker::coordinator {

GroupConfig GroupConfig::from(const config::BrokerConfig& config) {
  GroupConfig group;
  group.minSessionTimeout = Millis(config.number("group.min.session.timeout.ms"));
  group.maxSessionTimeout = Millis(config.number("group.max.session.timeout.ms"));
  group.maxSize = static_cast<std::int32_t>(config.number("group.max.size"));
  group.initialRebalanceDelay = Millis(std::max<std::int64_t>(config.number("group.initial.rebalance.delay.ms"), 0));
  group.offsetsRetention = Millis(config.number("offsets.retention.minutes") * 60'000);
  group.offsetsRetentionCheckInterval = Millis(config.number("offsets.retention.check.interval.ms"));
  group.offsetMetadataMaxSize = static_cast<std::int32_t>(config.number("offset.metadata.max.bytes"));
  group.commitTimeout = Millis(config.number("offsets.commit.timeout.ms"));
  group.loadChunkBytes = static_cast<std::size_t>(config.number("offsets.load.buffer.size"));
  return group;
}

}  // namespace klamm::broker::coordinator
