#pragma once
// What members of a "consumer" group say to one another through the coordinator.

#include <set>
#include <string>

#include <klamm/assignor.h>

#include "base/buffer.h"
#include "base/result.h"

namespace klamm::consumer {

/// The metadata of a JoinGroup and the assignment of a SyncGroup, byte for byte as Java's ConsumerProtocol writes them:
///
///     | int16 version 3 | ConsumerProtocolSubscription |      topics and owned partitions in order of their names
///     | int16 version 3 | ConsumerProtocolAssignment   |      in the order of the assignor
///
/// A version newer than these is read as the newest known: later ones only add fields at the end.
[[nodiscard]] Result<Buffer> encodeSubscription(const MemberSubscription& subscription);
[[nodiscard]] Result<MemberSubscription> decodeSubscription(const Buffer& bytes);
[[nodiscard]] Result<Buffer> encodeAssignment(const TopicPartitions& partitions);
/// No bytes are no partitions.
[[nodiscard]] Result<TopicPartitions> decodeAssignment(const Buffer& bytes);

}  // namespace klamm::consumer
