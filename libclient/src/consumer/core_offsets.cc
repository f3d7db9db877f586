// Commits, positions and questions about offsets.

#include <algorithm>
#include <utility>

#include "consumer/await.h"
#include "consumer/core.h"
#include "consumer/core_guard.h"

namespace klamm::consumer {
namespace {

constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kLatest = -1;

Error notAssigned(const TopicPartition& partition) {
  return Error(ErrorCode::IllegalState, "no current assignment for partition " + partition.toString());
}

}  // namespace

// ---- commits ---------------------------------------------------------------------------------------------------------------------

void Core::startCommit(OffsetMap offsets, bool untilDeadline, TimePoint deadline, std::function<void(const Error&)> done) {
  auto commit = std::make_shared<OffsetCommits::Commit>();
  commit->offsets = std::move(offsets);
  commit->untilDeadline = untilDeadline;
  commit->deadline = deadline;
  {
    const MutexLock lock(shared_->mutex);
    commit->asMember = shared_->subscriptions.type() == SubscriptionType::Topics || shared_->subscriptions.type() == SubscriptionType::Pattern;
    ++shared_->commitsUnderWay;
  }
  commit->done = [shared = shared_.get(), done = std::move(done)](const Error& error) {
    done(error);
    const MutexLock lock(shared->mutex);
    --shared->commitsUnderWay;
    shared->notify();
  };
  thread_->post([engine = &thread_->engine(), commit] { engine->commit(std::move(*commit)); });
}

Error Core::commitNow(OffsetMap offsets, TimePoint deadline, bool interruptible) {
  const auto result = await<void>(
      deadline,
      [&](std::function<void(Result<void>)> done) {
        startCommit(std::move(offsets), true, deadline, [done = std::move(done)](const Error& error) { done(error ? Result<void>(klamm::fail(error)) : Result<void>()); });
      },
      interruptible);
  return result ? Error() : result.error();
}

Error Core::commitSync(std::optional<OffsetMap> offsets, Timeout timeout) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (Error error = needGroup()) return error;
  const bool all = !offsets;
  if (all) {
    const MutexLock lock(shared_->mutex);
    offsets = shared_->subscriptions.allConsumed();
  }
  for (const auto& [partition, offset] : *offsets) {
    if (offset.offset < 0) return Error(ErrorCode::IllegalArgument, "invalid negative offset for " + partition.toString());
  }
  runCommitCallbacks();
  if (offsets->empty()) return {};
  OffsetMap committed = *offsets;
  if (Error error = commitNow(std::move(*offsets), deadlineOf(timeout), true)) return error;
  if (all) {
    const MutexLock lock(shared_->mutex);
    shared_->lastCommitted = std::move(committed);
  }
  runCommitCallbacks();
  return {};
}

Error Core::commitAsync(std::optional<OffsetMap> offsets, CommitCallback callback) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (Error error = needGroup()) return error;
  if (!offsets) {
    const MutexLock lock(shared_->mutex);
    offsets = shared_->subscriptions.allConsumed();
  }
  for (const auto& [partition, offset] : *offsets) {
    if (offset.offset < 0) return Error(ErrorCode::IllegalArgument, "invalid negative offset for " + partition.toString());
  }
  auto due = std::make_shared<CommitDone>(CommitDone{std::move(callback), *offsets, {}});
  auto done = [shared = shared_.get(), due](const Error& error) {
    const MutexLock lock(shared->mutex);
    due->error = error;
    shared->commitsDone.push_back(std::move(*due));
    shared->notify();
  };
  if (offsets->empty()) done(Error());
  else startCommit(std::move(*offsets), false, deadlineOf(std::nullopt), std::move(done));
  return {};
}

Error Core::committed(const TopicPartitions& partitions, Timeout timeout, OffsetMap& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (Error error = needGroup()) return error;
  out.clear();
  if (partitions.empty()) return {};
  const TimePoint deadline = deadlineOf(timeout);
  auto found = await<OffsetMap>(deadline, [&](std::function<void(Result<OffsetMap>)> done) {
    auto lookup = std::make_shared<OffsetCommits::Lookup>(OffsetCommits::Lookup{partitions, deadline, std::move(done)});
    thread_->post([engine = &thread_->engine(), lookup] { engine->lookUpCommitted(std::move(*lookup)); });
  });
  if (!found) return found.error();
  out = std::move(*found);
  return {};
}

