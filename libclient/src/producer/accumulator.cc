#include "producer/accumulator.h"

#include <algorithm>
#include <string>

namespace klamm::producer {
namespace {

constexpr std::uint64_t kOrderSpan = 1U << 20;
/// A record's overhead at most: length 5, attributes 1, timestamp 10, offset 5, key, value and header lengths 5 each.
constexpr std::size_t kRecordOverhead = 36;
/// Records of a compressed batch take so much at most before they are compressed (or batch.size, if that is more): what is
/// larger falls out of the processor's caches and costs memory, and a codec gains nothing by it.
constexpr std::size_t kLargestToCompress = 2'000'000;

std::size_t upperSize(const detail::BytesRecord& record) noexcept {
  if (!record.headers.empty()) return record::maxRecordSize(record.key, record.value, record.headers);
  return kRecordOverhead + (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
}

std::int32_t sizeOrNull(const std::optional<BytesView>& bytes) noexcept {
  return bytes ? static_cast<std::int32_t>(bytes->size()) : -1;
}

}  // namespace

Accumulator::Accumulator(const ProducerSettings& settings, const Clock& clock, Random& random)
    : settings_(settings), clock_(clock), random_(random),
      isCompressing_(settings.compression.type != compress::CompressionType::None),
      pool_(std::make_shared<MemoryPool>(settings.bufferMemory, settings.batchSize)) {}

PartitionQueue* Accumulator::choose(Topic& topic, const PartitionTable& table, std::int32_t partition) {
  // A topic made anew may have fewer partitions than when this one was chosen.
  if (partition >= 0) return static_cast<std::size_t>(partition) < table.queues.size() ? table.queues[static_cast<std::size_t>(partition)] : nullptr;
  std::int32_t sticky = topic.sticky.load(std::memory_order_relaxed);
  if (sticky < 0 || static_cast<std::size_t>(sticky) >= table.queues.size()) [[unlikely]] {
    std::int32_t expected = sticky;
    sticky = nextStickyPartition(table, settings_.adaptivePartitioning, random_);
    if (!topic.sticky.compare_exchange_strong(expected, sticky) && static_cast<std::size_t>(expected) < table.queues.size()) sticky = expected;
  }
  return table.queues[static_cast<std::size_t>(sticky)];
}

Accumulator::Appended Accumulator::appendToOpen(Topic& topic, std::int32_t partition, const detail::BytesRecord& record,
                                                SendCallback& callback) {
  const Size size{record.timestamp ? *record.timestamp : clock_.coarseWallMillis(), upperSize(record)};
  PartitionQueue* const chosen = choose(topic, *topic.table.load(std::memory_order_acquire), partition);
  if (chosen == nullptr) [[unlikely]] return {};
  PartitionQueue& queue = *chosen;
  const MutexLock lock(queue.mutex);
  if (closed() || (partition < 0 && topic.sticky.load(std::memory_order_relaxed) != queue.partition)) [[unlikely]] return {};
  const Batch* batch = tryAppend(queue, record, size, callback);
  return batch != nullptr ? appended(queue, *batch, partition < 0, size.record, false) : Appended();
}

Result<Accumulator::Appended> Accumulator::append(Topic& topic, std::int32_t partition, const detail::BytesRecord& record,
                                                  SendCallback& callback, TimePoint& deadline) {
  Size size{record.timestamp ? *record.timestamp : clock_.coarseWallMillis(), upperSize(record)};
  std::unique_ptr<Batch> spare;
  for (;;) {
    const PartitionTable& table = *topic.table.load(std::memory_order_acquire);
    PartitionQueue* const chosen = choose(topic, table, partition);
    if (chosen == nullptr) {
      return fail(ErrorCode::UnknownTopicOrPartition, "partition " + std::to_string(partition) + " of topic '" + topic.name + "', which has been made anew with " +
                                                          std::to_string(table.queues.size()));
    }
    PartitionQueue& queue = *chosen;
    {
      const MutexLock lock(queue.mutex);
      if (closed()) [[unlikely]] return fail(ErrorCode::Closed, "the producer is closed");
      if (partition < 0 && topic.sticky.load(std::memory_order_relaxed) != queue.partition) continue;
      const Batch* batch = tryAppend(queue, record, size, callback);
      const bool opens = batch == nullptr && spare != nullptr && &spare->queue == &queue;
      if (opens) {
        if (!record.timestamp) size.timestamp = clock_.wallMillis();
        pushBatch(queue, std::move(spare));
        batch = tryAppend(queue, record, size, callback);
      }
      if (batch != nullptr) return appended(queue, *batch, partition < 0, size.record, opens);
      if (opens) return fail(ErrorCode::MessageTooLarge, "a record of 2 GiB or more");
    }
    spare.reset();  // it may be for the sticky partition of a moment ago
    KLAMM_TRY_ASSIGN(spare, openBatch(queue, size.record, deadline));
  }
}

Batch* Accumulator::tryAppend(PartitionQueue& queue, const detail::BytesRecord& record, const Size& size, SendCallback& callback) {
  if (queue.batches.empty()) return nullptr;
  Batch& batch = *queue.batches.back();
  if (batch.closed) return nullptr;  // one that is sent again
  record::BatchBuilder& builder = batch.builder;
  const float ratio = isCompressing_ ? queue.topic.ratio.load(std::memory_order_relaxed) : 1.0F;
  if (!builder.hasRoomFor(size.record, settings_.batchSize, ratio)) return nullptr;
  if (builder.capacity() < builder.sizeInBytes() + size.record) [[unlikely]] {
    if (!enlarge(batch, size.record)) return nullptr;
  }
  // The coarse clock may lie a little behind the precise one that the batch was opened with.
  const std::int64_t timestamp =
      record.timestamp || builder.empty() ? size.timestamp : std::max(size.timestamp, builder.baseTimestamp());
  const std::int32_t index = builder.count();
  if (!builder.append(timestamp, record.key, record.value, record.headers)) [[unlikely]] return nullptr;
  if (callback) {
    if (batch.pending.empty()) batch.pending.reserve(std::max<std::size_t>(1, queue.lastPending));
    batch.pending.emplace_back(std::move(callback), timestamp, index, sizeOrNull(record.key), sizeOrNull(record.value));
  }
  return &batch;
}

bool Accumulator::enlarge(Batch& batch, std::size_t recordSize) {
  const std::size_t needed = batch.builder.sizeInBytes() + recordSize;
  const std::size_t most = std::max(settings_.batchSize, kLargestToCompress);
  // Growing waits for nobody: once more is taken than there is, the next batch waits for its turn.
  if (!batch.builder.empty() && (needed > most || pool_->available() <= 0)) return false;
  batch.builder.moveTo(pool_->memory(std::max(needed, std::min(most, 2 * batch.builder.capacity()))));
  batch.lease->resize(batch.builder.capacity());
  return true;
}

void Accumulator::pushBatch(PartitionQueue& queue, std::unique_ptr<Batch> batch) {
  if (!queue.batches.empty()) {
    Batch& full = *queue.batches.back();
    queue.lastPending = full.pending.size();
    if (isCompressing_ && !full.closed) full.waits = Waits(waiting_);
  }
  batch->generation = outstanding_.begin();
  batch->order = queue.nextOrder;
  batch->orderSpan = kOrderSpan;
  queue.nextOrder += kOrderSpan;
  queue.batches.push_back(std::move(batch));
}

Accumulator::Appended Accumulator::appended(PartitionQueue& queue, const Batch& batch, bool sticky, std::size_t bytes, bool newBatch) {
  Appended result{.newBatch = newBatch, .queue = &queue};
  const float ratio = isCompressing_ ? queue.topic.ratio.load(std::memory_order_relaxed) : 1.0F;
  const bool isFull = batch.builder.estimatedSize(ratio) >= settings_.batchSize;
  if (newBatch || isFull) {
    queue.updateReady(settings_.linger, settings_.batchSize, ratio);
    result.readyNow = isFull || queue.batches.size() > 1 || settings_.linger == Duration::zero();
    if (!queue.listed) list(queue);
  }
  if (sticky) noteSticky(queue.topic, queue, bytes, isFull || newBatch);
  return result;
}

bool Accumulator::compressFilled(PartitionQueue& queue) {
  // One waits for the I/O thread, which is about to take it or busy with the one before; the next one is ours.
  if (waiting_.load(std::memory_order_relaxed) < 2) return false;
  record::BatchBuilder builder;
  std::uint64_t order = 0;
  {
    const MutexLock lock(queue.mutex);
    if (queue.batches.size() < 2) return false;
    Batch& batch = **std::prev(queue.batches.end(), 2);
    if (batch.closed || batch.builder.isCompressed()) return false;
    batch.count = batch.builder.count();
    batch.closed = batch.builderAway = true;
    batch.waits.reset();
    order = batch.order;
    builder = std::move(batch.builder);
  }
  try {  // what cannot be compressed here goes back as it is: the I/O thread meets the same error, and reports it
    static_cast<void>(compress(builder));
  } catch (const std::bad_alloc&) {
  }
  const MutexLock lock(queue.mutex);
  const auto at = std::find_if(queue.batches.begin(), queue.batches.end(), [order](const auto& one) { return one->order == order; });
  if (at == queue.batches.end()) return false;  // it has expired, or the producer was closed
  (*at)->builder = std::move(builder);
  (*at)->builderAway = false;
  (*at)->lease->resize((*at)->builder.capacity());
  return true;
}

Status Accumulator::compress(record::BatchBuilder& builder) {
  return builder.compress(settings_.compression, [this](std::size_t bytes) { return pool_->memory(bytes); });
}

void Accumulator::noteSticky(Topic& topic, PartitionQueue& queue, std::size_t bytes, bool batchEnds) {
  queue.stickyBytes += bytes;
  // Changing at the end of a batch leaves no half batch behind; at twice the size it is done anyway.
  if (queue.stickyBytes < settings_.batchSize || (!batchEnds && queue.stickyBytes < 2 * settings_.batchSize)) return;
  queue.stickyBytes = 0;
  const PartitionTable& table = *topic.table.load(std::memory_order_acquire);
  if (table.queues.size() > 1) {
    topic.sticky.store(nextStickyPartition(table, settings_.adaptivePartitioning, random_), std::memory_order_relaxed);
  }
}

Result<std::unique_ptr<Batch>> Accumulator::openBatch(PartitionQueue& queue, std::size_t recordSize, TimePoint& deadline) {
  const std::size_t bytes = std::max(settings_.batchSize, record::BatchHeader::kSize + recordSize);
  Result<MemoryPool::Lease> lease = pool_->take(bytes, MemoryPool::kNoWait);
  if (!lease && lease.error().code() == ErrorCode::BufferExhausted) {
    if (deadline == kNotSetOut) deadline = clock_.now() + std::min<Duration>(settings_.maxBlock, std::chrono::hours(24 * 365));
    beginHurry();
    if (onExhausted_) onExhausted_();
    lease = pool_->take(bytes, deadline);
    endHurry();
  }
  if (!lease) return fail(std::move(lease).error());
  record::BatchMemory memory = pool_->memory(bytes);
  lease->resize(memory.capacity);  // a chunk that is used again may be larger
  return std::make_unique<Batch>(queue, std::move(memory), *std::move(lease), clock_.now());
}

void Accumulator::list(PartitionQueue& queue) {
  queue.listed = true;
  const MutexLock lock(inboxMutex_);
  inbox_.push_back(&queue);
}

void Accumulator::takeInbox(std::vector<PartitionQueue*>& into) {
  const MutexLock lock(inboxMutex_);
  into.insert(into.end(), inbox_.begin(), inbox_.end());
  inbox_.clear();
}

void Accumulator::close() {
  closed_.store(true, std::memory_order_release);
  pool_->close();
}

}  // namespace klamm::producer
