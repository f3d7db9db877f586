#include "raft/quorum_state.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace klamm::broker::raft {
namespace {

[[nodiscard]] std::string_view roleName(QuorumState::Role role) noexcept {
  switch (role) {
    case QuorumState::Role::Unattached: return "Unattached";
    case QuorumState::Role::Candidate: return "Candidate";
    case QuorumState::Role::Leader: return "Leader";
    case QuorumState::Role::Resigned: break;
  }
  return "Resigned";
}

[[nodiscard]] bool isAllowed(QuorumState::Role from, QuorumState::Role to) noexcept {
  using Role = QuorumState::Role;
  switch (to) {
    case Role::Candidate: return from == Role::Unattached || from == Role::Candidate || from == Role::Resigned;
    case Role::Leader: return from == Role::Candidate;
    case Role::Resigned: return from == Role::Leader;
    case Role::Unattached: return true;
  }
  return false;
}

}  // namespace

std::string ElectionState::toJson() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::int32_t voter : voters) list.push_back({{"voterId", voter}});
  const nlohmann::ordered_json json{{"clusterId", ""},    {"leaderId", leaderId},    {"leaderEpoch", leaderEpoch}, {"votedId", votedId},
                                    {"appliedOffset", 0}, {"currentVoters", list}, {"data_version", 0}};
  return json.dump();
}

Result<ElectionState> ElectionState::fromJson(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto number = [&json](const char* name) -> Result<std::int32_t> {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_integer()) {
      return fail(ErrorCode::MalformedResponse, fmt::format("quorum-state: {} is missing or no number", name));
    }
    return found->get<std::int32_t>();
  };
  if (!json.is_object()) return fail(ErrorCode::MalformedResponse, "quorum-state: not a JSON object");
  ElectionState state;
  KLAMM_TRY_ASSIGN(const std::int32_t version, number("data_version"));
  if (version != 0 && version != 1) return fail(ErrorCode::MalformedResponse, fmt::format("quorum-state: unknown data_version {}", version));
  KLAMM_TRY_ASSIGN(state.leaderId, number("leaderId"));
  KLAMM_TRY_ASSIGN(state.leaderEpoch, number("leaderEpoch"));
  KLAMM_TRY_ASSIGN(state.votedId, number("votedId"));
  const auto voters = json.find("currentVoters");
  if (voters == json.end() || !voters->is_array()) return state;
  for (const auto& voter : *voters) {
    if (!voter.is_object() || !voter.contains("voterId") || !voter["voterId"].is_number_integer()) {
      return fail(ErrorCode::MalformedResponse, "quorum-state: a voter without voterId");
    }
    state.voters.push_back(voter["voterId"].get<std::int32_t>());
  }
  return state;
}

QuorumState::QuorumState(std::int32_t self, std::vector<std::int32_t> voters, const ElectionState& persisted, std::int32_t lastLogEpoch)
    : self_(self), voters_(std::move(voters)), epoch_(std::max(persisted.leaderEpoch, lastLogEpoch)) {
  if (persisted.leaderEpoch == epoch_) votedId_ = persisted.votedId;
}

ElectionState QuorumState::toPersist() const {
  ElectionState state;
  state.leaderEpoch = epoch_;
  state.voters = voters_;
  if (role_ == Role::Leader) state.leaderId = self_;
  else state.votedId = votedId_;
  return state;
}

Status QuorumState::transitionTo(Role next) {
  if (!isAllowed(role_, next)) {
    return fail(ErrorCode::InvalidRequest, fmt::format("the quorum's voter {} cannot go from {} to {}", self_, roleName(role_), roleName(next)));
  }
  role_ = next;
  return {};
}

Status QuorumState::becomeCandidate() {
  if (std::find(voters_.begin(), voters_.end(), self_) == voters_.end()) {
    return fail(ErrorCode::InvalidRequest, fmt::format("node {} is not a voter of the quorum", self_));
  }
  KLAMM_TRY(transitionTo(Role::Candidate));
  ++epoch_;
  votedId_ = self_;
  return {};
}

Status QuorumState::becomeLeader(std::size_t granting) {
  if (granting * 2 <= voters_.size()) {
    return fail(ErrorCode::InvalidRequest, fmt::format("{} of {} voters are no majority", granting, voters_.size()));
  }
  return transitionTo(Role::Leader);
}

Status QuorumState::resign() { return transitionTo(Role::Resigned); }

}  // namespace klamm::broker::raft
