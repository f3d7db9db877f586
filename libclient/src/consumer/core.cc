#include "consumer/core.h"

#include <algorithm>
#include <set>
#include <utility>

#include "client/config_table.h"
#include "consumer/await.h"
#include "consumer/core_guard.h"

namespace klamm::consumer {
namespace {

/// Kafka's default of close().
constexpr Millis kCloseTimeout{30'000};

}  // namespace

Core::Core(ConsumerSettings settings, std::unique_ptr<ConsumerShared> shared, std::unique_ptr<EngineThread> thread)
    : settings_(std::move(settings)), shared_(std::move(shared)), thread_(std::move(thread)), clock_(thread_->clock()) {}

Core::~Core() {
  try {
    (void)close(kCloseTimeout);
  } catch (...) {  // a listener threw: nobody is left to be told
    thread_->stop();
  }
}

// ---- waiting -----------------------------------------------------------------------------------------------------------------------

TimePoint Core::deadlineOf(Timeout timeout) const {
  const TimePoint now = clock_.now();
  if (!timeout) return now + settings_.apiTimeout;
  if (*timeout >= std::chrono::duration_cast<Millis>(TimePoint::max() - now)) return TimePoint::max();
  return now + *timeout;
}

Error Core::takeWakeup() {
  if (!shared_->wakeupRequested.exchange(false, std::memory_order_acq_rel)) return {};
  return Error(ErrorCode::Wakeup);
}

Error Core::waitForChange(std::uint64_t& seen, TimePoint deadline, bool interruptible) {
  for (;;) {
    if (interruptible) {
      if (Error error = takeWakeup()) return error;
    }
    {
      const MutexLock lock(shared_->mutex);
      if (shared_->changes != seen) {
        seen = shared_->changes;
        return {};
      }
      shared_->waiting = true;
    }
    const bool signalled = shared_->wake.waitUntil(deadline);
    const MutexLock lock(shared_->mutex);
    shared_->waiting = false;
    if (!signalled && shared_->changes == seen) return {};  // the deadline
  }
}

void Core::wakeup() noexcept {
  shared_->wakeupRequested.store(true, std::memory_order_release);
  shared_->wake.signal();
}

void Core::postRun() {
  thread_->post([engine = &thread_->engine()] { engine->run(); });
}

std::function<void(const Error&)> Core::completing(std::shared_ptr<Awaited<void>> awaited) {
  return [shared = shared_.get(), awaited = std::move(awaited)](const Error& error) {
    const MutexLock lock(shared->mutex);
    awaited->result = error ? Result<void>(klamm::fail(error)) : Result<void>();
    shared->notify();
  };
}

// ---- subscription --------------------------------------------------------------------------------------------------------------------

Error Core::needGroup() const {
  if (settings_.hasGroup) return {};
  return Error(ErrorCode::InvalidGroupId, "to use the group management or offset commit APIs, you must provide a valid group.id in the consumer configuration");
}

Error Core::subscribe(std::vector<std::string> topics, std::shared_ptr<RebalanceListener> listener) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (topics.empty()) return unsubscribe();
  if (Error error = needGroup()) return error;
  for (const std::string& topic : topics) {
    if (topic.find_first_not_of(" \t\r\n") == std::string::npos) return Error(ErrorCode::IllegalArgument, "topic collection to subscribe to cannot contain null or empty topic");
  }
  {
    const MutexLock lock(shared_->mutex);
    if (auto status = shared_->subscriptions.subscribe({topics.begin(), topics.end()}); !status) return status.error();
  }
  listener_ = std::move(listener);
  shared_->lastPoll.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
  thread_->post([engine = &thread_->engine()] { engine->subscriptionChanged(); });
  return {};
}

Error Core::subscribePattern(std::string regex, std::shared_ptr<RebalanceListener> listener) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (Error error = needGroup()) return error;
  if (regex.empty()) return Error(ErrorCode::IllegalArgument, "topic pattern to subscribe to cannot be empty");
  {
    const MutexLock lock(shared_->mutex);
    if (auto status = shared_->subscriptions.subscribePattern(regex); !status) return status.error();
  }
  listener_ = std::move(listener);
  shared_->lastPoll.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
  thread_->post([engine = &thread_->engine()] { engine->subscriptionChanged(); });
  return {};
}

void Core::dropSubscription(const std::string& reason) {
  {
    const MutexLock lock(shared_->mutex);
    shared_->subscriptions.unsubscribe();
    shared_->fetched.clear();
    shared_->groupEvents.clear();
    shared_->errors.clear();
    shared_->lastCommitted.clear();
  }
  revocation_.reset();
  listener_.reset();
  nextAutoCommit_ = TimePoint::max();
  thread_->post([engine = &thread_->engine(), text = reason] { engine->leave(text); });
}

Error Core::unsubscribe() {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  TopicPartitions partitions;
  bool byGroup = false;
  bool lost = false;
  {
    const MutexLock lock(shared_->mutex);
    byGroup = shared_->subscriptions.type() == SubscriptionType::Topics || shared_->subscriptions.type() == SubscriptionType::Pattern;
    partitions = shared_->subscriptions.assigned();
    lost = shared_->groupMetadata.generationId < 0;
  }
  const auto listener = listener_;
  dropSubscription("the consumer unsubscribed from all topics");
  if (byGroup && listener && !partitions.empty()) {
    if (lost) listener->onPartitionsLost(partitions);
    else listener->onPartitionsRevoked(partitions);
  }
  return {};
}

