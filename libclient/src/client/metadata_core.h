#pragma once
// When to ask for metadata, what to ask, and what an answer changes.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "client/backoff.h"
#include "client/client.h"
#include "client/metadata.h"
#include "protocol/03_metadata.h"

namespace klamm::client {

/// Decides; the driver sends, waits and publishes.
///
///     interest (touch, setTopics, setAllTopics) --new--> wanted, at once
///     requestUpdate, an answer with errors that may pass  --> wanted, after the back-off
///     metadata.max.age.ms since the last answer           --> wanted
///     wanted and nothing in flight --poll--> request() --> onResponse() | onFailure()
///
/// One request asks for everything of interest, so an answer replaces the snapshot; only leaders with an older epoch
/// than the known one are not taken over (a broker that lags behind must not send us back).
///
/// Threading: one at a time; time and chance are arguments.
class MetadataCore {
 public:
  explicit MetadataCore(const ClientSettings& settings);

  /// True when the topic is new: poll() will ask at once.
  bool touch(std::string_view topic, TimePoint now);
  void setTopics(std::vector<std::string> topics);
  void setAllTopics(bool all);
  void requestUpdate() { ++wants_; }
  /// True when the snapshot was replaced.
  bool applyHints(const std::vector<LeaderHint>& hints, const std::vector<Node>& nodes);

  /// True when request() is to be sent now; drops topics that were not touched for long.
  [[nodiscard]] bool shouldSend(TimePoint now);
  /// When shouldSend() may become true without anything happening.
  [[nodiscard]] TimePoint nextAttempt() const;
  /// Marks a request as in flight.
  [[nodiscard]] protocol::MetadataRequest request();

  /// What an answer led to.
  enum class Outcome { Updated, Failed, Rebootstrap };
  [[nodiscard]] Outcome onResponse(const protocol::MetadataResponse& response, TimePoint now, Random& random);
  [[nodiscard]] Outcome onFailure(TimePoint now, Random& random);

  [[nodiscard]] const Snapshot& snapshot() const noexcept { return snapshot_; }

 private:
  [[nodiscard]] bool isWanted(TimePoint now) const { return wants_ > asked_ || now >= staleAt_; }
  [[nodiscard]] std::shared_ptr<const TopicMetadata> merged(const protocol::MetadataResponse::MetadataResponseTopic& topic) const;

  Duration maxAge_;
  Duration maxIdle_;
  Duration rebootstrapTrigger_;
  ExponentialBackoff backoff_;
  bool allowAutoTopicCreation_;
  bool rebootstrap_;

  std::map<std::string, TimePoint, std::less<>> touched_;  ///< with the end of the interest
  std::set<std::string, std::less<>> topics_;
  bool allTopics_ = false;

  std::uint64_t wants_ = 0;    ///< grows with every reason to ask
  std::uint64_t asked_ = 0;    ///< reasons that the last successful request covered
  std::uint64_t asking_ = 0;   ///< reasons that the request in flight covers
  bool inFlight_ = false;
  TimePoint notBefore_ = {};   ///< back-off
  TimePoint staleAt_ = TimePoint::max();
  std::uint32_t failures_ = 0;
  std::optional<TimePoint> failingSince_;
  Snapshot snapshot_ = std::make_shared<const ClusterSnapshot>();
};

}  // namespace klamm::client
