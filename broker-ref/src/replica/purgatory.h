#pragma once
// Requests that wait: for an event on one of their partitions, or for their time to be up.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace klamm::broker {

/// Something that waits. Threading: the purgatory's.
class DelayedOperation {
 public:
  virtual ~DelayedOperation() = default;
  /// Looks whether what it waits for has come; answers and returns true if so.
  virtual bool tryComplete() = 0;
  /// Time is up: answers with what there is.
  virtual void expire() = 0;
};

/// Holds waiting operations by the keys they watch and by deadline. An operation is completed exactly once and is gone
/// from every list before it is asked to answer.
///
/// Threading: one thread. Time is an argument; whoever owns it sets a timer for nextDeadline().
class Purgatory {
 public:
  using Key = const void*;

  /// Watches `keys` until `deadline`. The operation has been tried already by the caller.
  void add(std::unique_ptr<DelayedOperation> operation, const std::vector<Key>& keys, TimePoint deadline);
  /// Something happened to `key`: its operations are tried, in the order in which they came.
  void wake(Key key);
  /// Expires what is due at `now`.
  void expire(TimePoint now);
  /// Expires everything that watches `key` / everything.
  void expireAll(Key key);
  void expireAll();
  [[nodiscard]] std::optional<TimePoint> nextDeadline() const;
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

 private:
  using Id = std::uint64_t;
  struct Waiting {
    std::unique_ptr<DelayedOperation> operation;
    std::vector<Key> keys;
    TimePoint deadline;
  };
  std::unique_ptr<DelayedOperation> take(Id id);

  Id nextId_ = 1;
  std::unordered_map<Id, Waiting> waiting_;
  std::unordered_map<Key, std::map<Id, bool>> watchers_;  ///< true while the operation is being tried
  std::map<std::pair<TimePoint, Id>, bool> byDeadline_;
};

}  // namespace klamm::broker
