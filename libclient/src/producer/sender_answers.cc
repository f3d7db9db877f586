// Sender: from the network to the callbacks.

#include <algorithm>

#include <fmt/format.h>

#include "producer/sender.h"

namespace klamm::producer {
namespace {

using protocol::ProduceResponse;

/// Errors that say that the client's picture of the cluster is old (Kafka's InvalidMetadataException).
bool tellsOfOldMetadata(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::UnknownTopicOrPartition:
    case ErrorCode::LeaderNotAvailable:
    case ErrorCode::NotLeaderOrFollower:
    case ErrorCode::ReplicaNotAvailable:
    case ErrorCode::KafkaStorageError:
    case ErrorCode::FencedLeaderEpoch:
    case ErrorCode::UnknownLeaderEpoch:
    case ErrorCode::ListenerNotFound:
    case ErrorCode::UnknownTopicId:
    case ErrorCode::InconsistentTopicId:
    case ErrorCode::NetworkException: return true;
    default: return false;
  }
}

/// What a lost or unreadable answer means for its batches. An answer that cannot be read leaves open what was written,
/// just as none does.
Error transportError(const Error& error) {
  switch (error.code()) {
    case ErrorCode::MalformedResponse: return {ErrorCode::NetworkException, error.message()};
    default: return error;
  }
}

}  // namespace

void Sender::onAnswer(std::unique_ptr<Request> request, Result<ProduceResponse> result) {
  Completions done;
  bool oldMetadata = false;
  {
    const MutexLock lock(mutex_);
    endFlight(*request);
    measure(*request);
    if (result) {
      takeAnswers(*request, *result, done);
    } else {
      const Error error = transportError(result.error());
      oldMetadata = tellsOfOldMetadata(error.code());
      for (auto& batch : request->batches) settleBatch(std::move(batch), {}, error, done);
    }
  }
  if (oldMetadata) metadata_.requestUpdate("a Produce request got no answer");
  if (result) passOnHints(*result);
  report(done);
  drive();
}

void Sender::measure(const Request& request) {
  std::int32_t records = 0;
  for (const auto& batch : request.batches) {
    records += batch->count;
    metrics_.batchBytes.add(static_cast<double>(batch->size));
  }
  metrics_.sent += static_cast<std::uint64_t>(records);
  metrics_.requestRecords.add(records);
  metrics_.latencyMillis.add(std::chrono::duration<double, std::milli>(clock_.now() - request.sentAt).count());
}

SendMetrics Sender::metrics() const {
  const MutexLock lock(mutex_);
  return metrics_;
}

void Sender::endFlight(Request& request) {
  --request.node->inFlight;
  request.node->full.store(false);
  std::erase(inFlight_, &request);
}

void Sender::takeAnswers(Request& request, const ProduceResponse& response, Completions& done) {
  if (settings_.acks == Acks::None) {
    for (auto& batch : request.batches) settleBatch(std::move(batch), {.baseOffset = -1}, {}, done);
    return;
  }
  for (const auto& topic : response.responses) {
    for (const auto& answer : topic.partitionResponses) {
      std::unique_ptr<Batch>* batch = findBatch(request, topic, answer.index);
      if (batch == nullptr) {
        log_.warn("broker {} answered for a partition that it was not asked about: '{}'-{}", request.node->id, topic.name, answer.index);
        continue;
      }
      const Error error = answer.errorCode == ErrorCode::None ? Error() : Error(answer.errorCode, answer.errorMessage.value_or(""));
      settleBatch(std::move(*batch), answer, error, done);
    }
  }
  for (auto& batch : request.batches) {
    if (batch != nullptr) {
      settleBatch(std::move(batch), {}, Error(ErrorCode::NetworkException, "the broker's answer leaves this partition out"), done);
    }
  }
}

