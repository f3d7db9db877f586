#pragma once
// All partitions of a broker that live on one loop: append and fetch, and the requests that wait.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <klamm/record.h>

#include "base/clock.h"
#include "base/inline_function.h"
#include "base/logging.h"
#include "base/parts.h"
#include "base/uuid.h"
#include "log/log_manager.h"
#include "net/loop.h"
#include "replica/fetch_session.h"
#include "replica/partition.h"
#include "replica/producer_ids.h"
#include "replica/purgatory.h"

namespace klamm::broker {

using AppendCallback = InlineFunction<void(log::AppendResult), 64>;

struct AppendParams {
  std::int16_t requiredAcks = -1;  ///< 0, 1 or -1 (all)
  Millis timeout{30'000};          ///< of the wait for the ISR
  log::AppendOrigin origin = log::AppendOrigin::Client;
};

enum class IsolationLevel : std::int8_t { ReadUncommitted = 0, ReadCommitted = 1 };

/// One partition of a fetch.
struct FetchPartition {
  TopicPartition partition = {};
  Uuid topicId = {};                     ///< zero when the request named the topic
  std::int64_t fetchOffset = 0;
  std::int32_t maxBytes = 0;
  std::optional<std::int32_t> currentLeaderEpoch = {};
  std::optional<std::int32_t> lastFetchedEpoch = {};
};

struct FetchParams {
  std::int32_t replicaId = -1;           ///< a follower's broker id; -1 for consumers
  Millis maxWait{500};
  std::int32_t minBytes = 1;
  std::int32_t maxBytes = 0x7FFFFFFF;
  IsolationLevel isolation = IsolationLevel::ReadUncommitted;
};

struct DivergingEpoch {
  std::int32_t epoch = -1;
  std::int64_t endOffset = -1;
};

/// What a fetch found in one partition, in the order in which they were asked for.
struct FetchedPartition {
  ErrorCode error = ErrorCode::None;
  std::int64_t highWatermark = -1;
  std::int64_t lastStableOffset = -1;
  std::int64_t logStartOffset = -1;
  std::optional<DivergingEpoch> divergingEpoch = {};
  Parts records = {};
};

using FetchCallback = InlineFunction<void(std::vector<FetchedPartition>), 64>;

struct ListedOffset {
  std::int64_t timestamp = -1;
  std::int64_t offset = -1;
  std::int32_t leaderEpoch = -1;
};

struct EpochEndOffset {
  std::int32_t leaderEpoch = -1;
  std::int64_t endOffset = -1;
};

/// The partitions of one loop. A broker with several loops has one ReplicaManager on each and hands a request's partitions
/// to the loops that own them.
///
/// Waiting is event driven: an append or a moved high watermark wakes the fetches and produces that wait on its partition,
/// and one timer answers those whose time is up.
///
/// Threading: one thread, that of the loop. Callbacks run on it, possibly before the call that took them returns.
class ReplicaManager {
 public:
  struct Options {
    std::int32_t brokerId = 0;
    std::size_t maxWaitingFetches = 100'000;
    std::size_t fetchSessionSlots = 1'000;   ///< max.incremental.fetch.session.cache.slots
    Log log = {};
  };
  ReplicaManager(const Options& options, log::LogManager& logs, log::DiskWorker& worker, net::Loop& loop,
                 Random& random = systemRandom());
  ~ReplicaManager();
  ReplicaManager(const ReplicaManager&) = delete;
  ReplicaManager& operator=(const ReplicaManager&) = delete;

  // --- what the metadata say -----------------------------------------------------------------------------------------
  /// Makes or updates a partition that has a replica here: its log is opened (recovered) or made, its leader epoch noted.
  /// Ignores one that has none here.
  [[nodiscard]] Status apply(const PartitionAssignment& assignment, const log::LogConfig& config);
  /// Changed settings of a topic, for all of its partitions.
  void setConfig(const std::string& topic, const log::LogConfig& config);
  /// The topic was deleted: waiting requests are answered, the folder goes.
  [[nodiscard]] Status remove(const TopicPartition& partition);
  /// Removes partition folders that the metadata do not know (topics deleted while this broker was down).
  void removeStrays(const std::function<bool(const TopicPartition&)>& isKnown);

  [[nodiscard]] Partition* find(const TopicPartition& partition) noexcept;
  /// Nullptr also when the id is not that of the topic's present incarnation.
  [[nodiscard]] Partition* find(const Uuid& topicId, std::int32_t partition) noexcept;
  [[nodiscard]] std::vector<Partition*> partitions();

  [[nodiscard]] FetchSessions& fetchSessions() noexcept { return fetchSessions_; }
  [[nodiscard]] ProducerIds& producerIds() noexcept { return producerIds_; }

  // --- requests ------------------------------------------------------------------------------------------------------
  /// Appends to a partition that this broker leads; answers when `requiredAcks` replicas have it, or the time is up.
  void append(const TopicPartition& partition, const Buffer& batches, const AppendParams& params, AppendCallback done);
  /// Reads; waits up to maxWait until minBytes are there. Errors answer at once.
  void fetch(const FetchParams& params, std::vector<FetchPartition> wanted, FetchCallback done);
  /// Kafka's ListOffsets for one partition: a timestamp, or one of its negative numbers. No offset found: offset -1.
  [[nodiscard]] Result<ListedOffset> listOffset(const TopicPartition& partition, std::int64_t timestamp,
                                                std::optional<IsolationLevel> isolation, std::optional<std::int32_t> leaderEpoch);
  [[nodiscard]] Result<EpochEndOffset> epochEndOffset(const TopicPartition& partition, std::optional<std::int32_t> currentLeaderEpoch,
                                                      std::int32_t leaderEpoch);
  [[nodiscard]] Result<std::int64_t> deleteRecords(const TopicPartition& partition, std::int64_t offset);

  /// Everything that was appended so far is handed to the worker to be synced; `done` when it is on the disk.
  void flush(const TopicPartition& partition, InlineFunction<void(Status), 64> done);
  /// Answers all that waits; no partition is touched afterwards. The logs are closed by the LogManager.
  void close();

 private:
  friend class DelayedFetch;
  struct WaitingAppend;

  [[nodiscard]] FetchedPartition readOne(const FetchParams& params, const FetchPartition& wanted, std::uint64_t budget, bool minOneMessage);
  /// Wakes what waits on partitions whose high watermark a follower's fetch has moved.
  void wakeAfterFollowers();
  void progressed(Partition& partition);
  void schedule();
  void startHousekeeping();

  Options options_;
  log::LogManager& logs_;
  log::DiskWorker& worker_;
  net::Loop& loop_;
  std::map<TopicPartition, std::unique_ptr<Partition>> partitions_;
  std::unordered_map<Uuid, std::string> topicOfId_;
  Purgatory purgatory_;
  FetchSessions fetchSessions_;
  ProducerIds producerIds_;
  std::vector<TopicPartition> wokenByFollowers_;
  net::TimerId timer_ = 0;
  TimePoint timerAt_ = {};
  net::TimerId housekeeping_ = 0;
};

}  // namespace klamm::broker
