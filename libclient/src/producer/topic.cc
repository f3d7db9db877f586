#include "producer/topic.h"

#include <algorithm>

namespace klamm::producer {

void PartitionQueue::updateReady(Duration linger, std::size_t batchSize, float ratio) {
  length.store(static_cast<std::uint32_t>(batches.size()), std::memory_order_relaxed);
  std::int64_t at = kNever;
  if (!batches.empty()) {
    const Batch& first = *batches.front();
    if (first.inRetry()) at = first.retryAt.time_since_epoch().count();
    else if (batches.size() > 1 || first.builder.estimatedSize(ratio) >= batchSize) at = 0;
    else at = (first.createdAt + linger).time_since_epoch().count();
  }
  readyAt.store(at);  // in one order with brokerFull: who fills a batch and who makes room cannot both miss the other
}

void PartitionQueue::insertInOrder(std::unique_ptr<Batch> batch) {
  const auto at = std::find_if(batches.begin(), batches.end(), [&](const auto& other) { return other->order > batch->order; });
  batches.insert(at, std::move(batch));
}

void Topic::apply(const client::TopicMetadata& metadata, std::uint64_t version) {
  if (version < metadataVersion) return;
  metadataVersion = version;
  id = metadata.id;
  while (queues.size() < metadata.partitions.size()) {
    queues.push_back(std::make_unique<PartitionQueue>(*this, static_cast<std::int32_t>(queues.size())));
  }
  for (std::size_t i = 0; i < metadata.partitions.size(); ++i) {
    const client::PartitionMetadata& partition = metadata.partitions[i];
    PartitionQueue& queue = *queues[i];
    queue.leader = partition.leader;
    queue.leaderEpoch = partition.leaderEpoch;
    queue.hasLeader.store(partition.leader >= 0, std::memory_order_relaxed);
  }
  const PartitionTable* current = table.load(std::memory_order_relaxed);
  if (metadata.partitions.empty() || (current != nullptr && current->queues.size() == metadata.partitions.size())) return;
  auto next = std::make_unique<PartitionTable>();
  for (std::size_t i = 0; i < metadata.partitions.size(); ++i) next->queues.push_back(queues[i].get());
  table.store(next.get(), std::memory_order_release);
  tables.push_back(std::move(next));
}

Topic* TopicTable::find(std::string_view name) noexcept {
  const NameKey key(name);
  std::atomic<Topic*>& slot = recent_[key.hash() >> (64 - kSlotBits)];
  Topic* recent = slot.load(std::memory_order_acquire);
  if (recent != nullptr && recent->key == key && (key.length <= 16 || recent->name == name)) [[likely]] return recent;
  const MutexLock lock(mutex_);
  const auto at = topics_.find(name);
  if (at == topics_.end()) return nullptr;
  slot.store(at->second.get(), std::memory_order_release);
  return at->second.get();
}

Topic& TopicTable::findOrAdd(std::string_view name) {
  if (Topic* topic = find(name)) return *topic;
  const MutexLock lock(mutex_);
  auto topic = std::make_unique<Topic>(name);
  const std::string_view key = topic->name;
  return *topics_.try_emplace(key, std::move(topic)).first->second;
}

std::vector<Topic*> TopicTable::all() const {
  const MutexLock lock(mutex_);
  std::vector<Topic*> topics;
  topics.reserve(topics_.size());
  for (const auto& [name, topic] : topics_) topics.push_back(topic.get());
  return topics;
}

namespace {

bool isEligible(const PartitionQueue& queue) noexcept {
  return queue.hasLeader.load(std::memory_order_relaxed) && !queue.slow.load(std::memory_order_relaxed);
}

}  // namespace

std::int32_t nextStickyPartition(const PartitionTable& table, bool adaptive, Random& random) {
  std::uint64_t longest = 0;
  std::uint64_t eligible = 0;
  for (const PartitionQueue* queue : table.queues) {
    if (!isEligible(*queue)) continue;
    ++eligible;
    longest = std::max<std::uint64_t>(longest, queue->length.load(std::memory_order_relaxed));
  }
  if (eligible == 0) return static_cast<std::int32_t>(random.below(table.queues.size()));
  const auto weightOf = [&](const PartitionQueue& queue) -> std::uint64_t {
    if (!isEligible(queue)) return 0;
    if (!adaptive) return 1;
    const std::uint64_t length = queue.length.load(std::memory_order_relaxed);
    return length >= longest ? 1 : longest + 1 - length;  // may have grown since
  };
  std::uint64_t sum = 0;
  for (const PartitionQueue* queue : table.queues) sum += weightOf(*queue);
  std::uint64_t at = random.below(std::max<std::uint64_t>(sum, 1));
  for (const PartitionQueue* queue : table.queues) {
    const std::uint64_t weight = weightOf(*queue);
    if (at < weight) return queue->partition;
    at -= weight;
  }
  return static_cast<std::int32_t>(random.below(table.queues.size()));
}

}  // namespace klamm::producer
