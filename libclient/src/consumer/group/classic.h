#pragma once
// The classic group protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, with eager rebalances.

#include <map>
#include <memory>
#include <string>

#include <klamm/assignor.h>

#include "base/random.h"
#include "consumer/group/membership.h"

namespace klamm::consumer {

/// Kafka's keys, parsed.
struct GroupSettings {
  std::string groupId = {};
  std::optional<std::string> instanceId = {};                       ///< group.instance.id
  std::optional<std::string> rack = {};                             ///< client.rack
  Duration sessionTimeout = std::chrono::seconds(45);               ///< session.timeout.ms
  Duration heartbeatInterval = std::chrono::seconds(3);             ///< heartbeat.interval.ms
  Duration maxPollInterval = std::chrono::minutes(5);               ///< max.poll.interval.ms, also the rebalance time-out
  Duration requestTimeout = std::chrono::seconds(30);               ///< request.timeout.ms
  Duration retryBackoff = std::chrono::milliseconds(100);           ///< retry.backoff.ms
  Duration retryBackoffMax = std::chrono::seconds(1);               ///< retry.backoff.max.ms
};

/// One member.
///
///     Out --subscribe--> Releasing --released--> Joining --JoinGroup--> Assigning --metadata--> Syncing --SyncGroup--> Stable
///      ^                     ^                     |  ^                  (leader only)            |                     |
///      |                     |                     |  +-- MEMBER_ID_REQUIRED, retriable errors    |                     |
///      |                     +---------------------+--- REBALANCE_IN_PROGRESS, lost generation ---+---------------------+
///      +-- leave, fatal error (from every state)               (also: new topics, new partitions, enforceRebalance)
///
///     After a fatal error the next poll of the application tries again, except for a fenced static member.
///     Silent: max.poll.interval.ms has passed without a poll; the member has left and waits for the next poll (Releasing).
///
/// In Releasing the application gives up its partitions: Revoke, or Lose when the generation is void. Heartbeats go on
/// from the first JoinGroup answer until the next JoinGroup is sent; they are what keeps the membership while the
/// application works or its listener runs. Threading: see Membership.
class ClassicMembership final : public Membership {
 public:
  ClassicMembership(GroupSettings settings, std::vector<std::shared_ptr<PartitionAssignor>> assignors, Random& random);

  void subscribe(const std::set<std::string>& topics, TimePoint now) override;
  void polled(TimePoint now) override;
  void released(TimePoint now) override;
  void leave(const std::string& reason, TimePoint now) override;
  void rebalance(const std::string& reason, TimePoint now) override;
  void clusterChanged(const client::Snapshot& cluster, TimePoint now) override;
  void coordinatorFound(TimePoint now) override;
  void coordinatorLost() override { coordinatorKnown_ = false; }
  void coordinatorFailed(const Error& why, TimePoint now) override;
  void answered(std::uint64_t token, Result<GroupResponse> response, TimePoint now) override;
  void commitRefused(ErrorCode code, std::int32_t generation, TimePoint now) override;
  [[nodiscard]] GroupActions poll(TimePoint now) override;
  [[nodiscard]] ConsumerGroupMetadata metadata() const override;
  [[nodiscard]] bool rebalancing() const noexcept override { 
    return state_ == State::Joining || state_ == State::Assigning || state_ == State::Syncing;
  }
  [[nodiscard]] const std::set<std::string>& groupTopics() const noexcept override { return groupTopics_; }
  [[nodiscard]] bool inGroup() const noexcept override { return state_ != State::Out; }
  [[nodiscard]] bool silent() const noexcept override { return state_ == State::Silent || static_cast<bool>(failed_); }

 private:
  enum class State : std::uint8_t { Out, Releasing, Joining, Assigning, Syncing, Stable, Silent };

  void transitionTo(State to);
  [[nodiscard]] bool hasGeneration() const noexcept { return generation_ >= 0 && !memberId_.empty(); }
  [[nodiscard]] bool heartbeats() const noexcept;
  void rejoin(const std::string& reason, TimePoint now);
  void loseGeneration(bool memberToo, const std::string& reason, TimePoint now);
  void failFatally(Error error);
  void tellIfMalformed(const Error& error);
  void backOff(TimePoint now);

  void onJoin(Result<GroupResponse> response, TimePoint now);
  void joined(protocol::JoinGroupResponse& response, TimePoint now);
  void joinFailed(const protocol::JoinGroupResponse& response, TimePoint now);
  void tryToAssign(TimePoint now);
  void assign(TimePoint now);
  void onSync(Result<GroupResponse> response, TimePoint now);
  void synced(const protocol::SyncGroupResponse& response, TimePoint now);
  void syncFailed(ErrorCode code, TimePoint now);
  void onHeartbeat(Result<GroupResponse> response, TimePoint now);

  void sendJoin(GroupActions& actions);
  void sendSync(GroupActions& actions);
  void pollHeartbeat(GroupActions& actions, TimePoint now);
  void checkPollInterval(GroupActions& actions, TimePoint now);
  [[nodiscard]] protocol::LeaveGroupRequest leaveRequest(const std::string& reason) const;
  [[nodiscard]] std::map<std::string, std::int32_t> partitionCounts(const std::set<std::string>& topics) const;
  [[nodiscard]] std::uint64_t newToken() noexcept { return inFlight_ = ++lastToken_; }

  const GroupSettings settings_;
  const std::vector<std::shared_ptr<PartitionAssignor>> assignors_;
  Random& random_;

  State state_ = State::Out;
  std::string memberId_;
  std::int32_t generation_ = -1;
  std::string protocolName_;
  std::set<std::string> topics_;
  std::set<std::string> joinedTopics_;  ///< what the current generation was joined with
  std::string rejoinReason_;
  Error failed_;  ///< why it is Out although it has topics; poll() tries again
  bool rejoinAgain_ = false;  ///< something changed while joining

  // Leader only.
  bool leads_ = false;
  bool skipsAssignment_ = false;
  MemberSubscriptions members_;
  std::set<std::string> groupTopics_;
  std::map<std::string, std::int32_t> assignedCounts_;  ///< partition counts the last assignment was made for
  TimePoint metadataDeadline_ = TimePoint::max();
  std::vector<protocol::SyncGroupRequest::SyncGroupRequestAssignment> assignments_;

  client::Snapshot cluster_;
  bool coordinatorKnown_ = false;
  bool forgetCoordinator_ = false;
  std::uint64_t lastToken_ = 0;
  std::uint64_t inFlight_ = 0;         ///< token of the JoinGroup or SyncGroup under way; 0: none
  std::uint64_t heartbeatInFlight_ = 0;
  std::int32_t failures_ = 0;          ///< in a row, for the back-off
  TimePoint retryAt_ = {};
  TimePoint nextHeartbeat_ = {};
  TimePoint lastHeard_ = {};           ///< the session lives until lastHeard_ + session.timeout.ms
  TimePoint lastPolled_ = {};
  std::vector<GroupEvent> events_;
  std::optional<protocol::LeaveGroupRequest> leave_;
};

}  // namespace klamm::consumer