std::unique_ptr<Batch>* Sender::findBatch(Request& request, const ProduceResponse::TopicProduceResponse& topic, std::int32_t partition) const {
  for (auto& batch : request.batches) {
    if (batch == nullptr || batch->queue.partition != partition) continue;
    if (topic.name.empty() ? batch->topicId == topic.topicId : batch->queue.topic.name == topic.name) return &batch;
  }
  return nullptr;
}

void Sender::settleBatch(std::unique_ptr<Batch> batch, const ProduceResponse::PartitionProduceResponse& answer,
                         const Error& error, Completions& done) {
  PartitionQueue& queue = batch->queue;
  --queue.inFlight;
  if (settings_.idempotent) idempotence_.onReturn(*batch, error.code());
  if (batch->done) return;  // expired while it was on its way: its callbacks have been told
  const ErrorCode code = error.code();
  if (!error || code == ErrorCode::DuplicateSequenceNumber) {
    if (error) log_.debug("{}-{}: the broker has this batch already", queue.topic.name, queue.partition);
    return succeed(*batch, error ? -1 : answer.baseOffset, answer.logAppendTimeMs, done);
  }
  if (tellsOfOldMetadata(code) && code != ErrorCode::NetworkException) {
    metadata_.requestUpdate("Produce answered " + std::string(errorName(code)));
  }
  if (code == ErrorCode::MessageTooLarge && batch->count > 1 && split(batch)) return;
  const bool inTime = clock_.now() - batch->createdAt < settings_.deliveryTimeout;
  const bool retriable = settings_.idempotent ? idempotence_.mayRetry(queue.sequences, *batch, code, answer.logStartOffset)
                                              : isRetriable(code);
  if (retriable && inTime && batch->attempts < settings_.retries && !fatal_) {
    return retry(std::move(batch), error);
  }
  Completions one;
  giveUp(*batch, describe(*batch, error), retriable, one);
  for (const auto& record : answer.recordErrors) {
    one.front().recordErrors.emplace_back(record.batchIndex, record.batchIndexErrorMessage.value_or("the record is not valid"));
  }
  done.push_back(std::move(one.front()));
}

void Sender::succeed(Batch& batch, std::int64_t baseOffset, std::int64_t logAppendTime, Completions& done) {
  if (settings_.idempotent) {
    idempotence_.onSuccess(batch.queue.sequences, batch, baseOffset < 0 ? -1 : baseOffset + batch.count - 1);
  }
  batch.done = true;
  done.push_back({.queue = &batch.queue, .pending = std::move(batch.pending), .generation = batch.generation,
                  .baseOffset = baseOffset, .logAppendTime = logAppendTime});
}

void Sender::giveUp(Batch& batch, const Error& error, bool maybeWritten, Completions& done) {
  if (settings_.idempotent && batch.hasSequence()) {
    if (maybeWritten) idempotence_.markUnresolved(batch.queue.sequences, batch);
    idempotence_.onFailure(batch.queue.sequences, batch, error.code(), maybeWritten);
  }
  batch.done = true;
  metrics_.errors += static_cast<std::uint64_t>(batch.recordCount());
  done.push_back({.queue = &batch.queue, .pending = std::move(batch.pending), .generation = batch.generation, .error = error});
}

Error Sender::describe(const Batch& batch, const Error& error) const {
  std::string context = fmt::format("{}-{}", batch.queue.topic.name, batch.queue.partition);
  if (!error.context().empty()) context.append(": ").append(error.context());
  return {error.code(), std::move(context)};
}

Duration Sender::backoff(std::int32_t attempts) {
  // Kafka's ExponentialBackoff: doubles, and 20 % of chance keeps clients apart.
  const double first = static_cast<double>(settings_.retryBackoff.count());
  const double grown = std::min(first * static_cast<double>(std::uint64_t{1} << std::min(attempts - 1, 30)),
                                static_cast<double>(std::max(settings_.retryBackoffMax, settings_.retryBackoff).count()));
  const double chance = static_cast<double>(random_.below(4001)) / 10000.0 - 0.2;
  return Duration(static_cast<std::int64_t>(grown * (1.0 + chance)));
}

