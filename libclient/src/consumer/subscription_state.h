#pragma once
// What a consumer reads and where in each partition it stands.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/record.h>

#include "base/clock.h"
#include "base/result.h"
#include "consumer/reset_policy.h"

namespace klamm::consumer {

enum class SubscriptionType : std::uint8_t { None, Topics, Pattern, Assigned };

/// The next offset to read, with what is known of the log there (KIP-320).
/// Threading: a value.
struct Position {
  std::int64_t offset = 0;
  std::optional<std::int32_t> offsetEpoch = {};  ///< leader epoch of the record before `offset`
  std::int32_t leaderEpoch = -1;                 ///< of the leader when this was last checked; -1: unknown
};

/// One assigned partition.
///
///     Initializing --committed offset--> Fetching (or AwaitValidation, if it has an epoch)
///         |  \--seek--> Fetching                     ^
///         v                                          | offset found
///     AwaitReset ------------------------------------+
///         ^                                          |
///         +--out of range, truncated-- Fetching <--> AwaitValidation   the leader's epoch changed
///
///     position:   the next offset for the application          ( <= nextFetch )
///     nextFetch:  the next offset to ask the broker for; what lies between is buffered
///     incarnation grows with every jump of the position: what was fetched under an older one is thrown away
///
/// Threading: part of SubscriptionState.
struct PartitionState {
  enum class Phase : std::uint8_t { Initializing, AwaitReset, AwaitValidation, Fetching };

  std::shared_ptr<const TopicPartition> name = {};
  Phase phase = Phase::Initializing;
  Position position = {};
  std::int64_t nextFetch = 0;
  std::uint64_t incarnation = 0;
  std::size_t bufferedBytes = 0;
  ResetPolicy resetTo = {};
  TimePoint retryAt = {};  ///< not before this: the last look-up failed
  bool paused = false;
  bool blocked = false;  ///< damaged data waits for the application: nothing more is fetched until it seeks
  bool requested = false;  ///< a look-up of its offset or epoch is on its way
  std::int64_t highWatermark = -1;
  std::int64_t lastStableOffset = -1;
  std::int64_t logStartOffset = -1;
  std::int32_t preferredReplica = -1;  ///< read from this follower (KIP-392) until preferredUntil
  TimePoint preferredUntil = {};

  [[nodiscard]] bool hasPosition() const noexcept { return phase == Phase::Fetching || phase == Phase::AwaitValidation; }
  [[nodiscard]] bool fetchable() const noexcept { return phase == Phase::Fetching && !paused && !blocked; }
};

/// Subscription and positions. Knows nothing of requests; the I/O thread moves partitions along, the application
/// consumes. Threading: none of its own; ConsumerShared guards it by one mutex.
class SubscriptionState {
 public:
  explicit SubscriptionState(ResetPolicy defaultReset) : defaultReset_(defaultReset) {}

  [[nodiscard]] SubscriptionType type() const noexcept { return type_; }
  /// IllegalState when partitions were assigned by hand.
  Status subscribe(std::set<std::string> topics);
  /// InvalidRegularExpression, or IllegalState as above. The topics come by matchTopics().
  Status subscribePattern(const std::string& regex);
  /// IllegalState when subscribed.
  Status assignByUser(const TopicPartitions& partitions);
  void unsubscribe();

  [[nodiscard]] const std::set<std::string>& topics() const noexcept { return topics_; }
  /// The pattern's topics among all that exist; true if that changed the subscription.
  bool matchTopics(const std::vector<std::string>& all);
  [[nodiscard]] bool matches(const std::string& topic) const;

  /// The group's decision. Partitions that stay keep their state.
  void assignByGroup(const TopicPartitions& partitions);
  [[nodiscard]] TopicPartitions assigned() const;
  [[nodiscard]] std::size_t assignedCount() const noexcept { return partitions_.size(); }

  [[nodiscard]] PartitionState* find(const TopicPartition& partition);
  [[nodiscard]] std::map<TopicPartition, PartitionState>& partitions() noexcept { return partitions_; }
  /// Null also when the partition has jumped since.
  [[nodiscard]] PartitionState* find(const TopicPartition& partition, std::uint64_t incarnation);

  [[nodiscard]] const ResetPolicy& defaultReset() const noexcept { return defaultReset_; }
  void seek(PartitionState& state, const Position& to);
  void requestReset(PartitionState& state, const ResetPolicy& policy);
  /// What a look-up found. `currentEpoch` is the leader's, as the metadata knows it.
  void startAt(PartitionState& state, const Position& position, bool validate);
  /// The leader or its epoch changed: check the position before going on, if it has an epoch and the brokers can.
  void leaderChanged(PartitionState& state, std::int32_t leaderEpoch, bool canValidate);
  void validated(PartitionState& state) { transitionTo(state, PartitionState::Phase::Fetching); }
  /// The application has read up to here.
  static void consumed(PartitionState& state, std::int64_t next, std::optional<std::int32_t> epoch);

  /// Positions to commit.
  [[nodiscard]] OffsetMap allConsumed() const;
  /// Partitions whose committed offset has to be looked up.
  [[nodiscard]] TopicPartitions initializing(TimePoint now) const;
  /// How many partitions were paused and the like may change only here: a number that grows with each change of the
  /// assignment, for those who keep copies.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

 private:
  static void transitionTo(PartitionState& state, PartitionState::Phase to);
  PartitionState makeState(const TopicPartition& partition);
  static void jump(PartitionState& state);

  SubscriptionType type_ = SubscriptionType::None;
  std::set<std::string> topics_;
  std::optional<std::regex> pattern_;
  std::map<TopicPartition, PartitionState> partitions_;
  ResetPolicy defaultReset_;
  std::uint64_t version_ = 0;
  std::uint64_t nextIncarnation_ = 1;
};

}  // namespace klamm::consumer
