#include "producer/settings.h"

namespace klamm::producer {
namespace {

namespace key = klamm::config;
constexpr ClientKind kProducer = ClientKind::Producer;
constexpr std::size_t kMaxInFlightWithIdempotence = 5;

/// One reason that idempotence is not possible.
struct Conflict {
  bool holds;
  const char* what;
  const char* asked;
};

Status settleIdempotence(const Config& config, ProducerSettings& settings, const Log& log) {
  settings.idempotent = config.get(key::enableIdempotence, kProducer);
  if (!settings.idempotent) return {};
  const bool asked = config.has(key::enableIdempotence.name);
  const Conflict conflicts[] = {
      {settings.retries == 0, "retries is 0", "with enable.idempotence=true, retries must not be 0"},
      {settings.acks != Acks::All, "acks is not all", "with enable.idempotence=true, acks must be all"},
      {settings.maxInFlight > kMaxInFlightWithIdempotence, "max.in.flight.requests.per.connection is above 5",
       "with enable.idempotence=true, max.in.flight.requests.per.connection must be at most 5"},
  };
  for (const Conflict& conflict : conflicts) {
    if (!conflict.holds) continue;
    if (asked) return fail(ErrorCode::InvalidClientConfig, conflict.asked);
    log.info("idempotence is off because {}", conflict.what);
    settings.idempotent = false;
    break;
  }
  return {};
}

Status settleDeliveryTimeout(const Config& config, ProducerSettings& settings, const Log& log) {
  const Duration least = settings.linger + settings.requestTimeout;
  if (settings.deliveryTimeout >= least) return {};
  if (config.has(key::deliveryTimeoutMs.name)) {
    return fail(ErrorCode::InvalidClientConfig, "delivery.timeout.ms must be at least linger.ms + request.timeout.ms");
  }
  settings.deliveryTimeout = least;
  log.warn("delivery.timeout.ms is raised to linger.ms + request.timeout.ms");
  return {};
}

compress::Compression compressionOf(const Config& config) {
  compress::Compression compression;
  compression.type =
      compress::compressionFromName(config.get(key::compressionType, kProducer)).value_or(compress::CompressionType::None);
  switch (compression.type) {
    case compress::CompressionType::Gzip: compression.level = config.get(key::compressionGzipLevel, kProducer); break;
    case compress::CompressionType::Lz4: compression.level = config.get(key::compressionLz4Level, kProducer); break;
    case compress::CompressionType::Zstd: compression.level = config.get(key::compressionZstdLevel, kProducer); break;
    default: break;
  }
  return compression;
}

}  // namespace

Result<ProducerSettings> producerSettings(const Config& config, const Log& log) {
  if (config.has(key::transactionalId.name)) {
    return fail(ErrorCode::InvalidClientConfig, "transactional.id is set, but transactions are not available yet");
  }
  ProducerSettings settings;
  settings.batchSize = static_cast<std::size_t>(config.get(key::batchSize, kProducer));
  settings.linger = config.get(key::lingerMs, kProducer);
  settings.bufferMemory = static_cast<std::size_t>(config.get(key::bufferMemory, kProducer));
  settings.maxBlock = config.get(key::maxBlockMs, kProducer);
  settings.deliveryTimeout = config.get(key::deliveryTimeoutMs, kProducer);
  settings.requestTimeout = config.get(key::requestTimeoutMs, kProducer);
  settings.retryBackoff = config.get(key::retryBackoffMs, kProducer);
  settings.retryBackoffMax = config.get(key::retryBackoffMaxMs, kProducer);
  settings.retries = config.get(key::retries, kProducer);
  settings.maxRequestSize = static_cast<std::size_t>(config.get(key::maxRequestSize, kProducer));
  settings.maxInFlight = static_cast<std::size_t>(config.get(key::maxInFlightRequestsPerConnection, kProducer));
  settings.acks = config.get(key::acks, kProducer);
  settings.compression = compressionOf(config);
  settings.adaptivePartitioning = config.get(key::partitionerAdaptivePartitioningEnable, kProducer);
  settings.ignoreKeys = config.get(key::partitionerIgnoreKeys, kProducer);
  settings.availabilityTimeout = config.get(key::partitionerAvailabilityTimeoutMs, kProducer);
  settings.roundRobin = !config.get(key::partitionerClass, kProducer).empty();
  KLAMM_TRY(settleIdempotence(config, settings, log));
  KLAMM_TRY(settleDeliveryTimeout(config, settings, log));
  return settings;
}

}  // namespace klamm::producer
