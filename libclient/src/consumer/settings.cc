#include "consumer/settings.h"

#include <utility>

#include "client/client_config.h"
#include "client/config_table.h"
#include "consumer/assignors/range.h"

namespace klamm::consumer {
namespace {

namespace key = klamm::config;
constexpr ClientKind kConsumer = ClientKind::Consumer;

/// "org.apache.kafka.clients.consumer.RangeAssignor" and plain "range" mean the same.
bool namesAssignor(const std::string& text, const std::string& plain, const std::string& javaClass) {
  return text == plain || text == javaClass || text == "org.apache.kafka.clients.consumer." + javaClass;
}

/// Kafka's default offers range and cooperative-sticky and begins with range. A member that offers range alone fits into
/// such a group, as long as every member offers it.
Result<std::vector<std::shared_ptr<PartitionAssignor>>> assignorsOf(const Config& config, const Log& log) {
  std::vector<std::shared_ptr<PartitionAssignor>> assignors;
  std::string left;
  for (const std::string& text : config.get(key::partitionAssignmentStrategy, kConsumer)) {
    if (namesAssignor(text, "range", "RangeAssignor")) assignors.push_back(std::make_shared<RangeAssignor>());
    else left += (left.empty() ? "" : ", ") + text;
  }
  if (assignors.empty()) {
    return klamm::fail(ErrorCode::InvalidClientConfig, "partition.assignment.strategy = " + left + ": available is org.apache.kafka.clients.consumer.RangeAssignor");
  }
  if (!left.empty() && config.has(key::partitionAssignmentStrategy.name)) log.warn("partition.assignment.strategy: {} is not available and is left out", left);
  return assignors;
}

Status checkGroup(const Config& config, const ConsumerSettings& settings) {
  if (config.get(key::groupProtocol, kConsumer) != "classic" && config.get(key::groupProtocol, kConsumer) != "CLASSIC") {
    return klamm::fail(ErrorCode::InvalidClientConfig, "group.protocol = consumer is not available yet: use classic");
  }
  if (settings.group.heartbeatInterval >= settings.group.sessionTimeout) {
    return klamm::fail(ErrorCode::InvalidClientConfig, "heartbeat.interval.ms must be lower than session.timeout.ms");
  }
  return {};
}

}  // namespace

Result<ConsumerSettings> ConsumerSettings::from(const Config& config) {
  ConsumerSettings settings;
  const Log log = client::logOf(config);
  KLAMM_TRY_ASSIGN(settings.client, client::clientSettings(config, kConsumer, "klamm-consumer"));
  settings.hasGroup = config.has(key::groupId.name);
  settings.group.groupId = config.get(key::groupId, kConsumer);
  if (settings.hasGroup && settings.group.groupId.empty()) settings.hasGroup = false;
  if (config.has(key::groupInstanceId.name)) settings.group.instanceId = config.get(key::groupInstanceId, kConsumer);
  settings.fetch.rack = config.get(key::clientRack, kConsumer);
  if (!settings.fetch.rack.empty()) settings.group.rack = settings.fetch.rack;
  settings.group.sessionTimeout = config.get(key::sessionTimeoutMs, kConsumer);
  settings.group.heartbeatInterval = config.get(key::heartbeatIntervalMs, kConsumer);
  settings.group.maxPollInterval = config.get(key::maxPollIntervalMs, kConsumer);
  settings.group.requestTimeout = config.get(key::requestTimeoutMs, kConsumer);
  settings.group.retryBackoff = config.get(key::retryBackoffMs, kConsumer);
  settings.group.retryBackoffMax = config.get(key::retryBackoffMaxMs, kConsumer);
  KLAMM_TRY(checkGroup(config, settings));
  KLAMM_TRY_ASSIGN(settings.assignors, assignorsOf(config, log));
  KLAMM_TRY_ASSIGN(settings.reset, ResetPolicy::parse(config.get(key::autoOffsetReset, kConsumer)));
  settings.fetch.minBytes = config.get(key::fetchMinBytes, kConsumer);
  settings.fetch.maxBytes = config.get(key::fetchMaxBytes, kConsumer);
  settings.fetch.partitionMaxBytes = config.get(key::maxPartitionFetchBytes, kConsumer);
  settings.fetch.maxWait = config.get(key::fetchMaxWaitMs, kConsumer);
  settings.fetch.checkCrcs = config.get(key::checkCrcs, kConsumer);
  settings.fetch.readCommitted = config.get(key::isolationLevel, kConsumer) == "read_committed";
  settings.fetch.retryBackoff = settings.group.retryBackoff;
  settings.autoCommit = config.get(key::enableAutoCommit, kConsumer);
  if (settings.autoCommit && !settings.hasGroup) {
    if (config.has(key::enableAutoCommit.name)) {
      return klamm::fail(ErrorCode::InvalidClientConfig, "enable.auto.commit cannot be set to true when default group id (null) is used.");
    }
    settings.autoCommit = false;
  }
  settings.autoCommitInterval = config.get(key::autoCommitIntervalMs, kConsumer);
  settings.maxPollRecords = static_cast<std::size_t>(config.get(key::maxPollRecords, kConsumer));
  settings.apiTimeout = config.get(key::defaultApiTimeoutMs, kConsumer);
  settings.excludeInternalTopics = config.get(key::excludeInternalTopics, kConsumer);
  return settings;
}

}  // namespace klamm::consumer
