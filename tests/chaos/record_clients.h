#pragma once
// The clients of a run, each with a thread of its own.

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <klamm/config.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

#include "base/mutex.h"
#include "chaos/record_history.h"
#include "chaos/run_plan.h"

namespace klamm::chaos {

inline constexpr const char* kTopic = "chaos";

/// What the clients of a run share. Threading: any thread.
class RunLog {
 public:
  /// What the clients log goes to `file`.
  RunLog(const RunPlan& plan, const std::string& file) : plan(plan), lines_(file) {}
  /// For a client's configuration: its lines, with time and the client's name.
  [[nodiscard]] LogSink sink(const std::string& name);
  void sent(RecordId id) {
    const MutexLock lock(mutex_);
    history_.sent(id);
  }
  void completed(RecordId id, SendOutcome outcome) {
    const MutexLock lock(mutex_);
    history_.completed(id, outcome);
  }
  void addReading(Reading reading) {
    const MutexLock lock(mutex_);
    history_.addReading(std::move(reading));
  }
  void failure(std::string text) {
    const MutexLock lock(mutex_);
    failures_.push_back(std::move(text));
  }
  /// A member of the group got this record.
  void readByGroup(std::int32_t partition, std::int64_t offset) {
    const MutexLock lock(mutex_);
    groupRead_.insert({partition, offset});
  }
  [[nodiscard]] std::size_t groupReadCount() const {
    const MutexLock lock(mutex_);
    return groupRead_.size();
  }
  /// When all clients have ended.
  [[nodiscard]] RecordHistory takeHistory() {
    const MutexLock lock(mutex_);
    return std::move(history_);
  }
  [[nodiscard]] std::vector<std::string> takeFailures() {
    const MutexLock lock(mutex_);
    return std::move(failures_);
  }

  const RunPlan& plan;

 private:
  mutable Mutex mutex_;
  std::ofstream lines_ KLAMM_GUARDED_BY(mutex_);
  RecordHistory history_ KLAMM_GUARDED_BY(mutex_);
  std::vector<std::string> failures_ KLAMM_GUARDED_BY(mutex_);
  std::set<std::pair<std::int32_t, std::int64_t>> groupRead_ KLAMM_GUARDED_BY(mutex_);
};

/// One record as it was read; intact when it is what payloadOf() says.
[[nodiscard]] SeenRecord seen(const RunPlan& plan, const ConsumerRecord<std::string_view, std::string_view>& record);

/// Sends at its plan's pace until it is stopped. Threading: one thread.
class ProducerThread {
 public:
  ProducerThread(RunLog& log, std::int32_t number, std::string bootstrap);
  /// Stops sending, closes the producer, waits. The close must keep its limit.
  void stop();

 private:
  void run();
  void sendOne(Producer<std::string_view, std::string_view>& producer, std::int64_t sequence);

  RunLog& log_;
  const std::int32_t number_;
  const std::string bootstrap_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Polls until it is stopped: alone (all partitions assigned), or as a member of the run's group.
/// Threading: one thread; position() from any.
class ReaderThread {
 public:
  ReaderThread(RunLog& log, std::string name, bool inGroup, std::string bootstrap);
  /// Behind the last record that came of a partition.
  [[nodiscard]] std::int64_t position(std::int32_t partition) const { return positions_[static_cast<std::size_t>(partition)].load(); }
  void stop();

 private:
  class Pieces;
  void run();
  void take(const ConsumerRecords<std::string_view, std::string_view>& records, Pieces& pieces);
  void commit(Consumer<std::string_view, std::string_view>& consumer);

  RunLog& log_;
  const std::string name_;
  const bool inGroup_;
  const std::string bootstrap_;
  std::vector<std::atomic<std::int64_t>> positions_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Everything in the topic, from the beginning to the end as it is now. Throws what the consumer throws, and
/// std::runtime_error when it takes longer than a minute.
[[nodiscard]] std::vector<Reading> readBack(const RunPlan& plan, const std::string& bootstrap);

}  // namespace klamm::chaos
