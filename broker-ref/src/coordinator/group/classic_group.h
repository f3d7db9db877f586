#pragma once
// A classic group: who is in it, which generation it is at, and where it stands in a rebalance.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/uuid.h"
#include "coordinator/group/classic_member.h"
#include "coordinator/moment.h"
#include "protocol/records/group_metadata_value.h"

namespace klamm::broker::coordinator {

enum class GroupState : std::uint8_t { Empty, PreparingRebalance, CompletingRebalance, Stable, Dead };

/// "PreparingRebalance", as DescribeGroups and ListGroups say it.
[[nodiscard]] std::string_view groupStateName(GroupState state) noexcept;

/// The chart below: may `to` follow `from`?
[[nodiscard]] bool mayFollow(GroupState from, GroupState to) noexcept;

/// How an empty group gathers its first members: each round is extended by another while members keep coming, as long as the
/// longest rebalance time-out lasts.
struct InitialWait {
  Millis round{0};
  Millis left{0};
  bool memberAdded = false;
};

/// A classic group.
///
///                      join                              all joined, or the rebalance time-out
///     Empty ------------------------> PreparingRebalance ------------------------------------> CompletingRebalance
///       ^                             ^   |          ^                                                  |       |
///       |  nobody is left             |   |          |  member joins, leaves, fails                     |       |
///       +-----------------------------|---+          +--------------------------------------------------+       |
///       |                             |  member joins, leaves, fails; the leader rejoins                        |
///       |                             +------------------------------- Stable <---------------------------------+
///       |                                                                         assignment of the leader stored
///       +--> Dead  (deleted or expired; from every state, and nothing leads out of it)
///
/// What the last GroupMetadata record holds (generation, protocol, leader, members with their assignment) is *durable* and
/// comes in by apply() only, alive and while loading. A rebalance in the making (who has joined, which requests wait) is
/// *soft*: as in Apache Kafka a restart forgets it and the members join again. See broker-ref/docs/groups.md.
///
/// Threading: that of its shard.
class ClassicGroup {
 public:
  explicit ClassicGroup(std::string groupId) : groupId_(std::move(groupId)) {}

  [[nodiscard]] const std::string& groupId() const noexcept { return groupId_; }
  [[nodiscard]] GroupState state() const noexcept { return state_; }
  [[nodiscard]] bool isIn(GroupState state) const noexcept { return state_ == state; }
  [[nodiscard]] GroupState previousState() const noexcept { return previousState_; }
  [[nodiscard]] std::int32_t generation() const noexcept { return generation_; }
  [[nodiscard]] const std::optional<std::string>& protocolType() const noexcept { return protocolType_; }
  [[nodiscard]] const std::optional<std::string>& protocolName() const noexcept { return protocolName_; }
  [[nodiscard]] const std::optional<std::string>& leaderId() const noexcept { return leaderId_; }
  [[nodiscard]] std::optional<std::int64_t> stateTimestamp() const noexcept { return stateTimestamp_; }
  [[nodiscard]] std::map<std::string, ClassicMember>& members() noexcept { return members_; }
  [[nodiscard]] const std::map<std::string, ClassicMember>& members() const noexcept { return members_; }
  [[nodiscard]] bool hasMember(const std::string& memberId) const { return members_.contains(memberId); }
  [[nodiscard]] ClassicMember& member(const std::string& memberId) { return members_.at(memberId); }
  [[nodiscard]] bool isLeader(const std::string& memberId) const noexcept { return leaderId_ == memberId; }
  /// The member id that the instance goes under now; null when it is not in the group.
  [[nodiscard]] const std::string* staticMemberId(const std::string& groupInstanceId) const;
  [[nodiscard]] bool usesConsumerProtocol() const noexcept { return protocolType_ == "consumer"; }

  // --- members -------------------------------------------------------------------------------------------------------

  /// Adds a member that has joined; the first one brings the protocol type and leads.
  void add(ClassicMember member);
  /// Takes the member out wherever it stands (member, pending); the next member leads if it led. Its parked requests must
  /// have been taken before.
  void remove(const std::string& memberId);
  /// The static member's next incarnation takes its place, keeping its assignment. Its parked requests must have been taken.
  void replaceStatic(const std::string& oldMemberId, const std::string& newMemberId);

