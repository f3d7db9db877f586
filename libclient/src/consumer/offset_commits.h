#pragma once
// Commits and look-ups of committed offsets, through the group's coordinator.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <klamm/detail/consumer_core.h>

#include "base/clock.h"
#include "base/result.h"
#include "client/network_client.h"
#include "consumer/coordinator.h"
#include "protocol/08_offset_commit.h"
#include "protocol/09_offset_fetch.h"

namespace klamm::consumer {

/// What an OffsetCommit answer means for the commit as a whole.
[[nodiscard]] Error commitError(const protocol::OffsetCommitResponse& response);
/// The offsets of an OffsetFetch answer, of whatever version; partitions without a commit are left out.
[[nodiscard]] Result<OffsetMap> committedOffsets(const protocol::OffsetFetchResponse& response);

/// Sends in the order of the calls; a coordinator answers one connection in order, so commits keep it. A commit that may
/// be tried again (`untilDeadline`) goes back to the head of the queue with back-off; others fail with
/// RetriableCommitFailed. Nothing outlives its deadline.
///
/// Threading: the I/O thread; callbacks run there.
class OffsetCommits {
 public:
  struct Settings {
    std::string groupId = {};
    std::optional<std::string> instanceId = {};
    bool requireStable = false;  ///< isolation.level=read_committed
    Duration requestTimeout = std::chrono::seconds(30);
    Duration retryBackoff = std::chrono::milliseconds(100);
  };
  struct Commit {
    OffsetMap offsets = {};
    bool untilDeadline = false;
    bool asMember = true;  ///< with the member's generation; false: assigned by hand
    TimePoint deadline = {};
    std::function<void(const Error&)> done = {};
  };
  struct Lookup {
    TopicPartitions partitions = {};
    TimePoint deadline = {};
    std::function<void(Result<OffsetMap>)> done = {};
  };
  /// What the membership is asked and told.
  struct Hooks {
    std::function<ConsumerGroupMetadata()> member = {};
    std::function<bool()> rebalancing = {};
    std::function<void(ErrorCode, std::int32_t generation)> refused = {};
    std::function<void()> changed = {};  ///< run() has something to do
  };

  OffsetCommits(Settings settings, client::NetworkClient& network, GroupCoordinatorLink& coordinator, const Clock& clock, Hooks hooks);

  void commit(Commit commit);
  void lookUp(Lookup lookup);
  /// Sends what can be sent; returns when it wants to run again.
  [[nodiscard]] TimePoint run(TimePoint now);
  /// No coordinator will be found.
  void fail(const Error& why);
  [[nodiscard]] bool idle() const noexcept { return commits_.empty() && lookups_.empty() && inFlight_ == 0; }

 private:
  void sendCommit(client::NodeId node, Commit commit, TimePoint now);
  void commitAnswered(client::NodeId node, Commit commit, std::int32_t generation, Result<protocol::OffsetCommitResponse> response);
  void sendLookup(client::NodeId node, Lookup lookup, TimePoint now);
  void lookupAnswered(client::NodeId node, Lookup lookup, Result<protocol::OffsetFetchResponse> response);
  [[nodiscard]] bool expire(TimePoint now);
  [[nodiscard]] Error memberError(const Commit& commit) const;

  Settings settings_;
  client::NetworkClient& network_;
  GroupCoordinatorLink& coordinator_;
  const Clock& clock_;
  Hooks hooks_;
  std::deque<Commit> commits_;
  std::deque<Lookup> lookups_;
  TimePoint retryAt_ = {};
  std::size_t inFlight_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace klamm::consumer
