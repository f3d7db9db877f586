#pragma once
// The application's half of a consumer.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <klamm/detail/consumer_core.h>

#include "base/clock.h"
#include "consumer/engine.h"
#include "consumer/settings.h"
#include "consumer/shared.h"
#include "net/loop.h"

namespace klamm::consumer {

/// The thread that the engine runs on.
/// Threading: post() from the application's thread; stop() once.
class EngineThread {
 public:
  virtual ~EngineThread() = default;
  [[nodiscard]] virtual Engine& engine() = 0;
  [[nodiscard]] virtual client::Metadata& metadata() = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;
  /// Runs a task beside the engine; false when it has stopped.
  virtual bool post(net::Task task) = 0;
  /// Ends requests and thread, in milliseconds.
  virtual void stop() = 0;
};

/// See ConsumerCore. Runs listeners and callbacks, takes records out of the buffer, waits for what the engine does.
///
/// Threading: one thread at a time, checked by Guard; wakeup() from anywhere. What it shares with the engine is in
/// ConsumerShared; no listener, callback or wait runs under its mutex.
class Core final : public detail::ConsumerCore {
 public:
  Core(ConsumerSettings settings, std::unique_ptr<ConsumerShared> shared, std::unique_ptr<EngineThread> thread);
  ~Core() override;

  Error subscribe(std::vector<std::string> topics, std::shared_ptr<RebalanceListener> listener) override;
  Error subscribePattern(std::string regex, std::shared_ptr<RebalanceListener> listener) override;
  Error unsubscribe() override;
  Error assign(TopicPartitions partitions) override;
  Error assignment(TopicPartitions& out) override;
  Error subscription(std::vector<std::string>& out) override;
  Error poll(Millis timeout, detail::FetchedRecords& out) override;
  Error commitSync(std::optional<OffsetMap> offsets, Timeout timeout) override;
  Error commitAsync(std::optional<OffsetMap> offsets, CommitCallback callback) override;
  Error seek(const TopicPartition& partition, OffsetAndMetadata to) override;
  Error seekToBeginning(const TopicPartitions& partitions) override;
  Error seekToEnd(const TopicPartitions& partitions) override;
  Error position(const TopicPartition& partition, Timeout timeout, std::int64_t& out) override;
  Error committed(const TopicPartitions& partitions, Timeout timeout, OffsetMap& out) override;
  Error beginningOffsets(const TopicPartitions& partitions, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) override;
  Error endOffsets(const TopicPartitions& partitions, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) override;
  Error offsetsForTimes(const std::map<TopicPartition, std::int64_t>& times, Timeout timeout,
                        std::map<TopicPartition, std::optional<OffsetAndTimestamp>>& out) override;
  Error partitionsFor(const std::string& topic, Timeout timeout, std::vector<PartitionInfo>& out) override;
  Error listTopics(Timeout timeout, std::map<std::string, std::vector<PartitionInfo>>& out) override;
  Error pause(const TopicPartitions& partitions) override;
  Error resume(const TopicPartitions& partitions) override;
  Error paused(TopicPartitions& out) override;
  Error currentLag(const TopicPartition& partition, std::optional<std::int64_t>& out) override;
  Error groupMetadata(ConsumerGroupMetadata& out) override;
  Error enforceRebalance(std::string reason) override;
  Error metrics(Metrics& out) override;
  void wakeup() noexcept override;
  Error close(Millis timeout) override;

 private:
  class Guard;
  /// A revocation that waits for the last auto commit.
  struct Revocation {
    bool lost = false;
    TimePoint giveUpAt = {};
    std::shared_ptr<Awaited<void>> commit = {};
  };
  enum class Turn : std::uint8_t { Go, Blocked };

  // poll() and its parts: core_poll.cc
  [[nodiscard]] Error checkPollable();
  void notePoll(TimePoint now);
  [[nodiscard]] Error runEvents(TimePoint now, Turn& turn);
  void runCommitCallbacks();
  [[nodiscard]] Turn runGroupEvents(TimePoint now);
  void beginRevocation(bool lost, TimePoint now);
  [[nodiscard]] bool finishRevocation(TimePoint now);
  void giveUpPartitions(bool lost);
  void adopt(const TopicPartitions& partitions);
  void maybeAutoCommit(TimePoint now);
  [[nodiscard]] Error drain(detail::FetchedRecords& out);
  [[nodiscard]] FetchedPartition* pickFetched(bool& freed) KLAMM_REQUIRES(shared_->mutex);
  [[nodiscard]] bool settle(FetchedPartition& fetched, bool& freed) KLAMM_REQUIRES(shared_->mutex);
  [[nodiscard]] Error damage(const FetchedPartition& fetched, Error error);

  // Waiting.
  [[nodiscard]] TimePoint deadlineOf(Timeout timeout) const;
  [[nodiscard]] Error takeWakeup();
  /// Until something changed since `seen`, or the deadline; Wakeup if that was asked for.
  [[nodiscard]] Error waitForChange(std::uint64_t& seen, TimePoint deadline, bool interruptible = true);
  template <class T, class Start>
  [[nodiscard]] Result<T> await(TimePoint deadline, Start start, bool interruptible = true);
  [[nodiscard]] std::function<void(const Error&)> completing(std::shared_ptr<Awaited<void>> awaited);
  void postRun();

  [[nodiscard]] Error needGroup() const;
  [[nodiscard]] Error commitNow(OffsetMap offsets, TimePoint deadline, bool interruptible);
  void startCommit(OffsetMap offsets, bool untilDeadline, TimePoint deadline, std::function<void(const Error&)> done);
  [[nodiscard]] Error reset(const TopicPartitions& partitions, ResetPolicy::Kind kind);
  [[nodiscard]] Error setPaused(const TopicPartitions& partitions, bool paused);
  [[nodiscard]] Error ask(OffsetQuestions questions, Timeout timeout, FoundOffsets& out);
  [[nodiscard]] Error edgeOffsets(const TopicPartitions& partitions, std::int64_t timestamp, Timeout timeout, std::map<TopicPartition, std::int64_t>& out);
  void dropSubscription(const std::string& reason);
  void closeGroup(TimePoint deadline, Error& first);

  const ConsumerSettings settings_;
  std::unique_ptr<ConsumerShared> shared_;
  std::unique_ptr<EngineThread> thread_;
  const Clock& clock_;

  std::atomic<std::thread::id> user_{};
  int depth_ = 0;  ///< calls inside calls: listeners and callbacks
  bool closed_ = false;
  std::shared_ptr<RebalanceListener> listener_;
  std::optional<Revocation> revocation_;
  TimePoint nextAutoCommit_ = TimePoint::max();
};

}  // namespace klamm::consumer