// ---- positions -------------------------------------------------------------------------------------------------------------------

Error Core::seek(const TopicPartition& partition, OffsetAndMetadata to) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (to.offset < 0) return Error(ErrorCode::IllegalArgument, "seek offset must not be a negative number");
  const auto cluster = thread_->metadata().snapshot();
  const client::PartitionMetadata* known = cluster->partition(partition.topic, partition.partition);
  {
    const MutexLock lock(shared_->mutex);
    PartitionState* state = shared_->subscriptions.find(partition);
    if (state == nullptr) return notAssigned(partition);
    shared_->subscriptions.seek(*state, {to.offset, to.leaderEpoch, known == nullptr ? -1 : known->leaderEpoch});
  }
  postRun();
  return {};
}

Error Core::reset(const TopicPartitions& partitions, ResetPolicy::Kind kind) {
  {
    const MutexLock lock(shared_->mutex);
    auto& subscriptions = shared_->subscriptions;
    const TopicPartitions wanted = partitions.empty() ? subscriptions.assigned() : partitions;
    for (const TopicPartition& partition : wanted) {
      if (subscriptions.find(partition) == nullptr) return notAssigned(partition);
    }
    for (const TopicPartition& partition : wanted) subscriptions.requestReset(*subscriptions.find(partition), {kind, {}});
  }
  postRun();
  return {};
}

Error Core::seekToBeginning(const TopicPartitions& partitions) {
  const Guard guard(*this);
  return guard.error() ? guard.error() : reset(partitions, ResetPolicy::Kind::Earliest);
}

Error Core::seekToEnd(const TopicPartitions& partitions) {
  const Guard guard(*this);
  return guard.error() ? guard.error() : reset(partitions, ResetPolicy::Kind::Latest);
}

Error Core::position(const TopicPartition& partition, Timeout timeout, std::int64_t& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  const TimePoint deadline = deadlineOf(timeout);
  for (;;) {
    std::uint64_t seen = 0;
    {
      const MutexLock lock(shared_->mutex);
      seen = shared_->changes;
      const PartitionState* state = shared_->subscriptions.find(partition);
      if (state == nullptr) return Error(ErrorCode::IllegalState, "you can only check the position for partitions assigned to this consumer");
      if (state->hasPosition()) {
        out = state->position.offset;
        return {};
      }
      if (Error error = shared_->takeError()) return error;
    }
    if (clock_.now() >= deadline) return Error(ErrorCode::RequestTimedOut, "the position of " + partition.toString() + " could not be determined in time");
    if (Error error = waitForChange(seen, deadline)) return error;
  }
}

Error Core::setPaused(const TopicPartitions& partitions, bool paused) {
  const MutexLock lock(shared_->mutex);
  for (const TopicPartition& partition : partitions) {
    if (shared_->subscriptions.find(partition) == nullptr) return notAssigned(partition);
  }
  for (const TopicPartition& partition : partitions) shared_->subscriptions.find(partition)->paused = paused;
  return {};
}

Error Core::pause(const TopicPartitions& partitions) {
  const Guard guard(*this);
  return guard.error() ? guard.error() : setPaused(partitions, true);
}

Error Core::resume(const TopicPartitions& partitions) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  if (Error error = setPaused(partitions, false)) return error;
  postRun();
  return {};
}

Error Core::paused(TopicPartitions& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  out.clear();
  const MutexLock lock(shared_->mutex);
  for (const auto& [partition, state] : shared_->subscriptions.partitions()) {
    if (state.paused) out.push_back(partition);
  }
  return {};
}

Error Core::currentLag(const TopicPartition& partition, std::optional<std::int64_t>& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  out.reset();
  const MutexLock lock(shared_->mutex);
  const PartitionState* state = shared_->subscriptions.find(partition);
  if (state == nullptr) return notAssigned(partition);
  const std::int64_t end = settings_.fetch.readCommitted ? state->lastStableOffset : state->highWatermark;
  if (state->hasPosition() && end >= 0) out = std::max<std::int64_t>(0, end - state->position.offset);
  return {};
}

// ---- questions ---------------------------------------------------------------------------------------------------------------------

