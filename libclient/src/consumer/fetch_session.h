#pragma once
// Incremental fetch sessions (KIP-227): what of the wanted partitions has to be named in the next Fetch.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <klamm/record.h>

#include "base/uuid.h"
#include "protocol/01_fetch.h"

namespace klamm::consumer {

/// What a Fetch says of one partition.
struct FetchTarget {
  Uuid topicId = {};
  std::int64_t offset = 0;
  std::int32_t maxBytes = 0;
  std::int32_t leaderEpoch = -1;
  friend bool operator==(const FetchTarget&, const FetchTarget&) = default;
};
using FetchTargets = std::map<TopicPartition, FetchTarget>;

/// The client's side of the fetch session with one broker.
///
///     epoch 0: a full request that asks for a session --id n--> epoch 1, 2, 3 ...: only what changed is named
///        ^                                                          |
///        +--- error 70 (id 0), error 71 or 106, lost connection (old id: closes it), id 0 in an answer
///
/// Threading: one thread.
class FetchSession {
 public:
  /// Fills session, partitions and forgotten partitions of the next request.
  void fill(protocol::FetchRequest& request, const FetchTargets& wanted);
  /// True when every partition has a topic id: only then may version 13 and above be used.
  [[nodiscard]] bool usesTopicIds() const noexcept { return usesTopicIds_; }
  /// False when the answer must be thrown away: it is an error, or names what was not asked for.
  [[nodiscard]] bool answered(const protocol::FetchResponse& response);
  /// The front of an answer says that the broker has dealt with the last request of a session: it is at the next epoch, and the
  /// next request may leave. answered() is for answers that were not begun. False when there is no such session.
  [[nodiscard]] bool begun(std::int32_t sessionId) noexcept;
  /// No answer came.
  void failed() noexcept { epoch_ = 0; }
  /// What the broker believes to be asked for, by the last request.
  [[nodiscard]] const FetchTargets& targets() const noexcept { return session_; }
  /// The partition of an answer that names it by id or by name; null if it is not in the session.
  [[nodiscard]] const TopicPartition* find(const std::string& topic, const Uuid& topicId, std::int32_t partition) const;
  [[nodiscard]] std::int32_t id() const noexcept { return id_; }
  [[nodiscard]] std::int32_t epoch() const noexcept { return epoch_; }

 private:
  bool knowsAll(const protocol::FetchResponse& response) const;
  void countUp() noexcept;

  std::int32_t id_ = 0;
  std::int32_t epoch_ = 0;
  bool usesTopicIds_ = false;
  bool full_ = true;
  FetchTargets session_;
  std::map<Uuid, std::string> namesById_;
};

}  // namespace klamm::consumer
