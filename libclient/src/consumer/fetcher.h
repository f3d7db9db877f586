#pragma once
// Which partitions are fetched from which broker, when, and what an answer means for them.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/metadata.h"
#include "client/network_client.h"
#include "consumer/fetch_preview.h"
#include "consumer/fetch_session.h"
#include "consumer/fetched_partition.h"
#include "consumer/subscription_state.h"
#include "protocol/01_fetch.h"

namespace klamm::consumer {

/// Fetched and not yet taken, in order of arrival.
using FetchBuffer = std::deque<std::unique_ptr<FetchedPartition>>;

/// Kafka's keys, parsed.
struct FetchSettings {
  std::int32_t minBytes = 1;                               ///< fetch.min.bytes
  std::int32_t maxBytes = 50 * 1024 * 1024;                ///< fetch.max.bytes; also what may lie buffered in all
  std::int32_t partitionMaxBytes = 1024 * 1024;            ///< max.partition.fetch.bytes
  Duration maxWait = std::chrono::milliseconds(500);       ///< fetch.max.wait.ms
  bool checkCrcs = true;                                   ///< check.crcs
  bool readCommitted = false;                              ///< isolation.level
  std::string rack = {};                                   ///< client.rack
  Duration retryBackoff = std::chrono::milliseconds(100);  ///< retry.backoff.ms
  Duration metadataMaxAge = std::chrono::minutes(5);       ///< metadata.max.age.ms: how long a preferred replica is believed
};

/// Plans Fetch requests, at most one in flight per broker, and takes their answers in two steps: digest() walks the bytes
/// without touching shared state, apply() moves the partitions along.
///
/// The next request leaves as soon as an answer's batch headers are known, while its records are still buffered, and if
/// begun() sees where the answer will end, while the rest of it is still on its way: broker, I/O thread and application then
/// work at once. A broker is left alone while one of its partitions has more than max.partition.fetch.bytes buffered (the
/// others would only wait in a long poll that this one is missing from), and all of them while fetch.max.bytes are buffered
/// or on their way:
///
///     buffered, one partition:   [answer 1: being read][answer 2] | hold      until answer 1 is drained
///     begun, nothing buffered:   [answer 3: arriving] <-- [request 4]
///
/// What begun() saw is a promise about the offset where an answer ends, and request 4 is planned on it. The whole answer 3
/// decides: answer 4 is dropped when it begins behind what was sound in it, or when the position has jumped meanwhile.
///
/// Threading: one thread; what it is passed is guarded by the caller.
class Fetcher {
 public:
  explicit Fetcher(FetchSettings settings) : settings_(std::move(settings)) {}

  struct Request {
    client::NodeId node = -1;
    protocol::FetchRequest body = {};
    bool topicIds = false;  ///< false: version 12 at most
    bool ahead = false;     ///< its answer comes behind one that is still arriving
  };
  /// What should be sent now. Marks it as in flight.
  [[nodiscard]] std::vector<Request> plan(SubscriptionState& subscriptions, const client::ClusterSnapshot& cluster, TimePoint now);
  /// The last plan() held something back until the application takes records.
  [[nodiscard]] bool held() const noexcept { return held_; }
  /// The last plan() met a partition without a known leader.
  [[nodiscard]] bool leaderMissing() const noexcept { return leaderMissing_; }
  /// When plan() has something to do again by time alone.
  [[nodiscard]] TimePoint retryAt() const noexcept { return retryAt_; }

  struct PartitionAnswer {
    std::shared_ptr<const TopicPartition> name = {};
    std::uint64_t incarnation = 0;
    std::int64_t fetchOffset = 0;
    bool fromReplica = false;
    bool onPromise = false;
    ErrorCode error = ErrorCode::None;
    std::int64_t highWatermark = -1;
    std::int64_t lastStableOffset = -1;
    std::int64_t logStartOffset = -1;
    std::int32_t preferredReplica = -1;
    std::unique_ptr<FetchedPartition> records = {};
  };
  struct Answer {
    std::vector<PartitionAnswer> partitions = {};
    std::vector<client::LeaderHint> hints = {};
    std::vector<Node> nodes = {};  ///< addresses that came with the hints
    std::size_t bytes = 0;         ///< of the record batches
  };
  /// The front of an answer of this broker has come. True when the next request to it need not wait for the rest.
  [[nodiscard]] bool begun(client::NodeId node, const FetchPreview& preview);
  [[nodiscard]] Answer digest(client::NodeId node, Result<protocol::FetchResponse> response, TimePoint now);
  /// Returns true when the metadata should be asked for again.
  [[nodiscard]] bool apply(Answer answer, SubscriptionState& subscriptions, FetchBuffer& buffer, TimePoint now);

  /// Requests that close the sessions, for a consumer that ends.
  [[nodiscard]] std::vector<Request> closeSessions();

 private:
  struct Asked {
    std::shared_ptr<const TopicPartition> name = {};
    std::uint64_t incarnation = 0;
    std::int64_t offset = 0;
    bool fromReplica = false;
    bool onPromise = false;   ///< `offset` is the `next` of an answer that had only begun
    std::int64_t next = -1;   ///< once the answer has begun: where it will end
  };
  struct InFlight {
    std::map<TopicPartition, Asked> partitions = {};
    std::size_t expectedBytes = 0;
    std::vector<const Asked*> begun = {};  ///< the partitions of the answer, in its order, once that has begun; a move keeps them where they are
  };
  struct NodePlan {
    FetchTargets targets = {};
    InFlight asked = {};
    bool held = false;
  };

  void planPartition(PartitionState& state, const client::ClusterSnapshot& cluster, TimePoint now, std::map<client::NodeId, NodePlan>& plans);
  [[nodiscard]] Request makeRequest(client::NodeId node, const FetchTargets& targets, std::size_t maxBytes);
  [[nodiscard]] std::int64_t promised(client::NodeId node, const PartitionState& state) const;
  [[nodiscard]] std::optional<InFlight> takeOldest(client::NodeId node);
  [[nodiscard]] static bool fits(PartitionAnswer& answer, const PartitionState& state);
  [[nodiscard]] PartitionAnswer digestPartition(const Asked& asked, protocol::FetchResponse::PartitionData& data) const;
  [[nodiscard]] bool applyError(PartitionAnswer& answer, PartitionState& state, FetchBuffer& buffer, TimePoint now) const;
  void queueBroken(const PartitionAnswer& answer, PartitionState& state, FetchBuffer& buffer) const;
  void atLatest(TimePoint when) { retryAt_ = std::min(retryAt_, when); }

  FetchSettings settings_;
  std::map<client::NodeId, FetchSession> sessions_;
  std::map<client::NodeId, InFlight> inFlight_;
  std::map<client::NodeId, InFlight> arriving_;  ///< their answers have begun; before those of inFlight_
  std::map<client::NodeId, TimePoint> nodeRetryAt_;
  bool held_ = false;
  bool leaderMissing_ = false;
  TimePoint retryAt_ = TimePoint::max();
};

}  // namespace klamm::consumer
