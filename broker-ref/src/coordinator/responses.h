#pragma once
// Responses of the group APIs that turn into errors when the records under them are lost.

#include <vector>

#include <klamm/error.h>

#include "protocol/08_offset_commit.h"
#include "protocol/09_offset_fetch.h"
#include "protocol/11_join_group.h"
#include "protocol/12_heartbeat.h"
#include "protocol/13_leave_group.h"
#include "protocol/14_sync_group.h"
#include "protocol/15_describe_groups.h"
#include "protocol/16_list_groups.h"
#include "protocol/42_delete_groups.h"
#include "protocol/47_offset_delete.h"

namespace klamm::broker::coordinator {

/// spoil(response, error): the response as it is when `error` came in the way; what already is an error stays.
void spoil(protocol::JoinGroupResponse& response, ErrorCode error);
void spoil(protocol::SyncGroupResponse& response, ErrorCode error);
void spoil(protocol::HeartbeatResponse& response, ErrorCode error);
void spoil(protocol::LeaveGroupResponse& response, ErrorCode error);
void spoil(protocol::OffsetCommitResponse& response, ErrorCode error);
void spoil(protocol::OffsetDeleteResponse& response, ErrorCode error);
void spoil(protocol::ListGroupsResponse& response, ErrorCode error);
void spoil(protocol::OffsetFetchResponse::OffsetFetchResponseGroup& response, ErrorCode error);
void spoil(protocol::DescribeGroupsResponse::DescribedGroup& response, ErrorCode error);
void spoil(protocol::DeleteGroupsResponse::DeletableGroupResult& response, ErrorCode error);

/// The error that a client sees when a write to __consumer_offsets failed with `error`: the topic's own troubles become the
/// coordinator's, so that the client looks for the coordinator again or tries later.
[[nodiscard]] ErrorCode coordinatorError(ErrorCode error) noexcept;

}  // namespace klamm::broker::coordinator
