// poll(): events of the group, auto commit, records.

#include <algorithm>
#include <utility>

#include "consumer/core.h"
#include "consumer/core_guard.h"

namespace klamm::consumer {
namespace {

/// Does something at the end of the block, also when a listener throws.
template <class Action>
class AtEnd {
 public:
  explicit AtEnd(Action action) : action_(std::move(action)) {}
  ~AtEnd() { action_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  Action action_;
};

}  // namespace

Error Core::checkPollable() {
  const MutexLock lock(shared_->mutex);
  if (shared_->subscriptions.type() != SubscriptionType::None) return {};
  return Error(ErrorCode::IllegalState, "the consumer is not subscribed to any topics or assigned any partitions");
}

void Core::notePoll(TimePoint now) {
  shared_->lastPoll.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  bool silent = false;
  {
    const MutexLock lock(shared_->mutex);
    silent = std::exchange(shared_->memberSilent, false);
  }
  if (silent) postRun();
}

Error Core::poll(Millis timeout, detail::FetchedRecords& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (timeout < Millis(0)) return Error(ErrorCode::IllegalArgument, "the timeout must not be negative");
  if (Error error = checkPollable()) return error;
  const TimePoint deadline = deadlineOf(timeout);
  // A long poll is no silence: the member is told that the application lives while it waits.
  const Duration slice = std::max<Duration>(settings_.group.maxPollInterval / 3, Millis(1));
  for (;;) {
    const TimePoint now = clock_.now();
    notePoll(now);
    std::uint64_t seen = 0;
    {
      const MutexLock lock(shared_->mutex);
      seen = shared_->changes;
    }
    if (Error error = takeWakeup()) return error;
    Turn turn = Turn::Go;
    if (Error error = runEvents(now, turn)) return error;
    if (turn == Turn::Go) {
      maybeAutoCommit(now);
      if (Error error = drain(out)) return error;
      if (out.count > 0) return {};
    }
    if (now >= deadline) return {};
    if (Error error = waitForChange(seen, std::min({deadline, nextAutoCommit_, now + slice}))) return error;
  }
}

// ---- events ----------------------------------------------------------------------------------------------------------------------

Error Core::runEvents(TimePoint now, Turn& turn) {
  runCommitCallbacks();
  turn = runGroupEvents(now);
  const MutexLock lock(shared_->mutex);
  return shared_->takeError();
}

void Core::runCommitCallbacks() {
  for (;;) {
    CommitDone done;
    {
      const MutexLock lock(shared_->mutex);
      if (shared_->commitsDone.empty()) return;
      done = std::move(shared_->commitsDone.front());
      shared_->commitsDone.pop_front();
    }
    if (done.callback) done.callback(done.offsets, done.error);
  }
}

Core::Turn Core::runGroupEvents(TimePoint now) {
  for (;;) {
    if (revocation_ && !finishRevocation(now)) return Turn::Blocked;
    GroupEvent event;
    {
      const MutexLock lock(shared_->mutex);
      if (shared_->groupEvents.empty()) return Turn::Go;
      event = std::move(shared_->groupEvents.front());
      shared_->groupEvents.pop_front();
    }
    if (event.kind == GroupEvent::Kind::Assign) adopt(event.partitions);
    else beginRevocation(event.kind == GroupEvent::Kind::Lose, now);
  }
}

void Core::beginRevocation(bool lost, TimePoint now) {
  revocation_ = Revocation{.lost = lost, .giveUpAt = now + settings_.group.maxPollInterval};
  if (lost || !settings_.autoCommit) return;
  OffsetMap offsets;
  {
    const MutexLock lock(shared_->mutex);
    offsets = shared_->subscriptions.allConsumed();
    if (offsets.empty() || offsets == shared_->lastCommitted) return;
  }
  revocation_->commit = std::make_shared<Awaited<void>>();
  startCommit(std::move(offsets), true, revocation_->giveUpAt, completing(revocation_->commit));
}

bool Core::finishRevocation(TimePoint now) {
  if (revocation_->commit && now < revocation_->giveUpAt) {
    const MutexLock lock(shared_->mutex);
    // Meanwhile the partitions may have been lost: then there is nothing to wait for.
    const bool lost = std::any_of(shared_->groupEvents.begin(), shared_->groupEvents.end(), [](const GroupEvent& event) { return event.kind == GroupEvent::Kind::Lose; });
    if (!revocation_->commit->result && !lost) return false;
    revocation_->lost = revocation_->lost || lost;
  }
  const bool lost = revocation_->lost;
  revocation_.reset();
  giveUpPartitions(lost);
  return true;
}

void Core::giveUpPartitions(bool lost) {
  TopicPartitions partitions;
  {
    const MutexLock lock(shared_->mutex);
    partitions = shared_->subscriptions.assigned();
  }
  const AtEnd release([this] {
    {
      const MutexLock lock(shared_->mutex);
      if (shared_->subscriptions.type() != SubscriptionType::Assigned) {
        shared_->subscriptions.assignByGroup({});
        shared_->fetched.clear();
      }
      shared_->lastCommitted.clear();
    }
    thread_->post([engine = &thread_->engine()] { engine->released(); });
  });
  if (!listener_ || partitions.empty()) return;
  if (lost) listener_->onPartitionsLost(partitions);
  else listener_->onPartitionsRevoked(partitions);
}

void Core::adopt(const TopicPartitions& partitions) {
  {
    const MutexLock lock(shared_->mutex);
    const SubscriptionType type = shared_->subscriptions.type();
    if (type != SubscriptionType::Topics && type != SubscriptionType::Pattern) return;
    shared_->subscriptions.assignByGroup(partitions);
  }
  nextAutoCommit_ = settings_.autoCommit ? clock_.now() + settings_.autoCommitInterval : TimePoint::max();
  postRun();
  if (listener_) listener_->onPartitionsAssigned(partitions);
}

void Core::maybeAutoCommit(TimePoint now) {
  if (!settings_.autoCommit) return;
  OffsetMap offsets;
  {
    const MutexLock lock(shared_->mutex);
    if (std::exchange(shared_->autoCommitFailed, false)) nextAutoCommit_ = std::min(nextAutoCommit_, now + settings_.group.retryBackoff);
    if (now < nextAutoCommit_) return;
    offsets = shared_->subscriptions.allConsumed();
  }
  nextAutoCommit_ = now + settings_.autoCommitInterval;
  if (offsets.empty()) return;
  OffsetMap copy = offsets;
  startCommit(std::move(offsets), false, now + settings_.group.requestTimeout, [shared = shared_.get(), committed = std::move(copy)](const Error& error) {
    const MutexLock lock(shared->mutex);
    if (!error) shared->lastCommitted = committed;
    else if (error.retriable()) shared->autoCommitFailed = true;
  });
}

// ---- records -----------------------------------------------------------------------------------------------------------------------

FetchedPartition* Core::pickFetched(bool& freed) {
  auto& fetched = shared_->fetched;
  for (auto at = fetched.begin(); at != fetched.end();) {
    const PartitionState* state = shared_->subscriptions.find(*(*at)->source().partition, (*at)->source().incarnation);
    if (state == nullptr) {  // revoked, or sought away from
      at = fetched.erase(at);
      freed = true;
    } else if (state->paused) {
      ++at;
    } else {
      return at->get();
    }
  }
  return nullptr;
}

bool Core::settle(FetchedPartition& fetched, bool& freed) {
  PartitionState* state = shared_->subscriptions.find(*fetched.source().partition, fetched.source().incarnation);
  if (state == nullptr) return false;
  SubscriptionState::consumed(*state, fetched.position(), fetched.epoch());
  if (!fetched.drained()) return true;
  state->bufferedBytes -= std::min(state->bufferedBytes, fetched.sizeInBytes());
  auto& buffer = shared_->fetched;
  buffer.erase(std::find_if(buffer.begin(), buffer.end(), [&](const auto& one) { return one.get() == &fetched; }));
  freed = true;
  return true;
}

Error Core::drain(detail::FetchedRecords& out) {
  bool freed = false;
  Error error;
  while (out.count < settings_.maxPollRecords && !error) {
    FetchedPartition* fetched = nullptr;
    {
      const MutexLock lock(shared_->mutex);
      fetched = pickFetched(freed);
    }
    if (fetched == nullptr) break;
    // The records of one partition stand together: one that comes again behind another waits for the next poll.
    const auto& name = fetched->source().partition;
    const bool again = std::any_of(out.partitions.begin(), out.partitions.end(), [&](const auto& one) { return *one.partition == *name; });
    if (again && out.partitions.back().partition != name) break;
    const std::size_t runs = out.runs.size();
    const std::size_t partitions = out.partitions.size();
    const std::size_t count = out.count;
    const std::uint64_t bytes = fetched->bytesTaken();
    const Status status = fetched->take(settings_.maxPollRecords - count, out);
    bool current = false;
    {
      const MutexLock lock(shared_->mutex);
      const std::uint64_t taken = fetched->bytesTaken() - bytes;
      current = settle(*fetched, freed);
      if (current) {
        shared_->metrics.bytes += taken;
        shared_->metrics.records += out.count - count;
      }
    }
    if (!current) {  // the position has jumped meanwhile
      out.runs.resize(runs);
      out.partitions.resize(partitions);
      out.count = count;
    } else if (!status) {
      if (out.count > 0) break;
      error = damage(*fetched, status.error());
      if (!error) break;
    } else if (again && out.partitions.size() > partitions) {
      detail::PartitionRun last = std::move(out.partitions.back());
      out.partitions.pop_back();
      detail::PartitionRun& first = out.partitions.back();
      first.runCount += last.runCount;
      first.count += last.count;
      first.next = std::move(last.next);
    }
  }
  if (freed) {
    bool held = false;
    {
      const MutexLock lock(shared_->mutex);
      held = std::exchange(shared_->fetcherHeld, false);
    }
    if (held) postRun();
  }
  return error;
}

Error Core::damage(const FetchedPartition& fetched, Error error) {
  {
    const MutexLock lock(shared_->mutex);
    auto& subscriptions = shared_->subscriptions;
    PartitionState* state = subscriptions.find(*fetched.source().partition, fetched.source().incarnation);
    if (state == nullptr) return {};
    if (error.code() == ErrorCode::OffsetOutOfRange && subscriptions.defaultReset().kind != ResetPolicy::Kind::None) {
      subscriptions.requestReset(*state, subscriptions.defaultReset());
      error = {};
    } else if (error.code() == ErrorCode::TopicAuthorizationFailed) {  // told once; the next fetch tells again
      const Position position = state->position;
      subscriptions.startAt(*state, position, false);
    } else {
      return error;  // the rest stays in the buffer: every poll says so until the application seeks
    }
  }
  postRun();
  return error;
}

}  // namespace klamm::consumer
