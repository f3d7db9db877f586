#pragma once
// What a start writes: features, this broker's registration, a new leader epoch for its partitions; and blocks of producer ids.

#include <string>
#include <vector>

#include "controller/control.h"
#include "protocol/67_allocate_producer_ids.h"

namespace klamm::broker::controller {

/// What a broker says of itself when it starts. Threading: a value.
struct BrokerRegistration {
  std::int32_t id = 0;
  Uuid incarnation = {};
  std::vector<image::BrokerEndpoint> endpoints = {};
  std::optional<std::string> rack = {};
  std::vector<Uuid> logDirs = {};
};

inline constexpr std::int32_t kProducerIdBlock = 1000;
/// Large starts are written in pieces of so many records.
inline constexpr std::size_t kRecordsPerBatch = 1000;

/// Feature levels of a metadata log that holds none: the cluster's first record.
[[nodiscard]] Result<RecordList> bootstrapRecords(const image::ClusterImage& image);
/// The registration, fenced until it is live, and its unfencing; `offset` is where the first record will stand, which is the
/// broker's epoch.
[[nodiscard]] Result<RecordList> registrationRecords(const BrokerRegistration& broker, std::int64_t offset);
/// Every partition with a replica on the broker gets it as leader again, in a new epoch.
[[nodiscard]] Result<RecordList> leadershipRecords(const image::ClusterImage& image, std::int32_t broker);
[[nodiscard]] Outcome<protocol::AllocateProducerIdsResponse> allocateProducerIds(const ControlContext& context,
                                                                                 const protocol::AllocateProducerIdsRequest& request);

}  // namespace klamm::broker::controller
