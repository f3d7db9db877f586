#pragma once
// A consumer's membership of a group: events and the time in, requests and assignments out.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <klamm/detail/consumer_core.h>
#include <klamm/record.h>

#include "base/clock.h"
#include "base/result.h"
#include "client/metadata.h"
#include "protocol/11_join_group.h"
#include "protocol/12_heartbeat.h"
#include "protocol/13_leave_group.h"
#include "protocol/14_sync_group.h"

namespace klamm::consumer {

/// What the application's thread has to do, in this order.
struct GroupEvent {
  enum class Kind : std::uint8_t {
    Revoke,  ///< commit, give up all partitions, then tell the membership (released)
    Lose,    ///< as Revoke, but others may own them already: no commit
    Assign,  ///< take these partitions
    Fail,    ///< poll() throws this
  };
  Kind kind = Kind::Fail;
  TopicPartitions partitions = {};
  Error error = {};
};

/// A request to the group's coordinator. `token` comes back with the answer.
struct GroupRequest {
  using Body = std::variant<protocol::JoinGroupRequest, protocol::SyncGroupRequest, protocol::HeartbeatRequest>;
  Body body = {};
  std::uint64_t token = 0;
  Duration timeout = {};
};
using GroupResponse = std::variant<protocol::JoinGroupResponse, protocol::SyncGroupResponse, protocol::HeartbeatResponse>;

/// What poll() wants done.
struct GroupActions {
  std::vector<GroupRequest> requests = {};
  std::vector<GroupEvent> events = {};
  /// Told to go; nobody waits for the answer. Sent before `requests`.
  std::optional<protocol::LeaveGroupRequest> leave = {};
  bool needsCoordinator = false;       ///< it has something to send and none is known
  bool forgetCoordinator = false;      ///< the coordinator known so far is wrong
  TimePoint wakeAt = TimePoint::max(); ///< call poll() again by then
};

/// Classic groups now; the protocol of KIP-848 is the other implementation.
/// Threading: one thread, the consumer's I/O thread.
class Membership {
 public:
  virtual ~Membership() = default;

  // What happens to it.

  /// The application wants these topics (a pattern's topics come when they are known). Joins, or joins again.
  virtual void subscribe(const std::set<std::string>& topics, TimePoint now) = 0;
  /// The application has polled: it is alive.
  virtual void polled(TimePoint now) = 0;
  /// The application has given up its partitions, as Revoke or Lose told it to.
  virtual void released(TimePoint now) = 0;
  /// Leaves the group, if it is in one (static members stay); `reason` is told to the coordinator.
  virtual void leave(const std::string& reason, TimePoint now) = 0;
  virtual void rebalance(const std::string& reason, TimePoint now) = 0;
  virtual void clusterChanged(const client::Snapshot& cluster, TimePoint now) = 0;
  virtual void coordinatorFound(TimePoint now) = 0;
  virtual void coordinatorLost() = 0;
  /// No coordinator will be found: not authorised and the like.
  virtual void coordinatorFailed(const Error& why, TimePoint now) = 0;
  virtual void answered(std::uint64_t token, Result<GroupResponse> response, TimePoint now) = 0;
  /// A commit was told that the member is unknown, its generation is over, or it was fenced.
  virtual void commitRefused(ErrorCode code, std::int32_t generation, TimePoint now) = 0;

  [[nodiscard]] virtual GroupActions poll(TimePoint now) = 0;

  // What others ask of it.

  /// Member and generation for commits.
  [[nodiscard]] virtual ConsumerGroupMetadata metadata() const = 0;
  /// A rebalance is under way in which commits make no sense any more.
  [[nodiscard]] virtual bool rebalancing() const noexcept = 0;
  /// Topics beyond the own subscription that the leader must know.
  [[nodiscard]] virtual const std::set<std::string>& groupTopics() const noexcept = 0;
  [[nodiscard]] virtual bool inGroup() const noexcept = 0;
  /// It is out of the group, because the application was silent or after an error, and waits for polled().
  [[nodiscard]] virtual bool silent() const noexcept = 0;
};

}  // namespace klamm::consumer
