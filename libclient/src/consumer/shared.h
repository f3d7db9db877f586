#pragma once
// What the application's thread and the I/O thread of one consumer share.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <klamm/detail/consumer_core.h>

#include "base/mutex.h"
#include "base/result.h"
#include "consumer/fetch_metrics.h"
#include "consumer/fetcher.h"
#include "consumer/group/membership.h"
#include "consumer/subscription_state.h"
#include "net/wakeup.h"

namespace klamm::consumer {

/// A commit whose callback is due on the application's thread.
struct CommitDone {
  CommitCallback callback = {};
  OffsetMap offsets = {};
  Error error = {};
};

/// What poll() is to throw. One that is about the position of a partition is void when the position has jumped since: the
/// application may seek between assign() and poll(), and a seek answers every question about the position before it.
struct RaisedError {
  Error error = {};
  std::optional<TopicPartition> partition = {};
  std::uint64_t incarnation = 0;
};

/// Positions and buffered records are shared under the mutex; all else goes by two queues: tasks to the I/O thread
/// (Loop::post), events to the application. The application waits on `wake`; the I/O thread signals it only while it
/// waits, since waking a sleeping thread costs more than a thousand records.
///
/// Threading: any of the two; wakeup() from any thread and from signal handlers.
struct ConsumerShared {
  explicit ConsumerShared(ResetPolicy reset, const Clock& clock) : subscriptions(reset), wake(clock) {}

  mutable Mutex mutex;
  SubscriptionState subscriptions KLAMM_GUARDED_BY(mutex);
  FetchBuffer fetched KLAMM_GUARDED_BY(mutex);
  std::deque<GroupEvent> groupEvents KLAMM_GUARDED_BY(mutex);
  std::deque<CommitDone> commitsDone KLAMM_GUARDED_BY(mutex);
  std::deque<RaisedError> errors KLAMM_GUARDED_BY(mutex);
  ConsumerGroupMetadata groupMetadata KLAMM_GUARDED_BY(mutex);
  bool fetcherHeld KLAMM_GUARDED_BY(mutex) = false;  ///< it waits for the application to take records
  bool memberSilent KLAMM_GUARDED_BY(mutex) = false; ///< the member waits to be told of a poll
  bool autoCommitFailed KLAMM_GUARDED_BY(mutex) = false;  ///< in a way that may pass
  OffsetMap lastCommitted KLAMM_GUARDED_BY(mutex);  ///< positions that the last successful commit of all positions held
  std::size_t commitsUnderWay KLAMM_GUARDED_BY(mutex) = 0;
  FetchMetrics metrics KLAMM_GUARDED_BY(mutex);
  std::uint64_t changes KLAMM_GUARDED_BY(mutex) = 0;  ///< grows with every notify()
  bool waiting KLAMM_GUARDED_BY(mutex) = false;

  net::Wakeup wake;
  std::atomic<bool> wakeupRequested{false};
  std::atomic<TimePoint::rep> lastPoll{0};

  /// Something happened that the application may wait for.
  void notify() KLAMM_REQUIRES(mutex) {
    ++changes;
    if (std::exchange(waiting, false)) wake.signal();
  }
  /// poll() is to throw this, once for all times it happens before that.
  void raise(Error error) KLAMM_REQUIRES(mutex) { raise(RaisedError{.error = std::move(error)}); }
  void raise(RaisedError raised) KLAMM_REQUIRES(mutex) {
    for (const RaisedError& known : errors) {
      if (known.error.code() == raised.error.code() && known.error.context() == raised.error.context() && known.incarnation == raised.incarnation) return;
    }
    errors.push_back(std::move(raised));
    notify();
  }
  /// The oldest that still holds, else none.
  [[nodiscard]] Error takeError() KLAMM_REQUIRES(mutex) {
    while (!errors.empty()) {
      RaisedError raised = std::move(errors.front());
      errors.pop_front();
      if (!raised.partition || subscriptions.find(*raised.partition, raised.incarnation) != nullptr) return std::move(raised.error);
    }
    return {};
  }
};

/// The result of something the application waits for.
/// Threading: guarded by ConsumerShared::mutex.
template <class T>
struct Awaited {
  std::optional<Result<T>> result = {};
};

}  // namespace klamm::consumer
