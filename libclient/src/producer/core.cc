#include "producer/core.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/murmur2.h"
#include "client/client_config.h"
#include "client/config_table.h"

namespace klamm::producer {
namespace {

/// How often a topic that is sent to is said to be of interest; metadata.max.idle.ms is at least 5 s.
constexpr std::int64_t kTouchMillis = 1000;

/// Kafka's own choice for a record with a key.
std::int32_t partitionOfKey(BytesView key, const PartitionTable& table) noexcept {
  return toPositive(murmur2(key)) % static_cast<std::int32_t>(table.queues.size());
}

std::string nextClientId() {
  static std::atomic<int> count = 0;  // as Java: distinct names in the broker's log and quotas
  return fmt::format("producer-{}", count.fetch_add(1, std::memory_order_relaxed) + 1);
}

}  // namespace

Core::Core(ProducerSettings settings, std::unique_ptr<client::Client> client, std::shared_ptr<Partitioner> partitioner,
           const Clock& clock, Random& random)
    : settings_(settings), clock_(clock), partitioner_(std::move(partitioner)),
      sendsItself_(settings.compression.type == compress::CompressionType::None),
      accumulator_(settings_, clock, random), client_(std::move(client)),
      sender_(accumulator_, client_->network(), client_->metadata(), clock, random, client_->log(),
              [this](TimePoint when) { wakeAt(when); }) {
  accumulator_.onExhausted([this] { sender_.drive(); });
  listener_ = client_->metadata().addListener([this](const client::Snapshot& snapshot) { sender_.onMetadata(*snapshot); });
}

void Core::operator delete(Core* core, std::destroying_delete_t) {
  const auto end = [core] {
    core->~Core();
    ::operator delete(core);
  };
  // Destroyed by one of its own callbacks: the I/O thread cannot wait for itself, so somebody else does.
  if (core->client_->loop().runsHere()) std::thread(end).detach();
  else end();
}

Core::~Core() {
  static_cast<void>(close(std::chrono::duration_cast<Millis>(settings_.deliveryTimeout)));
  // Closed inside a callback before: the I/O thread is still to be ended.
  client_->close();
}

TimePoint Core::after(Duration duration) const {
  const TimePoint now = clock_.now();
  return duration >= TimePoint::max() - now ? TimePoint::max() : now + duration;
}

Error Core::send(const detail::BytesRecord& record, SendCallback&& callback) {
  const Accumulator::Appended appended = appendToOpen(record, callback);
  if (appended.queue == nullptr) return sendSlowly(record, callback);
  if (appended.readyNow) afterAppend(appended);
  return {};
}

Accumulator::Appended Core::appendToOpen(const detail::BytesRecord& record, SendCallback& callback) {
  if (partitioner_ != nullptr || !isSmall(record) || closing_.load(std::memory_order_acquire)) return {};
  if (record.timestamp && *record.timestamp < 0) return {};
  Topic* topic = accumulator_.topics().find(record.topic);
  const PartitionTable* table = topic != nullptr ? topic->table.load(std::memory_order_acquire) : nullptr;
  if (table == nullptr) return {};
  std::int32_t partition = -1;
  if (record.partition) {
    partition = *record.partition;
    if (partition < 0 || static_cast<std::size_t>(partition) >= table->queues.size()) return {};
  } else if (record.key && !settings_.ignoreKeys) {
    partition = partitionOfKey(*record.key, *table);
  }
  return accumulator_.appendToOpen(*topic, partition, record, callback);
}

Error Core::sendSlowly(const detail::BytesRecord& record, SendCallback& callback) {
  if (accumulator_.closed() || closing_.load(std::memory_order_acquire)) {
    return {ErrorCode::Closed, "send() after close()"};
  }
  if (record.partition && *record.partition < 0) return {ErrorCode::IllegalArgument, fmt::format("partition {}", *record.partition)};
  if (record.timestamp && *record.timestamp < 0) return {ErrorCode::IllegalArgument, fmt::format("timestamp {}", *record.timestamp)};
  const Result<Accumulator::Appended> appended = append(record, callback);
  if (appended) {
    if (appended->newBatch || appended->readyNow) afterAppend(*appended);
  } else if (callback) {
    const Error& error = appended.error();
    const Topic* topic = accumulator_.topics().find(record.topic);
    callback({.topic = topic != nullptr ? std::string_view(topic->name) : record.topic, .partition = record.partition.value_or(-1)}, error);
  }
  return {};
}

Result<Accumulator::Appended> Core::append(const detail::BytesRecord& record, SendCallback& callback) {
  if (record.topic.empty()) return fail(ErrorCode::InvalidTopicException, "a record without a topic");
  TimePoint deadline = Accumulator::kNotSetOut;  // the clock is read only by whoever waits
  if (client_->loop().runsHere()) deadline = clock_.now();  // memory is freed on this thread: waiting for it would be in vain
  KLAMM_TRY_ASSIGN(Topic * topic, usableTopic(record, deadline));
  KLAMM_TRY(checkSize(record));
  KLAMM_TRY_ASSIGN(const std::int32_t partition, choosePartition(*topic, record));
  return accumulator_.append(*topic, partition, record, callback, deadline);
}

Result<Topic*> Core::usableTopic(const detail::BytesRecord& record, TimePoint& deadline) {
  Topic* topic = accumulator_.topics().find(record.topic);
  if (topic != nullptr) [[likely]] {
    const PartitionTable* table = topic->table.load(std::memory_order_acquire);
    if (table != nullptr && (!record.partition || static_cast<std::size_t>(*record.partition) < table->queues.size())) return topic;
  }
  deadline = after(settings_.maxBlock);
  return awaitTopic(record.topic, record.partition.value_or(-1), deadline);
}

Result<Topic*> Core::awaitTopic(std::string_view name, std::int32_t partition, TimePoint deadline) {
  Topic& topic = accumulator_.topics().findOrAdd(name);
  client::Metadata& metadata = client_->metadata();
  metadata.touch(name);
  client::Snapshot snapshot = metadata.snapshot();
  for (;;) {
    sender_.applyTopic(topic, *snapshot);
    const PartitionTable* table = topic.table.load(std::memory_order_acquire);
    if (table != nullptr && partition < static_cast<std::int32_t>(table->queues.size())) return &topic;
    const client::TopicMetadata* known = snapshot->topic(name);
    const ErrorCode error = known != nullptr ? known->error : ErrorCode::None;
    if (error != ErrorCode::None && !isRetriable(error)) return fail(error, fmt::format("topic '{}'", name));
    if (known != nullptr) metadata.requestUpdate("a topic or partition to send to is not there");
    if (client_->loop().runsHere()) {  // the metadata arrive on this thread: they cannot come while it waits
      return fail(ErrorCode::RequestTimedOut, fmt::format("topic '{}' is not known yet, and inside a callback nobody can wait for it", name));
    }
    Result<client::Snapshot> next = client::awaitUpdate(metadata, snapshot->version, deadline);
    if (next) {
      snapshot = *std::move(next);
      continue;
    }
    if (next.error().code() != ErrorCode::RequestTimedOut) return fail(std::move(next).error());
    return fail(ErrorCode::RequestTimedOut, whyNoTopic(name, partition, table, next.error()));
  }
}

std::string Core::whyNoTopic(std::string_view name, std::int32_t partition, const PartitionTable* table, const Error& wait) const {
  const auto waited = std::chrono::duration_cast<Millis>(settings_.maxBlock).count();
  if (table != nullptr) {
    return fmt::format("partition {} of topic '{}', which has {}, is not in the metadata after {} ms", partition, name,
                       table->queues.size(), waited);
  }
  const Error failure = client_->network().status(client::kAnyNode, client::Channel::General).lastFailure;
  std::string text = fmt::format("topic '{}' is not in the metadata after {} ms", name, waited);
  if (failure) text += "; last failure: " + failure.message();
  else if (wait.context().starts_with("no metadata: ")) text += "; " + wait.context();  // they came, and were of no use
  return text;
}

/// Within max.request.size without a closer look.
bool Core::isSmall(const detail::BytesRecord& record) const noexcept {
  constexpr std::size_t overhead = 128;  // of the batch, and of a record without headers
  const std::size_t bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  return record.headers.empty() && bytes + overhead <= settings_.maxRequestSize;
}

Status Core::checkSize(const detail::BytesRecord& record) const {
  if (isSmall(record)) return {};
  const std::size_t size = record::BatchHeader::kSize + record::maxRecordSize(record.key, record.value, record.headers);
  if (size <= settings_.maxRequestSize) return {};
  return fail(ErrorCode::MessageTooLarge,
              fmt::format("a record of {} bytes is larger than max.request.size ({})", size, settings_.maxRequestSize));
}

Result<std::int32_t> Core::choosePartition(const Topic& topic, const detail::BytesRecord& record) const {
  if (record.partition) return *record.partition;
  if (partitioner_ == nullptr) [[likely]] {
    if (!record.key || settings_.ignoreKeys) return -1;  // the sticky one, settled under its lock
    return partitionOfKey(*record.key, *topic.table.load(std::memory_order_acquire));
  }
  const PartitionTable& table = *topic.table.load(std::memory_order_acquire);
  thread_local std::vector<std::int32_t> available;
  available.clear();
  for (const PartitionQueue* queue : table.queues) {
    if (queue->hasLeader.load(std::memory_order_relaxed)) available.push_back(queue->partition);
  }
  const auto count = static_cast<std::int32_t>(table.queues.size());
  const std::int32_t chosen = partitioner_->partition(
      {.topic = record.topic, .key = record.key, .value = record.value, .partitionCount = count, .available = available});
  if (chosen >= 0 && chosen < count) return chosen;
  return fail(ErrorCode::IllegalArgument, fmt::format("the partitioner chose {} of {} partitions", chosen, count));
}

void Core::touch(Topic& topic) {
  const std::int64_t now = clock_.coarseWallMillis();
  const std::int64_t last = topic.touchedAt.load(std::memory_order_relaxed);
  if (now - last < kTouchMillis && now >= last) [[likely]] return;
  topic.touchedAt.store(now, std::memory_order_relaxed);
  client_->metadata().touch(topic.name);
}

void Core::afterAppend(const Accumulator::Appended& appended) {
  if (appended.newBatch) touch(appended.queue->topic);
  if (!appended.readyNow) return wakeAt(TimePoint(Duration(appended.queue->readyAt.load(std::memory_order_acquire))));
  if (sendsItself_) {
    if (!appended.queue->waitsForAnswer()) sender_.drive();
    return;
  }
  // Compression is the I/O thread's, and of those who fill batches faster than it compresses them.
  if (!appended.queue->waitsForAnswer()) wakeAt(clock_.now());
  if (appended.newBatch && accumulator_.compressFilled(*appended.queue) && !appended.queue->waitsForAnswer()) wakeAt(clock_.now());
}

Error Core::flush() {
  if (client_->loop().runsHere()) return {ErrorCode::IllegalState, "flush() inside a callback would wait for itself"};
  accumulator_.beginHurry();
  sender_.drive();
  accumulator_.outstanding().waitForAll(TimePoint::max());
  accumulator_.endHurry();
  return {};
}

Error Core::close(Millis timeout) {
  closing_.store(true, std::memory_order_release);
  if (client_->loop().runsHere()) return {};
  {
    const MutexLock lock(closeMutex_);
    if (closed_) return {};
  }
  accumulator_.beginHurry();
  sender_.drive();
  const Duration wait = timeout >= std::chrono::duration_cast<Millis>(Duration::max()) ? Duration::max() : Duration(timeout);
  // Without the lock: of several that close, the first whose time is up ends the wait of all.
  accumulator_.outstanding().waitForAll(after(std::max(wait, Duration::zero())));
  const MutexLock lock(closeMutex_);
  if (!std::exchange(closed_, true)) end();
  return {};
}

void Core::end() {
  accumulator_.close();
  if (!accumulator_.outstanding().empty()) client_->log().warn("the producer is closed with records unsent; they fail");
  // Also when nothing is left: a send() may just be putting something there.
  client_->loop().post([this] { sender_.abort({ErrorCode::Closed, "the producer was closed before this was sent"}); });
  accumulator_.outstanding().waitForAll(TimePoint::max());
  client_->metadata().removeListener(listener_);
  client_->close();
}

Error Core::partitionsFor(std::string_view topic, std::vector<PartitionInfo>& partitions) {
  if (closing_.load(std::memory_order_acquire)) return {ErrorCode::Closed, "partitionsFor() after close()"};
  const Result<Topic*> usable = awaitTopic(topic, -1, after(settings_.maxBlock));
  if (!usable) return usable.error();
  partitions = client_->metadata().snapshot()->partitionInfos(topic);
  return {};
}

Metrics Core::metrics() const {
  const std::string& id = client_->settings().clientId;
  Metrics metrics;
  sender_.metrics().appendTo(metrics, id);
  const auto add = [&](const char* name, double value) { metrics.push_back({"producer-metrics", name, {{"client-id", id}}, value}); };
  add("buffer-total-bytes", static_cast<double>(settings_.bufferMemory));
  add("buffer-available-bytes", static_cast<double>(accumulator_.pool().available()));
  return metrics;
}

void Core::wakeAt(TimePoint when) {
  const std::int64_t wanted = when.time_since_epoch().count();
  std::int64_t armed = armedFor_.load(std::memory_order_acquire);
  do {
    if (armed <= wanted) return;
  } while (!armedFor_.compare_exchange_weak(armed, wanted, std::memory_order_acq_rel));
  if (client_->loop().runsHere()) arm(when);
  else client_->loop().post([this, when] { arm(when); });
}

void Core::arm(TimePoint when) {
  client_->loop().cancel(timer_);
  timer_ = client_->loop().schedule(when, [this] { onTimer(); });
}

void Core::onTimer() {
  armedFor_.exchange(INT64_MAX, std::memory_order_acq_rel);
  sender_.tick();
}

}  // namespace klamm::producer

namespace klamm::detail {

Error makeProducerCore(const Config& config, std::shared_ptr<Partitioner> partitioner, std::unique_ptr<ProducerCore>& core) {
  const Log log = client::logOf(config);
  if (const Status status = client::checkConfig(config, ClientKind::Producer, log); !status) return status.error();
  auto settings = producer::producerSettings(config, log);
  if (!settings) return settings.error();
  auto common = client::clientSettings(config, ClientKind::Producer, producer::nextClientId());
  if (!common) return common.error();
  // Produce requests are limited by the sender; a metadata request must not wait behind them.
  common->maxInFlight = std::max<std::size_t>(settings->maxInFlight + 2, settings->maxInFlight);
  if (partitioner == nullptr && settings->roundRobin) partitioner = std::make_shared<RoundRobinPartitioner>();
  auto client = client::Client::start(*std::move(common), log);
  if (!client) return client.error();
  core = std::make_unique<producer::Core>(*settings, *std::move(client), std::move(partitioner), systemClock(), systemRandom());
  return {};
}

}  // namespace klamm::detail
