#pragma once
// The producer's configuration, parsed and checked against itself.

#include <cstddef>
#include <cstdint>

#include <klamm/config.h>

#include "base/clock.h"
#include "base/logging.h"
#include "base/result.h"
#include "compress/codec.h"

namespace klamm::producer {

/// Defaults are Kafka's. Threading: a value.
struct ProducerSettings {
  std::size_t batchSize = 16384;
  Duration linger = std::chrono::milliseconds(5);
  std::size_t bufferMemory = std::size_t{32} << 20;
  Duration maxBlock = std::chrono::minutes(1);
  Duration deliveryTimeout = std::chrono::minutes(2);
  Duration requestTimeout = std::chrono::seconds(30);
  Duration retryBackoff = std::chrono::milliseconds(100);
  Duration retryBackoffMax = std::chrono::seconds(1);
  std::int32_t retries = 2147483647;
  std::size_t maxRequestSize = std::size_t{1} << 20;
  std::size_t maxInFlight = 5;
  Acks acks = Acks::All;
  bool idempotent = true;
  compress::Compression compression = {};
  bool adaptivePartitioning = true;
  bool ignoreKeys = false;
  Duration availabilityTimeout = {};  ///< zero: a slow broker is never left out
  bool roundRobin = false;            ///< partitioner.class named Kafka's RoundRobinPartitioner
};

/// Kafka's rules between keys: idempotence against acks, retries and max.in.flight (an error when idempotence was asked
/// for, quietly off when it is only the default); delivery.timeout.ms against linger.ms + request.timeout.ms;
/// transactional.id is refused. Fails with InvalidClientConfig.
/// Source: ProducerConfig.postProcessAndValidateIdempotenceConfigs, KafkaProducer.configureDeliveryTimeout.
[[nodiscard]] Result<ProducerSettings> producerSettings(const Config& config, const Log& log);

}  // namespace klamm::producer
