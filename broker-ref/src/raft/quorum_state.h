#pragma once
// Who leads the metadata quorum, in which epoch: the part of Raft that must survive a restart.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace klamm::broker::raft {

/// What the file quorum-state holds. Threading: a value.
///
///     {"clusterId":"","leaderId":1,"leaderEpoch":4,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}
struct ElectionState {
  std::int32_t leaderId = -1;
  std::int32_t leaderEpoch = 0;
  std::int32_t votedId = -1;
  std::vector<std::int32_t> voters = {};
  friend bool operator==(const ElectionState&, const ElectionState&) = default;

  [[nodiscard]] std::string toJson() const;
  /// Reads Kafka's file, versions 0 (with voters) and 1 (without). Fails with MalformedResponse saying what is wrong.
  [[nodiscard]] static Result<ElectionState> fromJson(std::string_view text);
};

/// The role of this voter.
///
///     Unattached --election--> Candidate --majority voted--> Leader --resign--> Resigned
///         ^                        |                                                |
///         +------------------------+----- higher epoch seen ------------------------+
///
/// A quorum of one is its own majority: it goes from Unattached to Leader without a message. Any other change is refused.
///
/// Threading: one thread.
class QuorumState {
 public:
  enum class Role : std::uint8_t { Unattached, Candidate, Leader, Resigned };

  /// `persisted` is what the file held, `lastLogEpoch` the epoch of the log's last batch: a voter never goes back behind either.
  QuorumState(std::int32_t self, std::vector<std::int32_t> voters, const ElectionState& persisted, std::int32_t lastLogEpoch);

  [[nodiscard]] Role role() const noexcept { return role_; }
  [[nodiscard]] std::int32_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] bool isLeader() const noexcept { return role_ == Role::Leader; }
  [[nodiscard]] bool isOnlyVoter() const noexcept { return voters_.size() == 1 && voters_.front() == self_; }
  [[nodiscard]] const std::vector<std::int32_t>& voters() const noexcept { return voters_; }
  /// What must be on the disk before anybody is told of the present state.
  [[nodiscard]] ElectionState toPersist() const;

  /// Begins an election in the next epoch, with a vote for itself.
  [[nodiscard]] Status becomeCandidate();
  /// `granting` voters, this one among them, are a majority.
  [[nodiscard]] Status becomeLeader(std::size_t granting);
  [[nodiscard]] Status resign();

 private:
  [[nodiscard]] Status transitionTo(Role next);

  std::int32_t self_;
  std::vector<std::int32_t> voters_;
  std::int32_t epoch_;
  std::int32_t votedId_ = -1;
  Role role_ = Role::Unattached;
};

}  // namespace klamm::broker::raft
