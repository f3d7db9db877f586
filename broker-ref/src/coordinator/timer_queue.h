#pragma once
// Deadlines by name, for thousands of members that push theirs back all the time.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace klamm::broker::coordinator {

/// What a deadline is for.
struct TimerKey {
  enum class Kind : std::uint8_t {
    Session,       ///< a member must be heard of (or a pending member must join) by then
    Join,          ///< the joining phase of a rebalance ends
    Sync,          ///< members that joined must have asked for their assignment
    OffsetExpiry,  ///< look for offsets past their retention
  };
  Kind kind = Kind::Session;
  std::string groupId = {};
  std::string memberId = {};
  friend bool operator==(const TimerKey&, const TimerKey&) = default;
};

struct TimerKeyHash {
  [[nodiscard]] std::size_t operator()(const TimerKey& key) const noexcept {
    const std::hash<std::string> hash;
    return (hash(key.groupId) * 31 + hash(key.memberId)) * 31 + static_cast<std::size_t>(key.kind);
  }
};

/// One deadline per key. Pushing a deadline back, what each heartbeat does, is a hash look-up: the key stays queued under the
/// old time and is queued anew only when that time comes.
///
///     schedule(k, 10)  queue: 10 -> k      schedule(k, 15)  queue: 10 -> k, due 15
///     popDue(12)       queue: 15 -> k, returns nothing      popDue(15)  returns k
///
/// Threading: one thread.
class TimerQueue {
 public:
  /// Sets the deadline of `key`, in place of an earlier one.
  void schedule(const TimerKey& key, TimePoint due);
  void cancel(const TimerKey& key);
  void clear() noexcept;
  [[nodiscard]] bool isScheduled(const TimerKey& key) const { return entries_.contains(key); }

  /// Takes out the earliest key whose deadline is not after `now`.
  [[nodiscard]] std::optional<TimerKey> popDue(TimePoint now);
  /// When to call popDue next: never later than the earliest deadline.
  [[nodiscard]] std::optional<TimePoint> next() const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Queued {
    TimePoint at = {};
    std::uint64_t order = 0;  ///< keys of one instant come out in the order in which they were queued
    const TimerKey* key = nullptr;
    friend bool operator<(const Queued& a, const Queued& b) noexcept {
      return a.at != b.at ? a.at < b.at : a.order < b.order;
    }
  };
  struct Entry {
    TimePoint due = {};
    TimePoint queuedAt = {};
    std::uint64_t order = 0;
  };
  void enqueue(const TimerKey& key, Entry& entry);

  std::unordered_map<TimerKey, Entry, TimerKeyHash> entries_;  ///< nodes do not move: queue_ points at their keys
  std::set<Queued> queue_;
  std::uint64_t nextOrder_ = 0;
};

}  // namespace klamm::broker::coordinator
