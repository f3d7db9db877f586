#include "coordinator/responses.h"

namespace klamm::broker::coordinator {

void spoil(protocol::JoinGroupResponse& response, ErrorCode error) {
  // MEMBER_ID_REQUIRED is a promise: the id is known to a group that may not have come to be.
  if (response.errorCode != ErrorCode::None && response.errorCode != ErrorCode::MemberIdRequired) return;
  protocol::JoinGroupResponse failed;
  failed.errorCode = error;
  failed.memberId = std::move(response.memberId);
  response = std::move(failed);
}

void spoil(protocol::SyncGroupResponse& response, ErrorCode error) {
  if (response.errorCode != ErrorCode::None) return;
  response = {};
  response.errorCode = error;
}

void spoil(protocol::HeartbeatResponse& response, ErrorCode error) {
  if (response.errorCode == ErrorCode::None) response.errorCode = error;
}

void spoil(protocol::LeaveGroupResponse& response, ErrorCode error) {
  response = {};
  response.errorCode = error;
}

void spoil(protocol::OffsetCommitResponse& response, ErrorCode error) {
  for (auto& topic : response.topics)
    for (auto& partition : topic.partitions)
      if (partition.errorCode == ErrorCode::None) partition.errorCode = error;
}

void spoil(protocol::OffsetDeleteResponse& response, ErrorCode error) {
  response = {};
  response.errorCode = error;
}

void spoil(protocol::ListGroupsResponse& response, ErrorCode error) {
  response = {};
  response.errorCode = error;
}

void spoil(protocol::OffsetFetchResponse::OffsetFetchResponseGroup& response, ErrorCode error) {
  response.topics.clear();
  response.errorCode = error;
}

void spoil(protocol::DescribeGroupsResponse::DescribedGroup& response, ErrorCode error) {
  protocol::DescribeGroupsResponse::DescribedGroup failed;
  failed.groupId = std::move(response.groupId);
  failed.errorCode = error;
  response = std::move(failed);
}

void spoil(protocol::DeleteGroupsResponse::DeletableGroupResult& response, ErrorCode error) {
  if (response.errorCode == ErrorCode::None) response.errorCode = error;
}

ErrorCode coordinatorError(ErrorCode error) noexcept {
  switch (error) {
    case ErrorCode::UnknownTopicOrPartition:
    case ErrorCode::NotEnoughReplicas:
    case ErrorCode::NotEnoughReplicasAfterAppend:
    case ErrorCode::RequestTimedOut:
      return ErrorCode::CoordinatorNotAvailable;
    case ErrorCode::NotLeaderOrFollower:
    case ErrorCode::KafkaStorageError:
      return ErrorCode::NotCoordinator;
    case ErrorCode::MessageTooLarge:
    case ErrorCode::RecordListTooLarge:
    case ErrorCode::InvalidFetchSize:
      return ErrorCode::UnknownServerError;
    default:
      // A code that only this process knows has no number on the wire.
      return static_cast<std::int16_t>(error) < -1 ? ErrorCode::UnknownServerError : error;
  }
}

}  // namespace klamm::broker::coordinator
