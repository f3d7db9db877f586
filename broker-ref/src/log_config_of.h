#pragma once
// From a topic's settings to what its logs act on.

#include "controller/effective_config.h"
#include "log/log_config.h"

namespace klamm::broker {

[[nodiscard]] inline log::LogConfig logConfigOf(const controller::ConfigView& view, const image::ConfigMap& own, std::int64_t producerIdExpirationMs) {
  log::LogConfig config;
  const auto number = [&](config::TopicKey key) { return view.topicNumber(key, own); };
  config.segmentBytes = static_cast<std::int32_t>(number("segment.bytes"));
  config.segmentMs = number("segment.ms");
  config.segmentJitterMs = number("segment.jitter.ms");
  config.segmentIndexBytes = static_cast<std::int32_t>(number("segment.index.bytes"));
  config.indexIntervalBytes = static_cast<std::int32_t>(number("index.interval.bytes"));
  config.maxMessageBytes = static_cast<std::int32_t>(number("max.message.bytes"));
  config.messageTimestampType = view.topicText("message.timestamp.type", own) == "LogAppendTime" ? record::TimestampType::LogAppendTime
                                                                                                 : record::TimestampType::CreateTime;
  config.messageTimestampBeforeMaxMs = number("message.timestamp.before.max.ms");
  config.messageTimestampAfterMaxMs = number("message.timestamp.after.max.ms");
  config.flushMessages = number("flush.messages");
  config.minInSyncReplicas = static_cast<std::int32_t>(number("min.insync.replicas"));
  config.compact = view.topicText("cleanup.policy", own).find("compact") != std::string::npos;
  config.producerIdExpirationMs = producerIdExpirationMs;
  return config;
}

}  // namespace klamm::broker
