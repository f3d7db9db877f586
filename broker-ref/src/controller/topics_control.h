#pragma once
// Creating and deleting topics, adding partitions.

#include "controller/control.h"
#include "protocol/19_create_topics.h"
#include "protocol/20_delete_topics.h"
#include "protocol/37_create_partitions.h"

namespace klamm::broker::controller {

/// One request makes at most so many partitions, as in Kafka.
inline constexpr std::int64_t kMaxPartitionsPerRequest = 10'000;

[[nodiscard]] Outcome<protocol::CreateTopicsResponse> createTopics(const ControlContext& context, const protocol::CreateTopicsRequest& request);
[[nodiscard]] Outcome<protocol::DeleteTopicsResponse> deleteTopics(const ControlContext& context, const protocol::DeleteTopicsRequest& request);
[[nodiscard]] Outcome<protocol::CreatePartitionsResponse> createPartitions(const ControlContext& context,
                                                                           const protocol::CreatePartitionsRequest& request);

}  // namespace klamm::broker::controller