void Sender::retry(std::unique_ptr<Batch> batch, const Error& error) {
  ++batch->attempts;
  metrics_.retries += static_cast<std::uint64_t>(batch->count);
  batch->lastFailure = error;
  // A newer leader is known already: there is nothing to wait for (KIP-951).
  const bool leaderChanged = batch->queue.leaderEpoch > batch->attemptedLeaderEpoch && batch->attemptedLeaderEpoch >= 0;
  batch->retryAt = leaderChanged ? clock_.now() : clock_.now() + backoff(batch->attempts);
  log_.debug("{}-{}: sends {} records again (attempt {}): {}", batch->queue.topic.name, batch->queue.partition, batch->count,
             batch->attempts + 1, error.message());
  putBack(std::move(batch));
}

void Sender::putBack(std::unique_ptr<Batch> batch) {
  PartitionQueue& queue = batch->queue;
  const MutexLock lock(queue.mutex);
  queue.insertInOrder(std::move(batch));
  queue.updateReady(settings_.linger, settings_.batchSize, queue.topic.ratio.load(std::memory_order_relaxed));
  if (!queue.listed) accumulator_.list(queue);
}

bool Sender::split(std::unique_ptr<Batch>& batch) {
  PartitionQueue& queue = batch->queue;
  auto parts = splitBatch(*batch, settings_.batchSize);
  if (parts.empty()) return false;
  log_.warn("{}-{}: the broker finds a batch of {} records ({} bytes) too large; it is split into {}", queue.topic.name,
            queue.partition, batch->count, batch->size, parts.size());
  queue.topic.resetRatio.store(true, std::memory_order_relaxed);
  accumulator_.outstanding().addParts(batch->generation, parts.size() - 1);
  if (settings_.idempotent) {
    std::vector<Batch*> views;
    for (auto& part : parts) views.push_back(part.get());
    idempotence_.replace(queue.sequences, *batch, views);
  }
  for (auto& part : parts) putBack(std::move(part));
  batch.reset();
  return true;
}

void Sender::passOnHints(const ProduceResponse& response) {
  std::vector<client::LeaderHint> hints;
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partitionResponses) {
      if (partition.currentLeader.leaderId < 0) continue;
      std::string name = topic.name;
      if (name.empty()) {
        const client::Snapshot snapshot = metadata_.snapshot();
        const client::TopicMetadata* known = snapshot->topic(topic.topicId);
        if (known == nullptr) continue;
        name = known->name;
      }
      hints.push_back({std::move(name), partition.index, partition.currentLeader.leaderId, partition.currentLeader.leaderEpoch});
    }
  }
  if (hints.empty()) return;
  std::vector<klamm::Node> nodes;
  for (const auto& endpoint : response.nodeEndpoints) nodes.push_back({endpoint.nodeId, endpoint.host, endpoint.port, endpoint.rack});
  metadata_.applyHints(hints, nodes);
}

void Sender::tick() {
  Completions done;
  {
    const MutexLock lock(mutex_);
    const TimePoint now = clock_.now();
    if (fatal_) failAll(*fatal_, done);
    for (auto& [batch, error] : broken_) {
      --batch->queue.inFlight;
      if (!batch->done) giveUp(*batch, describe(*batch, error), false, done);
    }
    broken_.clear();
    if (now >= nextSweep_) expire(now, done);
  }
  report(done);
  drive();
}

void Sender::expire(TimePoint now, Completions& done) {
  nextSweep_ = now + settings_.deliveryTimeout;
  accumulator_.takeInbox(active_);
  for (Request* request : inFlight_) {
    for (auto& batch : request->batches) {
      if (batch == nullptr || batch->done) continue;
      const TimePoint expiresAt = batch->createdAt + settings_.deliveryTimeout;
      if (expiresAt > now) {
        nextSweep_ = std::min(nextSweep_, expiresAt);
        continue;
      }
      giveUp(*batch, expiredError(*batch), true, done);
    }
  }
  for (PartitionQueue* queue : active_) expireQueue(*queue, now, done);
}

