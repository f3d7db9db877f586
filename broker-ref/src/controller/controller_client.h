#pragma once
// The one way to change metadata: requests to the active controller, in this process now, over the wire in a cluster.

#include <cstdint>
#include <vector>

#include "base/inline_function.h"
#include "protocol/19_create_topics.h"
#include "protocol/20_delete_topics.h"
#include "protocol/33_alter_configs.h"
#include "protocol/37_create_partitions.h"
#include "protocol/44_incremental_alter_configs.h"
#include "protocol/67_allocate_producer_ids.h"

namespace klamm::broker::controller {

template <class Response>
using Done = InlineFunction<void(Response), 96>;

/// Where the metadata quorum stands. Threading: a value.
struct QuorumDescription {
  std::int32_t leaderId = -1;
  std::int32_t epoch = 0;
  std::int64_t highWatermark = 0;
  std::int64_t logEndOffset = 0;
  std::vector<std::int32_t> voters = {};
};

/// Each call is answered once its records are committed and replayed into the image of this broker, or refused: the image
/// that a handler sees after `done` holds the change. Time limits are those of the requests; a request that does not commit in
/// time is answered with RequestTimedOut and may still take effect.
///
/// Threading: the loop; `done` comes on it, possibly before the call returns.
class ControllerClient {
 public:
  virtual ~ControllerClient() = default;
  virtual void createTopics(protocol::CreateTopicsRequest request, Done<protocol::CreateTopicsResponse> done) = 0;
  virtual void deleteTopics(protocol::DeleteTopicsRequest request, Done<protocol::DeleteTopicsResponse> done) = 0;
  virtual void createPartitions(protocol::CreatePartitionsRequest request, Done<protocol::CreatePartitionsResponse> done) = 0;
  virtual void alterConfigs(protocol::AlterConfigsRequest request, Done<protocol::AlterConfigsResponse> done) = 0;
  virtual void incrementalAlterConfigs(protocol::IncrementalAlterConfigsRequest request,
                                       Done<protocol::IncrementalAlterConfigsResponse> done) = 0;
  /// A block of producer ids that nobody else gets, also not after a restart.
  virtual void allocateProducerIds(protocol::AllocateProducerIdsRequest request, Done<protocol::AllocateProducerIdsResponse> done) = 0;
  /// As this broker knows it.
  [[nodiscard]] virtual QuorumDescription describeQuorum() const = 0;
};

}  // namespace klamm::broker::controller