Error Core::ask(OffsetQuestions questions, Timeout timeout, FoundOffsets& out) {
  if (questions.empty()) return {};
  const TimePoint deadline = deadlineOf(timeout);
  auto found = await<FoundOffsets>(deadline, [&](std::function<void(Result<FoundOffsets>)> done) {
    struct Task {
      OffsetQuestions questions;
      std::function<void(Result<FoundOffsets>)> done;
    };
    auto task = std::make_shared<Task>(Task{std::move(questions), std::move(done)});
    thread_->post([engine = &thread_->engine(), task, deadline] { engine->askOffsets(std::move(task->questions), deadline, std::move(task->done)); });
  });
  if (!found) return found.error();
  out = std::move(*found);
  return {};
}

Error Core::edgeOffsets(const TopicPartitions& partitions, std::int64_t timestamp, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) {
  OffsetQuestions questions;
  for (const TopicPartition& partition : partitions) questions[partition] = timestamp;
  FoundOffsets found;
  if (Error error = ask(std::move(questions), timeout, found)) return error;
  out.clear();
  for (const auto& [partition, offset] : found) out[partition] = offset.offset;
  return {};
}

Error Core::beginningOffsets(const TopicPartitions& partitions, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) {
  const Guard guard(*this);
  return guard.error() ? guard.error() : edgeOffsets(partitions, kEarliest, timeout, out);
}

Error Core::endOffsets(const TopicPartitions& partitions, Timeout timeout, std::map<TopicPartition, std::int64_t>& out) {
  const Guard guard(*this);
  return guard.error() ? guard.error() : edgeOffsets(partitions, kLatest, timeout, out);
}

Error Core::offsetsForTimes(const std::map<TopicPartition, std::int64_t>& times, Timeout timeout,
                            std::map<TopicPartition, std::optional<OffsetAndTimestamp>>& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  for (const auto& [partition, time] : times) {
    if (time < 0) return Error(ErrorCode::IllegalArgument, "the target time for partition " + partition.toString() + " is " + std::to_string(time) + ": the target time cannot be negative");
  }
  FoundOffsets found;
  if (Error error = ask(times, timeout, found)) return error;
  out.clear();
  for (const auto& [partition, offset] : found) {
    auto& entry = out[partition];
    if (offset.offset >= 0) entry = OffsetAndTimestamp{offset.offset, offset.timestamp, offset.leaderEpoch};
  }
  return {};
}

Error Core::partitionsFor(const std::string& topic, Timeout timeout, std::vector<PartitionInfo>& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  const TimePoint deadline = deadlineOf(timeout);
  auto found = await<client::Snapshot>(deadline, [&](std::function<void(Result<client::Snapshot>)> done) {
    struct Task {
      std::string topic;
      Engine::TopicDone done;
    };
    auto task = std::make_shared<Task>(Task{topic, std::move(done)});
    thread_->post([engine = &thread_->engine(), task, deadline] { engine->askTopic(std::move(task->topic), deadline, std::move(task->done)); });
  });
  if (!found) return found.error();
  const client::TopicMetadata* known = (*found)->topic(topic);
  if (known != nullptr && (known->error == ErrorCode::TopicAuthorizationFailed || known->error == ErrorCode::InvalidTopicException)) {
    return Error(known->error, "topic '" + topic + "'");
  }
  out = (*found)->partitionInfos(topic);
  return {};
}

Error Core::listTopics(Timeout timeout, std::map<std::string, std::vector<PartitionInfo>>& out) {
  const Guard guard(*this);
  if (guard.error()) return guard.error();
  using Topics = std::map<std::string, std::vector<PartitionInfo>>;
  const TimePoint deadline = deadlineOf(timeout);
  for (;;) {
    auto found = await<Topics>(deadline, [&](std::function<void(Result<Topics>)> done) {
      auto held = std::make_shared<Engine::TopicsDone>(std::move(done));
      thread_->post([engine = &thread_->engine(), held, deadline] { engine->askAllTopics(deadline, std::move(*held)); });
    });
    if (found) {
      out = std::move(*found);
      return {};
    }
    if (!found.error().retriable() || clock_.now() >= deadline) return found.error();
    // The connection was lost: the next one may answer.
    const TimePoint again = std::min<TimePoint>(deadline, clock_.now() + settings_.group.retryBackoff);
    for (std::uint64_t seen = 0; clock_.now() < again;) {
      if (Error error = waitForChange(seen, again)) return error;
    }
  }
}

}  // namespace klamm::consumer
