#include "controller/brokers_control.h"

#include <algorithm>
#include <limits>

#include "image/features.h"
#include "protocol/records/broker_registration_change_record.h"
#include "protocol/records/feature_level_record.h"
#include "protocol/records/partition_change_record.h"
#include "protocol/records/producer_ids_record.h"
#include "protocol/records/register_broker_record.h"

namespace klamm::broker::controller {

Result<RecordList> bootstrapRecords(const image::ClusterImage& image) {
  RecordList records;
  if (!image.features().contains(std::string(image::kMetadataVersion))) {
    protocol::FeatureLevelRecord level;
    level.name = image::kMetadataVersion;
    level.featureLevel = image::kMetadataLevel;
    KLAMM_TRY(records.add(level, 0));
  }
  return records;
}

Result<RecordList> registrationRecords(const BrokerRegistration& broker, std::int64_t offset) {
  RecordList records;
  protocol::RegisterBrokerRecord registration;
  registration.brokerId = broker.id;
  registration.incarnationId = broker.incarnation;
  registration.brokerEpoch = offset;
  for (const image::BrokerEndpoint& endpoint : broker.endpoints) {
    registration.endPoints.push_back({endpoint.listener, endpoint.host, endpoint.port, endpoint.securityProtocol, {}});
  }
  for (const image::SupportedFeature& feature : image::kSupportedFeatures) {
    registration.features.push_back({std::string(feature.name), feature.min, feature.max, {}});
  }
  registration.rack = broker.rack;
  registration.fenced = true;
  registration.logDirs = broker.logDirs;
  KLAMM_TRY(records.add(registration, 4));
  protocol::BrokerRegistrationChangeRecord live;
  live.brokerId = broker.id;
  live.brokerEpoch = offset;
  live.fenced = -1;
  KLAMM_TRY(records.add(live, 0));
  return records;
}

Result<RecordList> leadershipRecords(const image::ClusterImage& image, std::int32_t broker) {
  RecordList records;
  for (const auto& topic : image.topics()) {
    for (std::size_t p = 0; p < topic->partitions.size(); ++p) {
      const image::PartitionImage& partition = topic->partitions[p];
      if (std::find(partition.replicas.begin(), partition.replicas.end(), broker) == partition.replicas.end()) continue;
      protocol::PartitionChangeRecord change;
      change.partitionId = static_cast<std::int32_t>(p);
      change.topicId = topic->id;
      change.leader = broker;
      if (partition.isr != std::vector<std::int32_t>{broker}) change.isr = std::vector<std::int32_t>{broker};
      if (!partition.eligibleLeaderReplicas.empty()) change.eligibleLeaderReplicas = std::vector<std::int32_t>();
      if (!partition.lastKnownElr.empty()) change.lastKnownElr = std::vector<std::int32_t>();
      KLAMM_TRY(records.add(change, 2));
    }
  }
  return records;
}

Outcome<protocol::AllocateProducerIdsResponse> allocateProducerIds(const ControlContext& context, const protocol::AllocateProducerIdsRequest& request) {
  Outcome<protocol::AllocateProducerIdsResponse> outcome;
  const image::BrokerImage* broker = context.image.broker(request.brokerId);
  const std::int64_t first = context.image.nextProducerId();
  if (broker == nullptr || broker->epoch != request.brokerEpoch) {
    outcome.response.errorCode = broker == nullptr ? ErrorCode::BrokerIdNotRegistered : ErrorCode::StaleBrokerEpoch;
    return outcome;
  }
  if (first > std::numeric_limits<std::int64_t>::max() - kProducerIdBlock) {
    outcome.response.errorCode = ErrorCode::UnknownServerError;
    return outcome;
  }
  protocol::ProducerIdsRecord block;
  block.brokerId = request.brokerId;
  block.brokerEpoch = request.brokerEpoch;
  block.nextProducerId = first + kProducerIdBlock;
  if (!outcome.records.add(block, 0)) {
    outcome.response.errorCode = ErrorCode::UnknownServerError;
    return outcome;
  }
  outcome.response.producerIdStart = first;
  outcome.response.producerIdLen = kProducerIdBlock;
  return outcome;
}

}  // namespace klamm::broker::controller
