#pragma once
// Fetch sessions (KIP-227): a client names its partitions once and is told only what has changed.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/uuid.h"
#include "protocol/01_fetch.h"

namespace klamm::broker {

/// A partition as a fetch names it: by topic id from version 13 on, by name before.
struct SessionPartitionKey {
  Uuid topicId = {};
  std::string topic = {};
  std::int32_t partition = 0;
  friend bool operator==(const SessionPartitionKey&, const SessionPartitionKey&) = default;
};

struct SessionPartition {
  SessionPartitionKey key = {};
  std::int64_t fetchOffset = 0;
  std::int32_t maxBytes = 0;
  std::int32_t currentLeaderEpoch = -1;
  std::int32_t lastFetchedEpoch = -1;
  std::int64_t toldHighWatermark = -1;   ///< what the client was told last
  std::int64_t toldLogStartOffset = -1;
};

/// What was found in one partition, as far as it decides whether the client is told.
struct SessionAnswer {
  std::int64_t highWatermark = -1;
  std::int64_t logStartOffset = -1;
  bool hasRecords = false;
  bool failed = false;       ///< any error code
  bool diverging = false;
};

/// One fetch on its way.
struct FetchContext {
  enum class Kind { Failed, Sessionless, Full, Incremental };
  Kind kind = Kind::Sessionless;
  ErrorCode error = ErrorCode::None;
  std::int32_t sessionId = 0;
  std::int32_t sessionEpoch = 0;                   ///< that the session must still have when the answer is made
  bool usesTopicIds = false;
  std::vector<SessionPartition> partitions = {};   ///< all that are to be read, in the order in which to read them
};

/// How to answer it.
struct FetchAnswer {
  ErrorCode error = ErrorCode::None;
  std::int32_t sessionId = 0;
  std::vector<bool> tell = {};   ///< per partition of the context
};

/// The sessions of a broker, at most `slots` of them.
///
///     request (id, epoch)     what it is
///     0, 0                    full; a session is made if there is room        -> answer with id 4711
///     4711, 1                 incremental: changes against what was named before
///     4711, 2 ... 2^31-1, 1   and so on
///     4711, 0                 full anew; the old session goes
///     4711, -1                full, the last one; the session goes
///     0, -1                   full without a session
///
/// A full cache makes room when a session was not used for two minutes, else for a larger fetch when a smaller session is
/// older than two minutes; otherwise the new fetch gets no session (id 0), which a client understands.
/// Threading: one thread, that of the loop.
class FetchSessions {
 public:
  FetchSessions(std::size_t slots, Random& random) : slots_(slots), random_(random) {}

  void setSlots(std::size_t slots) noexcept { slots_ = slots; }
  /// Reads the request's session fields and partitions.
  [[nodiscard]] FetchContext begin(const protocol::FetchRequest& request, bool usesTopicIds, TimePoint now);
  /// Decides what the client is told, and remembers it. `answers` are in the order of context.partitions.
  [[nodiscard]] FetchAnswer finish(const FetchContext& context, const std::vector<SessionAnswer>& answers, TimePoint now);

  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t partitionCount() const noexcept;

 private:
  struct KeyHash {
    std::size_t operator()(const SessionPartitionKey& key) const noexcept;
  };
  struct Session {
    std::int32_t id = 0;
    std::int32_t epoch = 1;
    bool usesTopicIds = false;
    TimePoint created = {};
    TimePoint lastUsed = {};
    std::list<SessionPartition> order = {};   ///< those that had records last come last: every partition gets its turn
    std::unordered_map<SessionPartitionKey, std::list<SessionPartition>::iterator, KeyHash> byKey = {};
    void put(const SessionPartition& partition);
    void forget(const SessionPartitionKey& key);
  };
  [[nodiscard]] FetchContext beginIncremental(const protocol::FetchRequest& request, bool usesTopicIds, TimePoint now);
  [[nodiscard]] std::int32_t create(const FetchContext& context, const std::vector<SessionAnswer>& answers, TimePoint now);
  [[nodiscard]] bool makeRoom(std::size_t newSize, TimePoint now);

  std::size_t slots_;
  Random& random_;
  std::unordered_map<std::int32_t, std::unique_ptr<Session>> sessions_;
};

}  // namespace klamm::broker
