#include "raft/raft_node.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace klamm::broker::raft {

Result<ElectionState> RaftNode::elect(std::int64_t logEndOffset) {
  if (!quorum_.isOnlyVoter()) return fail(ErrorCode::InvalidRequest, "only a quorum of one elects itself");
  KLAMM_TRY(quorum_.becomeCandidate());
  KLAMM_TRY(quorum_.becomeLeader(1));
  epochStart_ = logEndOffset;
  logEndOffset_ = logEndOffset;
  durableEnds_.clear();
  return quorum_.toPersist();
}

Status RaftNode::appended(std::int64_t logEndOffset) {
  if (!quorum_.isLeader()) return fail(ErrorCode::NotController, "this node does not lead the metadata quorum");
  if (logEndOffset < logEndOffset_) return fail(ErrorCode::InvalidRequest, fmt::format("the metadata log went back from {} to {}", logEndOffset_, logEndOffset));
  logEndOffset_ = logEndOffset;
  return {};
}

std::optional<std::int64_t> RaftNode::durable(std::int32_t voter, std::int64_t endOffset) {
  const auto& voters = quorum_.voters();
  if (!quorum_.isLeader() || std::find(voters.begin(), voters.end(), voter) == voters.end()) return std::nullopt;
  std::int64_t& end = durableEnds_[voter];
  end = std::max(end, std::min(endOffset, logEndOffset_));
  std::vector<std::int64_t> ends;
  for (const std::int32_t id : voters) {
    const auto found = durableEnds_.find(id);
    ends.push_back(found == durableEnds_.end() ? 0 : found->second);
  }
  std::sort(ends.begin(), ends.end(), std::greater<>());
  const std::int64_t majority = ends[ends.size() / 2];
  if (majority <= epochStart_ || majority <= highWatermark_) return std::nullopt;
  highWatermark_ = majority;
  return highWatermark_;
}

}  // namespace klamm::broker::raft