Error Core::assign(TopicPartitions partitions) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (partitions.empty()) return unsubscribe();
  for (const TopicPartition& partition : partitions) {
    if (partition.topic.find_first_not_of(" \t\r\n") == std::string::npos) return Error(ErrorCode::IllegalArgument, "topic partitions to assign to cannot have null or empty topic");
  }
  {
    const MutexLock lock(shared_->mutex);
    if (auto status = shared_->subscriptions.assignByUser(partitions); !status) return status.error();
  }
  if (settings_.autoCommit && nextAutoCommit_ == TimePoint::max()) nextAutoCommit_ = clock_.now() + settings_.autoCommitInterval;
  postRun();
  return {};
}

Error Core::assignment(TopicPartitions& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  const MutexLock lock(shared_->mutex);
  out = shared_->subscriptions.assigned();
  return {};
}

Error Core::subscription(std::vector<std::string>& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  const MutexLock lock(shared_->mutex);
  const auto& topics = shared_->subscriptions.topics();
  out.assign(topics.begin(), topics.end());
  return {};
}

Error Core::groupMetadata(ConsumerGroupMetadata& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (Error error = needGroup()) return error;
  const MutexLock lock(shared_->mutex);
  out = shared_->groupMetadata;
  out.groupId = settings_.group.groupId;
  out.groupInstanceId = settings_.group.instanceId;
  return {};
}

Error Core::enforceRebalance(std::string reason) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (!settings_.hasGroup) return Error(ErrorCode::IllegalState, "tried to force a rebalance but consumer does not have a group");
  thread_->post([engine = &thread_->engine(), text = std::move(reason)] { engine->rebalance(text); });
  return {};
}

Error Core::metrics(Metrics& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  const std::string& id = settings_.client.clientId;
  const MutexLock lock(shared_->mutex);
  shared_->metrics.appendTo(out, id);
  out.push_back({"consumer-coordinator-metrics", "assigned-partitions", {{"client-id", id}}, static_cast<double>(shared_->subscriptions.assignedCount())});
  return {};
}

// ---- end -----------------------------------------------------------------------------------------------------------------------------

void Core::closeGroup(TimePoint deadline, Error& first) {
  const auto keep = [&first](Error error) {
    if (error && !first) first = std::move(error);
  };
  OffsetMap offsets;
  TopicPartitions partitions;
  bool byGroup = false;
  {
    const MutexLock lock(shared_->mutex);
    const SubscriptionType type = shared_->subscriptions.type();
    byGroup = type == SubscriptionType::Topics || type == SubscriptionType::Pattern;
    partitions = shared_->subscriptions.assigned();
    offsets = shared_->subscriptions.allConsumed();
    if (!settings_.autoCommit || offsets == shared_->lastCommitted) offsets.clear();
    // A member whose generation is void has nothing to commit with.
    if (byGroup && shared_->groupMetadata.generationId < 0) offsets.clear();
  }
  if (!offsets.empty()) keep(commitNow(std::move(offsets), deadline, false));
  std::uint64_t seen = 0;
  for (bool pending = true; pending && clock_.now() < deadline;) {
    {
      const MutexLock lock(shared_->mutex);
      pending = shared_->commitsUnderWay > 0;
    }
    if (pending) keep(waitForChange(seen, deadline, false));
  }
  runCommitCallbacks();
  if (!byGroup || !listener_ || partitions.empty()) return;
  bool lost = false;
  {
    const MutexLock lock(shared_->mutex);
    lost = shared_->groupMetadata.generationId < 0;
  }
  if (lost) listener_->onPartitionsLost(partitions);
  else listener_->onPartitionsRevoked(partitions);
}

Error Core::close(Millis timeout) {
  {
    const Guard guard(*this);
    if (guard.error().code() == ErrorCode::Closed) return {};
    if (guard.error()) return guard.error();
    if (timeout < Millis(0)) return Error(ErrorCode::IllegalArgument, "the timeout cannot be negative");
    const TimePoint deadline = deadlineOf(timeout);
    Error first;
    std::exception_ptr thrown;
    try {
      closeGroup(deadline, first);
    } catch (...) {  // of a listener or callback: the rest of the way is gone all the same
      thrown = std::current_exception();
    }
    const auto left = await<void>(
        deadline,
        [this](std::function<void(Result<void>)> done) {
          auto held = std::make_shared<std::function<void(Result<void>)>>(std::move(done));
          thread_->post([engine = &thread_->engine(), held] { engine->close([held] { (*held)({}); }); });
        },
        false);
    if (!left && !first) first = left.error();
    thread_->stop();
    closed_ = true;
    try {
      runCommitCallbacks();
    } catch (...) {
      if (!thrown) thrown = std::current_exception();
    }
    if (thrown) std::rethrow_exception(thrown);
    return first.code() == ErrorCode::RequestTimedOut ? Error() : first;
  }
}

}  // namespace klamm::consumer
