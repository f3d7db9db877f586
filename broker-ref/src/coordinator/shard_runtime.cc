#include "coordinator/shard_runtime.h"

#include <algorithm>

#include "record/batch_builder.h"

namespace klamm::broker::coordinator {
namespace {

constexpr std::size_t kLoadDecompressLimit = 256 * 1024 * 1024;

}  // namespace

ShardRuntime::ShardRuntime(std::int32_t partition, PartitionWriter& writer, const GroupConfig& config, const Clock& clock, Random& random,
                           Log log)
    : partition_(partition), writer_(writer), config_(config), clock_(clock), log_(log), shard_(config_, random, std::move(log)) {}

ShardRuntime::~ShardRuntime() {
  if (state_ != State::Inactive) writer_.listen(partition_, nullptr);
}

ErrorCode ShardRuntime::availability() const noexcept {
  switch (state_) {
    case State::Inactive: return ErrorCode::NotCoordinator;
    case State::Loading: return ErrorCode::CoordinatorLoadInProgress;
    case State::Active: return ErrorCode::None;
  }
  return ErrorCode::NotCoordinator;
}

// --- events ------------------------------------------------------------------------------------------------------------

void ShardRuntime::run(const std::function<Step(GroupShard&, Moment)>& event) {
  const Moment now = moment();
  ++depth_;
  if (state_ == State::Active) {
    // A deadline that has passed counts before what comes after it.
    drainTimers(now);
    perform(event(shard_, now), now);
    drainTimers(now);
  }
  --depth_;
  flush();
}

void ShardRuntime::runTimers() {
  run([](GroupShard&, Moment) { return Step(); });
}

std::optional<TimePoint> ShardRuntime::nextDeadline() const {
  if (state_ != State::Active) return std::nullopt;
  const std::optional<TimePoint> next = shard_.nextDeadline();
  if (parked_.empty() || (next && *next <= parked_.front().deadline)) return next;
  return parked_.front().deadline;
}

void ShardRuntime::drainTimers(Moment now) {
  failParked(now.at, coordinatorError(ErrorCode::RequestTimedOut));
  while (state_ == State::Active) {
    auto step = shard_.onTimer(now);
    if (!step) return;
    perform(std::move(*step), now);
  }
}

void ShardRuntime::perform(Step step, Moment now) {
  Status written = appendAll(step, now);
  if (!written) log_.warn("__consumer_offsets-{}: {} records were refused: {}", partition_, step.records.size(), written.error().message());
  const ErrorCode error = written ? ErrorCode::None : coordinatorError(written.error().code());
  for (PendingReply& reply : step.replies) {
    if (error == ErrorCode::None && committed_ < appended_) {
      parked_.push_back({.offset = appended_, .deadline = now.at + config_.commitTimeout, .reply = std::move(reply)});
    } else {
      deliver(std::move(reply), error);
    }
  }
  if (!written && step.ifRefused && state_ == State::Active) {
    Step next;
    step.ifRefused(next, now);
    perform(std::move(next), now);
  }
}

Status ShardRuntime::appendAll(const Step& step, Moment now) {
  record::BatchBuilder builder;
  std::vector<const CoordinatorRecord*> inBatch;
  const auto close = [&]() -> Status {
    if (builder.empty()) return {};
    KLAMM_TRY_ASSIGN(const Buffer batch, builder.close({.baseSequence = 0}));  // as Kafka's coordinators write it
    KLAMM_TRY(appendBatch(batch, inBatch));
    inBatch.clear();
    return {};
  };
  for (const CoordinatorRecord& record : step.records) {
    KLAMM_TRY_ASSIGN(const StoredRecord stored, serialize(record));
    const std::optional<BytesView> value = stored.value ? std::optional(stored.value->view()) : std::nullopt;
    const std::size_t size = record::maxRecordSize(stored.key.view(), value);
    if (!step.atomic && !builder.hasRoomFor(size, writer_.maxBatchBytes(partition_))) KLAMM_TRY(close());
    if (!builder.append(now.wallMillis, stored.key.view(), value)) return fail(ErrorCode::MessageTooLarge, "a batch of group records");
    inBatch.push_back(&record);
  }
  return close();
}

Status ShardRuntime::appendBatch(const Buffer& batch, const std::vector<const CoordinatorRecord*>& records) {
  if (batch.size() > writer_.maxBatchBytes(partition_)) {
    return fail(ErrorCode::MessageTooLarge, fmt::format("a batch of {} bytes for a group", batch.size()));
  }
  KLAMM_TRY_ASSIGN(const std::int64_t end, writer_.append(partition_, batch));
  if (state_ != State::Active) return fail(ErrorCode::NotLeaderOrFollower, "the partition was lost during the append");
  appended_ = end;
  for (const CoordinatorRecord* record : records) shard_.replay(*record);
  return {};
}

void ShardRuntime::onCommitted(std::int64_t offset) {
  ++depth_;
  committed_ = std::max(committed_, offset);
  while (!parked_.empty() && parked_.front().offset <= committed_) {
    deliver(std::move(parked_.front().reply), ErrorCode::None);
    parked_.pop_front();
  }
  --depth_;
  flush();
}

void ShardRuntime::onLost() { resign(); }

void ShardRuntime::failParked(TimePoint until, ErrorCode error) {
  while (!parked_.empty() && parked_.front().deadline <= until) {
    deliver(std::move(parked_.front().reply), error);
    parked_.pop_front();
  }
}

void ShardRuntime::deliver(PendingReply reply, ErrorCode error) { outbox_.emplace_back(std::move(reply), error); }

void ShardRuntime::flush() {
  if (depth_ > 0) return;
  // Sending may bring the connection's next request, and with it another event.
  while (!outbox_.empty()) {
    auto sending = std::exchange(outbox_, {});
    for (auto& [reply, error] : sending) reply.send(error);
  }
}

// --- leadership --------------------------------------------------------------------------------------------------------

void ShardRuntime::elect() {
  if (state_ != State::Inactive) return;
  state_ = State::Loading;
  appended_ = committed_ = 0;
  writer_.listen(partition_, this);
  loadedRecords_ = 0;
  const auto start = writer_.logStartOffset(partition_);
  if (!start) {
    log_.error("__consumer_offsets-{}: cannot be loaded: {}", partition_, start.error().message());
    return stop(ErrorCode::NotCoordinator);
  }
  loadOffset_ = *start;
}

bool ShardRuntime::load() {
  if (state_ != State::Loading) return false;
  const auto next = writer_.read(partition_, loadOffset_, config_.loadChunkBytes,
                                 [this](const record::RecordBatchView& batch) { return replayBatch(batch); });
  if (!next) {
    log_.error("__consumer_offsets-{}: cannot be loaded at offset {}: {}", partition_, loadOffset_, next.error().message());
    stop(ErrorCode::NotCoordinator);
    return false;
  }
  if (*next == loadOffset_) {
    finishLoading();
    return false;
  }
  loadOffset_ = *next;
  return true;
}

Status ShardRuntime::replayBatch(const record::RecordBatchView& batch) {
  if (batch.header().isControl()) return {};  // transaction markers
  KLAMM_TRY_ASSIGN(record::RecordReader records, batch.records(kLoadDecompressLimit));
  record::RecordView view;
  while (records.next(view)) {
    if (!view.key) continue;
    const Buffer key = Buffer::unowned(*view.key);
    const std::optional<Buffer> value = view.value ? std::optional(Buffer::unowned(*view.value)) : std::nullopt;
    auto record = deserialize(key, value);
    ++loadedRecords_;
    // One record that cannot be read must not take all groups of the partition with it.
    if (!record) log_.warn("__consumer_offsets-{} at offset {}: skipped: {}", partition_, view.offset, record.error().message());
    else if (*record) shard_.replay(**record);
  }
  return records.status();
}

void ShardRuntime::finishLoading() {
  state_ = State::Active;
  appended_ = loadOffset_;  // what was read may not be committed yet
  const Moment now = moment();
  // The first use of a group loads 50 partitions of which 49 or all are empty: nobody wants to read that.
  if (loadedRecords_ > 0) log_.info("__consumer_offsets-{}: {} records, {} groups loaded", partition_, loadedRecords_, shard_.groups().size());
  else log_.debug("__consumer_offsets-{} is loaded: it is empty", partition_);
  ++depth_;
  perform(shard_.onLoaded(now), now);
  drainTimers(now);
  --depth_;
  flush();
}

void ShardRuntime::resign() {
  ++depth_;
  stop(ErrorCode::NotCoordinator);
  --depth_;
  flush();
}

void ShardRuntime::stop(ErrorCode error) {
  if (state_ == State::Inactive) return;
  state_ = State::Inactive;
  writer_.listen(partition_, nullptr);
  failParked(TimePoint::max(), error);
  Step gone = shard_.unload(error);
  for (PendingReply& reply : gone.replies) deliver(std::move(reply), ErrorCode::None);
}

}  // namespace klamm::broker::coordinator