  [[nodiscard]] const std::set<std::string>& pendingJoin() const noexcept { return pendingJoin_; }
  void addPendingJoin(const std::string& memberId) { pendingJoin_.insert(memberId); }
  [[nodiscard]] std::set<std::string>& pendingSync() noexcept { return pendingSync_; }

  /// UnknownMemberId or FencedInstanceId unless it is a member, and the one that its instance goes under.
  [[nodiscard]] ErrorCode validateMember(const std::string& memberId, const std::optional<std::string>& groupInstanceId) const;
  [[nodiscard]] std::size_t awaitingJoinCount() const noexcept;
  [[nodiscard]] std::size_t protocolBytes() const noexcept;
  [[nodiscard]] bool hasAllMembersJoined() const noexcept { return pendingJoin_.empty() && awaitingJoinCount() == members_.size(); }
  /// The longest of the members' rebalance time-outs.
  [[nodiscard]] Millis rebalanceTimeout() const noexcept;
  /// Keeps the leader if it has joined again, else names a member that has; false when none has.
  [[nodiscard]] bool electJoinedLeader();
  [[nodiscard]] static std::string newMemberId(const std::string& clientId, const std::optional<std::string>& groupInstanceId,
                                               Random& random);

  // --- protocols -----------------------------------------------------------------------------------------------------

  /// True if a member with these could be assigned partitions together with all members there are.
  [[nodiscard]] bool supportsProtocols(const std::string& protocolType, const std::vector<MemberProtocol>& protocols) const;
  /// The protocol that all members support and most prefer; nullopt in a group without members.
  [[nodiscard]] std::optional<std::string> selectProtocol() const;
  /// True also when the members' subscriptions can not be told; never of a group that is not made of consumers.
  [[nodiscard]] bool isSubscribedTo(const std::string& topic) const;
  [[nodiscard]] bool knowsSubscriptions() const noexcept { return subscribedTopics_.has_value(); }

  // --- state ---------------------------------------------------------------------------------------------------------

  /// Moves along the chart; a move that is not on it is not made.
  void transitionTo(GroupState next, Moment now);
  /// Ends the joining phase: the next generation, with a protocol, or Empty when nobody is left.
  void beginGeneration(Moment now);
  [[nodiscard]] bool canRebalance() const noexcept {
    return isIn(GroupState::Stable) || isIn(GroupState::CompletingRebalance) || isIn(GroupState::Empty);
  }
  /// While an empty group waits for its first members (group.initial.rebalance.delay.ms).
  [[nodiscard]] std::optional<InitialWait>& initialWait() noexcept { return initialWait_; }

  // --- record --------------------------------------------------------------------------------------------------------

  /// The group as a record, its members with the assignments given, or with none.
  [[nodiscard]] protocol::GroupMetadataValue toRecord(const std::map<std::string, Buffer>& assignments) const;
  [[nodiscard]] protocol::GroupMetadataValue toRecord() const;
  /// Makes the group what the record says: Stable with its members, or Empty. Alive it meets the members that it was written
  /// of, in a load it brings them. A rebalance that has begun goes on: only its own end is recorded.
  void apply(const protocol::GroupMetadataValue& value);

 private:
  void computeSubscribedTopics();
  void setLoadedMember(const protocol::GroupMetadataValue& value, const protocol::GroupMetadataValue::MemberMetadata& stored);

  std::string groupId_;
  GroupState state_ = GroupState::Empty;
  GroupState previousState_ = GroupState::Empty;
  std::optional<std::int64_t> stateTimestamp_;  ///< when the state was entered; not in records of old brokers
  std::int32_t generation_ = 0;
  std::optional<std::string> protocolType_;  ///< none: a group that only stores offsets
  std::optional<std::string> protocolName_;
  std::optional<std::string> leaderId_;
  std::map<std::string, ClassicMember> members_;
  std::map<std::string, std::string> staticMembers_;  ///< instance id -> member id
  std::set<std::string> pendingJoin_;                 ///< ids handed out with MEMBER_ID_REQUIRED
  std::set<std::string> pendingSync_;                 ///< joined this generation, have not asked for the assignment
  std::optional<InitialWait> initialWait_;
  std::optional<std::set<std::string>> subscribedTopics_;  ///< none: not known
};

}  // namespace klamm::broker::coordinator