Error Sender::expiredError(const Batch& batch) const {
  std::string context = fmt::format("{} record(s) for {}-{} expired: delivery.timeout.ms ({}) has passed since the batch was opened",
                                    batch.recordCount(), batch.queue.topic.name, batch.queue.partition,
                                    std::chrono::duration_cast<Millis>(settings_.deliveryTimeout).count());
  const Error& cause = batch.lastFailure ? batch.lastFailure : idFailure_;
  if (cause) context.append("; last failure: ").append(cause.message());
  return {ErrorCode::RequestTimedOut, std::move(context)};
}

void Sender::expireQueue(PartitionQueue& queue, TimePoint now, Completions& done) {
  std::vector<std::unique_ptr<Batch>> expired;
  {
    const MutexLock lock(queue.mutex);
    while (!queue.batches.empty()) {
      const TimePoint expiresAt = queue.batches.front()->createdAt + settings_.deliveryTimeout;
      if (expiresAt > now) {
        nextSweep_ = std::min(nextSweep_, expiresAt);
        break;
      }
      expired.push_back(std::move(queue.batches.front()));
      queue.batches.pop_front();
    }
    if (expired.empty()) return;
    queue.updateReady(settings_.linger, settings_.batchSize, queue.topic.ratio.load(std::memory_order_relaxed));
  }
  for (auto& batch : expired) giveUp(*batch, expiredError(*batch), batch->hasSequence(), done);
}

void Sender::failAll(const Error& error, Completions& done) {
  std::vector<Batch*> flying;
  for (Request* request : inFlight_) {
    for (auto& batch : request->batches) {
      if (batch != nullptr && !batch->done) flying.push_back(batch.get());
    }
  }
  std::sort(flying.begin(), flying.end(), [](const Batch* a, const Batch* b) { return a->order < b->order; });
  for (Batch* batch : flying) giveUp(*batch, describe(*batch, error), true, done);
  // Every queue, not only those known to be in use: an append that saw no close may just be putting its batch there.
  for (const Topic* topic : accumulator_.topics().all()) {
    for (const auto& queue : topic->queues) {
      std::deque<std::unique_ptr<Batch>> batches;
      {
        const MutexLock lock(queue->mutex);
        batches.swap(queue->batches);
        queue->updateReady(settings_.linger, settings_.batchSize, 1.0F);
      }
      for (auto& batch : batches) giveUp(*batch, describe(*batch, error), batch->hasSequence(), done);
    }
  }
}

void Sender::abort(const Error& error) {
  Completions done;
  {
    const MutexLock lock(mutex_);
    failAll(error, done);
  }
  report(done);
}

void Sender::report(Completions& done) {
  for (Completion& completion : done) {
    const std::string thrown = completion.run();
    if (!thrown.empty()) {
      log_.error("{}-{}: a send callback threw: {}", completion.queue->topic.name, completion.queue->partition, thrown);
    }
    accumulator_.outstanding().end(completion.generation);
  }
}

std::optional<Error> Sender::fatalError() const {
  const MutexLock lock(mutex_);
  return fatal_;
}

void Sender::onMetadata(const client::ClusterSnapshot& snapshot) {
  {
    const MutexLock lock(mutex_);
    for (Topic* topic : accumulator_.topics().all()) {
      const client::TopicMetadata* known = snapshot.topic(topic->name);
      if (known != nullptr && known->error == ErrorCode::None) topic->apply(*known, snapshot.version);
    }
  }
  drive();
}

void Sender::applyTopic(Topic& topic, const client::ClusterSnapshot& snapshot) {
  const client::TopicMetadata* known = snapshot.topic(topic.name);
  if (known == nullptr || known->error != ErrorCode::None) return;
  const MutexLock lock(mutex_);
  topic.apply(*known, snapshot.version);
}

}  // namespace klamm::producer
