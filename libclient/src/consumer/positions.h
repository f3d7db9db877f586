#pragma once
// Finding the position of assigned partitions: committed offset, reset, check after a change of leader.

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "client/metadata.h"
#include "client/network_client.h"
#include "consumer/list_offsets.h"
#include "consumer/offset_commits.h"
#include "consumer/shared.h"
#include "protocol/23_offset_for_leader_epoch.h"

namespace klamm::consumer {

/// Moves every partition of SubscriptionState towards Fetching:
///
///     Initializing     OffsetFetch for the group; without a group or a commit: auto.offset.reset
///     AwaitReset       ListOffsets to the leader
///     AwaitValidation  OffsetForLeaderEpoch to the leader (KIP-320): was the log cut below the position?
///
/// What cannot be decided here (auto.offset.reset=none, no authorisation) is raised to the application.
/// Threading: the I/O thread; takes the shared mutex for short.
class Positions {
 public:
  struct Settings {
    bool hasGroup = false;
    bool readCommitted = false;
    Duration requestTimeout = std::chrono::seconds(30);
    Duration retryBackoff = std::chrono::milliseconds(100);
  };
  Positions(Settings settings, ConsumerShared& shared, client::NetworkClient& network, client::Metadata& metadata, OffsetCommits* commits, const Clock& clock,
            std::function<void()> changed);

  [[nodiscard]] TimePoint run(TimePoint now);
  /// Leaders may have moved.
  void clusterChanged(const client::ClusterSnapshot& cluster);

 private:
  struct Pending {
    TopicPartition partition = {};
    std::uint64_t incarnation = 0;
    std::int32_t offsetEpoch = -1;
  };
  using PendingByNode = std::map<client::NodeId, std::vector<Pending>>;

  /// Told by the next poll(), unless the application seeks before that.
  void raise(const PartitionState& state, ErrorCode code, std::string what) KLAMM_REQUIRES(shared_.mutex);
  void lookUpCommitted(TimePoint now);
  void committedFound(const std::vector<Pending>& asked, Result<OffsetMap> offsets);
  void reset(const client::ClusterSnapshot& cluster, TimePoint now);
  void resetFound(const std::vector<Pending>& asked, Result<protocol::ListOffsetsResponse> response);
  void applyReset(const Pending& pending, const FoundOffset& found, TimePoint now) KLAMM_REQUIRES(shared_.mutex);
  void validate(const client::ClusterSnapshot& cluster, TimePoint now);
  void validated(const std::vector<Pending>& asked, Result<protocol::OffsetForLeaderEpochResponse> response);
  void applyValidation(const Pending& pending, const protocol::OffsetForLeaderEpochResponse::EpochEndOffset& end, TimePoint now) KLAMM_REQUIRES(shared_.mutex);
  void retryLater(const std::vector<Pending>& asked, TimePoint now) KLAMM_REQUIRES(shared_.mutex);
  [[nodiscard]] bool canValidate(client::NodeId node) const;
  [[nodiscard]] std::int32_t leaderEpoch(const TopicPartition& partition) const;

  Settings settings_;
  ConsumerShared& shared_;
  client::NetworkClient& network_;
  client::Metadata& metadata_;
  OffsetCommits* commits_;
  const Clock& clock_;
  std::function<void()> changed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace klamm::consumer
