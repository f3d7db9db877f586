#pragma once
// Requests that wait: for an event on one of their partitions, or for their time to be up.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace klamm::broker {

/// Something that waits. Threading: the purgatory's.
class DelayedOperation {
 public:
  virtual ~DelayedOperation() = default;
  /// Looks whether what it waits for has come; answers and returns true if so.
  virtual bool tryComplete() = 0;
  /// Time is up, or there is no point in waiting on: answers with what there is.
  virtual void expire() = 0;
};

/// Holds waiting operations by the keys they watch and by deadline.
///
///     add(fetch, {orders-0, orders-1}, 12:00:00.500)      waits
///     wake(orders-1)   -> tryComplete(): true             answered, gone from both keys and from the deadlines
///     expire(12:00:00.500) -> expire()                    the same, when no event was enough
///
/// An operation answers exactly once. While it answers it may add, wake and expire others.
/// Threading: one thread. Time is an argument; whoever owns it sets a timer for nextDeadline().
class Purgatory {
 public:
  using Key = const void*;

  /// Watches `keys` until `deadline`. The caller has tried the operation already.
  void add(std::unique_ptr<DelayedOperation> operation, std::vector<Key> keys, TimePoint deadline);
  /// Something happened to `key`: its operations are tried, in the order in which they came.
  void wake(Key key);
  /// Expires what is due at `now`.
  void expire(TimePoint now);
  /// Expires what watches `key`.
  void expireAll(Key key);
  /// Expires everything.
  void expireAll();
  [[nodiscard]] std::optional<TimePoint> nextDeadline() const;
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

 private:
  using Id = std::uint64_t;
  struct Waiting {
    std::unique_ptr<DelayedOperation> operation;  ///< null while it is being tried
    std::vector<Key> keys;
    TimePoint deadline;
    bool wokenAgain = false;  ///< an event came while it was being tried
  };
  void tryOne(Id id);
  void expireOne(Id id);
  std::unique_ptr<DelayedOperation> take(Id id);

  Id nextId_ = 1;
  std::unordered_map<Id, Waiting> waiting_;
  std::unordered_map<Key, std::set<Id>> watchers_;
  std::set<std::pair<TimePoint, Id>> byDeadline_;
};

}  // namespace klamm::broker
