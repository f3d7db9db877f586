// Sender: from the queues to the network.

#include <algorithm>
#include <map>

#include "producer/sender.h"

namespace klamm::producer {
namespace {

/// Bytes of a Produce request beside its batches, roughly; a request has at least one batch whatever its size.
constexpr std::size_t kRequestOverhead = 512;
constexpr std::int16_t kLastVersionByName = 12;

/// Keeps the memory of a batch counted until the last holder of its bytes is done with them.
struct CountedBytes {
  Buffer bytes;
  std::shared_ptr<MemoryPool::Lease> lease;
};

}  // namespace

Sender::Sender(Accumulator& accumulator, client::NetworkClient& network, client::Metadata& metadata, const Clock& clock,
               Random& random, Log log, WakeAt wakeAt)
    : accumulator_(accumulator), settings_(accumulator.settings()), network_(network), metadata_(metadata), clock_(clock),
      random_(random), log_(std::move(log)), wakeAt_(std::move(wakeAt)) {}

void Sender::drive() {
  if (driveWishes_.fetch_add(1, std::memory_order_acq_rel) != 0) return;
  for (;;) {
    std::uint32_t seen = driveWishes_.load(std::memory_order_acquire);
    driveOnce();
    if (driveWishes_.compare_exchange_strong(seen, 0, std::memory_order_acq_rel)) return;
  }
}

void Sender::driveOnce() {
  const TimePoint now = clock_.now();
  TimePoint next = TimePoint::max();
  bool askForId = false;
  {
    const MutexLock lock(mutex_);
    if (settings_.idempotent) idempotence_.settle();
    refreshActive();
    if (!fatal_) {
      askForId = wantsProducerId(now, next);
      next = std::min(next, collectReady(now));
      for (Node* node : readyNodes_) next = std::min(next, fillRequests(*node, now));
    }
    for (Node* node : readyNodes_) node->ready.clear();
    readyNodes_.clear();
    if (!active_.empty() || !inFlight_.empty()) {
      next = std::min(next, nextSweep_);
    }
    if (fatal_ && !active_.empty()) next = now;  // tick() fails what has come since
  }
  for (auto& request : outgoing_) submit(std::move(request));
  outgoing_.clear();
  if (askForId) requestProducerId();
  if (next != TimePoint::max()) wakeAt_(next);
}

void Sender::refreshActive() {
  accumulator_.takeInbox(active_);
  std::erase_if(active_, [this](PartitionQueue* queue) KLAMM_REQUIRES(mutex_) {
    return queue->readyAt.load() == PartitionQueue::kNever && isEmpty(*queue);
  });
}

TimePoint Sender::collectReady(TimePoint now) {
  const bool hurry = accumulator_.sendsAtOnce();
  TimePoint next = TimePoint::max();
  for (PartitionQueue* queue : active_) next = std::min(next, examine(*queue, now, hurry));
  return next;
}

bool Sender::isEmpty(PartitionQueue& queue) {
  const MutexLock lock(queue.mutex);
  if (!queue.batches.empty()) return false;
  queue.listed = false;
  return true;
}

TimePoint Sender::examine(PartitionQueue& queue, TimePoint now, bool hurry) {
  const TimePoint readyAt{Duration(queue.readyAt.load())};
  if (queue.leader < 0) {
    metadata_.requestUpdate("a partition with records to send has no leader");
    return TimePoint::max();  // new metadata drives
  }
  if (isMuted(queue)) return TimePoint::max();  // the answer drives
  const TimePoint next = readyAt > now ? readyAt : TimePoint::max();
  if (readyAt > now && !hurry) return next;
  std::unique_ptr<Node>& node = nodes_[queue.leader];
  if (node == nullptr) {
    node = std::make_unique<Node>();
    node->id = queue.leader;
    node->lastDrained = now;
  }
  queue.brokerFull.store(&node->full);
  if (node->ready.empty()) readyNodes_.push_back(node.get());
  node->ready.push_back(&queue);
  return next;  // in a hurry, but a batch in back-off waits all the same
}

bool Sender::isMuted(const PartitionQueue& queue) const { return settings_.maxInFlight == 1 && queue.inFlight > 0; }

std::size_t Sender::inFlightLimit(const Node& node, TimePoint now, TimePoint& next) const {
  const client::ConnectionStatus status = network_.status(node.id, client::Channel::General);
  if (status.throttledUntil > now) {
    next = std::min(next, status.throttledUntil);
    return 0;
  }
  if (status.ready) return settings_.maxInFlight;
  if (status.retryAt > now) {
    next = std::min(next, status.retryAt);
    return 0;
  }
  return 1;  // opens the connection; the rest stays here, where it can still go elsewhere
}

TimePoint Sender::fillRequests(Node& node, TimePoint now) {
  TimePoint next = TimePoint::max();
  const std::size_t limit = inFlightLimit(node, now, next);
  bool sent = false;
  while (node.inFlight < limit) {
    auto request = nextRequest(node, now);
    if (request == nullptr) break;
    sent = true;
    ++node.inFlight;
    inFlight_.push_back(request.get());
    outgoing_.push_back(std::move(request));
  }
  node.full.store(node.inFlight > 0 && node.inFlight >= limit);
  markSlow(node, sent, now);
  return next;
}

void Sender::markSlow(Node& node, bool sent, TimePoint now) {
  if (sent) node.lastDrained = now;
  if (settings_.availabilityTimeout == Duration::zero()) return;
  const bool slow = !sent && now - node.lastDrained > settings_.availabilityTimeout;
  for (PartitionQueue* queue : node.ready) queue->slow.store(slow, std::memory_order_relaxed);
}

std::unique_ptr<Sender::Request> Sender::nextRequest(Node& node, TimePoint now) {
  auto request = std::make_unique<Request>();
  std::size_t size = kRequestOverhead;
  const std::size_t first = node.turn++;
  for (std::size_t i = 0; i < node.ready.size(); ++i) {
    PartitionQueue& queue = *node.ready[(first + i) % node.ready.size()];
    const bool isFirst = request->batches.empty();
    if (!isFirst && size >= settings_.maxRequestSize) break;
    const std::size_t room = settings_.maxRequestSize > size ? settings_.maxRequestSize - size : 0;
    auto batch = drainFirst(queue, room, isFirst, now);
    if (batch == nullptr) continue;
    size += batch->size;
    request->batches.push_back(std::move(batch));
  }
  if (request->batches.empty()) return nullptr;
  request->node = &node;
  request->sentAt = now;
  bool allHaveIds = true;
  for (const auto& batch : request->batches) allHaveIds = allHaveIds && !batch->topicId.isZero();
  request->maxVersion = allHaveIds ? protocol::ProduceRequest::kVersions.last : kLastVersionByName;
  return request;
}

std::unique_ptr<Batch> Sender::drainFirst(PartitionQueue& queue, std::size_t room, bool isFirst, TimePoint now) {
  if (isMuted(queue)) return nullptr;
  std::unique_ptr<Batch> batch;
  {
    const MutexLock lock(queue.mutex);
    if (queue.batches.empty()) return nullptr;
    Batch& front = *queue.batches.front();
    if (front.builderAway) return nullptr;  // who compresses it drives
    const float ratio = queue.topic.ratio.load(std::memory_order_relaxed);
    if (front.inRetry() ? front.retryAt > now
                        : TimePoint(Duration(queue.readyAt.load())) > now && !accumulator_.sendsAtOnce()) {
      return nullptr;
    }
    if (settings_.idempotent && !idempotence_.mayDrain(queue.sequences, front)) return nullptr;
    const std::size_t size = front.encoded.empty() ? front.builder.estimatedSize(ratio) : front.size;
    if (!isFirst && size > room) return nullptr;
    batch = std::move(queue.batches.front());
    queue.batches.pop_front();
    batch->count = batch->recordCount();
    batch->size = size;
    batch->closed = true;
    queue.lastPending = std::max(batch->pending.size(), queue.lastPending / 2);
    queue.updateReady(settings_.linger, settings_.batchSize, ratio);
  }
  ++queue.inFlight;
  if (settings_.idempotent) idempotence_.onDrain(queue.sequences, *batch);
  batch->attemptedLeaderEpoch = queue.leaderEpoch;
  batch->topicId = queue.topic.id;
  return batch;
}

Status Sender::encode(Batch& batch) {
  const bool rewrite = batch.encodedIdentity != batch.identity || batch.encodedSequence != batch.baseSequence;
  if (batch.encoded.empty()) {
    record::BatchFields fields;
    fields.compression = settings_.compression;
    fields.producerId = batch.identity.id;
    fields.producerEpoch = batch.identity.epoch;
    fields.baseSequence = batch.baseSequence;
    Topic& topic = batch.queue.topic;
    const bool compresses = settings_.compression.type != compress::CompressionType::None;
    batch.waits.reset();
    if (compresses && !batch.builder.isCompressed() && batch.count > 0) {
      KLAMM_TRY(accumulator_.compress(batch.builder));
      if (batch.lease.use_count() == 1) batch.lease->resize(batch.builder.capacity());  // parts of a split batch share one
    }
    if (topic.resetRatio.exchange(false, std::memory_order_relaxed)) topic.compressionRatio.reset();
    KLAMM_TRY_ASSIGN(batch.encoded, batch.builder.close(fields, compresses ? &topic.compressionRatio : nullptr));
    if (compresses) topic.ratio.store(topic.compressionRatio.estimate(), std::memory_order_relaxed);
  } else if (rewrite) {
    batch.encoded = record::withProducerState(batch.encoded, batch.identity.id, batch.identity.epoch, batch.baseSequence);
  } else {
    return {};
  }
  batch.encodedIdentity = batch.identity;
  batch.encodedSequence = batch.baseSequence;
  batch.size = batch.encoded.size();
  // Whoever holds these bytes, a socket that is slow to take them say, keeps them counted against buffer.memory.
  const BytesView view = batch.encoded.view();
  batch.encoded = Buffer(std::make_shared<CountedBytes>(CountedBytes{std::move(batch.encoded), batch.lease}), view);
  return {};
}

void Sender::submit(std::unique_ptr<Request> request) {
  // Without the lock: a codec takes its time. expire() may walk over the request meanwhile, so it must not move.
  std::vector<std::pair<std::size_t, Error>> broken;
  for (std::size_t at = 0; at < request->batches.size(); ++at) {
    const Status status = encode(*request->batches[at]);
    if (!status) broken.emplace_back(at, status.error());
  }
  if (!broken.empty()) {
    const MutexLock lock(mutex_);
    for (auto& [at, error] : broken) broken_.emplace_back(std::move(request->batches[at]), std::move(error));
    std::erase(request->batches, nullptr);
    if (request->batches.empty()) {
      endFlight(*request);
    }
  }
  if (!broken.empty()) wakeAt_(clock_.now());
  if (request->batches.empty()) return;

  client::CallOptions options;
  options.timeout = settings_.requestTimeout;
  options.maxVersion = request->maxVersion;
  options.expectsResponse = settings_.acks != Acks::None;
  const Request* built = request.get();
  const client::NodeId node = request->node->id;
  network_.sendBuilt<protocol::ProduceRequest>(
      node, client::Channel::General, [this, built](std::int16_t) { return build(*built); }, options,
      [this, request = std::move(request)](Result<protocol::ProduceResponse> result) mutable {
        onAnswer(std::move(request), std::move(result));
      });
}

Result<protocol::ProduceRequest> Sender::build(const Request& request) const {
  protocol::ProduceRequest produce;
  produce.acks = static_cast<std::int16_t>(settings_.acks);
  produce.timeoutMs = static_cast<std::int32_t>(std::chrono::duration_cast<Millis>(settings_.requestTimeout).count());
  std::map<const Topic*, std::size_t> places;
  for (const auto& batch : request.batches) {
    if (batch->done) continue;  // reported as failed while the connection was being made: it must not be written now
    const Topic& topic = batch->queue.topic;
    const auto [place, isNew] = places.try_emplace(&topic, produce.topicData.size());
    if (isNew) {
      produce.topicData.emplace_back();
      produce.topicData.back().name = topic.name;
      produce.topicData.back().topicId = batch->topicId;
    }
    auto& partition = produce.topicData[place->second].partitionData.emplace_back();
    partition.index = batch->queue.partition;
    partition.records = Parts(batch->encoded);
  }
  return produce;
}

bool Sender::wantsProducerId(TimePoint now, TimePoint& next) {
  if (!settings_.idempotent || !idempotence_.needsProducerId() || askingForId_) return false;
  if (askForIdAt_ > now) {
    next = std::min(next, askForIdAt_);
    return false;
  }
  askingForId_ = true;
  return true;
}

void Sender::requestProducerId() {
  protocol::InitProducerIdRequest request;
  request.transactionalId = std::nullopt;
  request.transactionTimeoutMs = INT32_MAX;
  client::CallOptions options;
  options.timeout = settings_.requestTimeout;
  network_.send(client::kAnyNode, client::Channel::General, std::move(request), options,
                [this](Result<protocol::InitProducerIdResponse> result) { onProducerId(std::move(result)); });
}

void Sender::onProducerId(Result<protocol::InitProducerIdResponse> result) {
  Error error = result ? Error(result->errorCode) : result.error();
  if (!error && result->producerId < 0) error = Error(ErrorCode::MalformedResponse, "a producer id below 0");
  bool isFatal = false;
  {
    const MutexLock lock(mutex_);
    askingForId_ = false;
    idFailure_ = error;
    if (!error) {
      idAttempts_ = 0;
      idempotence_.setIdentity({result->producerId, result->producerEpoch});
    } else if (isRetriable(error.code()) || error.code() == ErrorCode::MalformedResponse) {
      askForIdAt_ = clock_.now() + backoff(++idAttempts_);
    } else {
      isFatal = true;
      fatal_ = Error(error.code(), error.context().empty() ? "no producer id was given" : "no producer id was given: " + error.context());
    }
  }
  if (error && error.code() != ErrorCode::Closed) log_.warn("InitProducerId failed: {}", error.message());
  else log_.info("producer id {} with epoch {}", result->producerId, result->producerEpoch);
  if (isFatal) tick();
  else drive();
}

}  // namespace klamm::producer
