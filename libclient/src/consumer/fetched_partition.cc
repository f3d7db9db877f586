#include "consumer/fetched_partition.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace klamm::consumer {

FetchedPartition::FetchedPartition(FetchedSource source)
    : source_(std::move(source)), nextFetch_(source_.fetchOffset), position_(source_.fetchOffset) {
  std::sort(source_.aborted.begin(), source_.aborted.end(), [](const auto& a, const auto& b) { return a.firstOffset < b.firstOffset; });
}

std::unique_ptr<FetchedPartition> FetchedPartition::arrive(FetchedSource source, Buffer records) {
  std::unique_ptr<FetchedPartition> fetched(new FetchedPartition(std::move(source)));
  fetched->inspect(records);
  return fetched;
}

std::unique_ptr<FetchedPartition> FetchedPartition::broken(FetchedSource source, Error error) {
  std::unique_ptr<FetchedPartition> fetched(new FetchedPartition(std::move(source)));
  fetched->error_ = std::move(error);
  fetched->answeredError_ = true;
  return fetched;
}

void FetchedPartition::inspect(const Buffer& records) {
  record::BatchReader reader(records);
  std::size_t sound = 0;
  for (;;) {
    auto batch = reader.next();
    if (!batch) {
      error_ = batch.error();
      break;
    }
    if (!*batch) break;
    const record::BatchHeader& header = (*batch)->header();
    constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max() - std::numeric_limits<std::int32_t>::max() - 1;
    if (header.baseOffset < 0 || header.baseOffset > highest || header.lastOffsetDelta < 0 || header.count < 0) {
      error_ = Error(ErrorCode::CorruptMessage, "offsets or count of the batch make no sense");
      break;
    }
    if (source_.checkCrcs) {
      if (auto checked = (*batch)->checkCrc(); !checked) {
        error_ = checked.error();
        break;
      }
    }
    sound += (*batch)->sizeInBytes();
    nextFetch_ = std::max(nextFetch_, header.nextOffset());
  }
  if (sound == 0 && !error_ && !records.empty()) {
    error_ = Error(ErrorCode::MessageTooLarge, "the first batch at this offset does not fit in what the broker sent");
  }
  sizeInBytes_ = sound;
  batches_ = record::BatchReader(records.slice(0, sound));
}

Status FetchedPartition::damage() const {
  if (answeredError_) return klamm::fail(damage_);
  return klamm::fail(damage_.code(), "reading " + source_.partition->toString() + " at offset " + std::to_string(position_) +
                                         (damage_.context().empty() ? std::string() : ": " + damage_.context()) +
                                         "; seek past it to go on");
}

bool FetchedPartition::hides(const record::RecordBatchView& batch) {
  const record::BatchHeader& header = batch.header();
  if (source_.readCommitted && header.hasProducerId()) {
    for (; nextAborted_ < source_.aborted.size() && source_.aborted[nextAborted_].firstOffset <= header.lastOffset(); ++nextAborted_) {
      abortedProducers_.insert(source_.aborted[nextAborted_].producerId);
    }
    if (header.isControl()) {
      // Behind its marker a producer begins anew. A commit marker of a producer that is not listed changes nothing.
      abortedProducers_.erase(header.producerId);
    } else if (header.isTransactional() && abortedProducers_.count(header.producerId) != 0) {
      return true;
    }
  }
  return header.isControl();
}

void FetchedPartition::closeBatch() {
  position_ = std::max(position_, header_.nextOffset());
  if (header_.partitionLeaderEpoch >= 0) epoch_ = header_.partitionLeaderEpoch;
  records_ = {};
  inBatch_ = false;
}

void FetchedPartition::nextBatch() {
  auto batch = batches_.next();
  if (!batch || !*batch) {  // inspect() has walked these batches: what is wrong lies behind them
    drained_ = true;
    damage_ = error_;
    return;
  }
  header_ = (*batch)->header();
  if (header_.lastOffset() < position_ || hides(**batch)) {
    closeBatch();
    return;
  }
  position_ = std::max(position_, header_.baseOffset);
  auto records = (*batch)->records(kMaxDecompressedBatch);
  if (!records) {
    damage_ = records.error();
    return;
  }
  records_ = std::move(*records);
  inBatch_ = true;
}

std::size_t FetchedPartition::takeRun(std::size_t limit, detail::FetchedRecords& out) {
  const record::RecordReader::Run passed = records_.pass(position_, limit);
  if (passed.count == 0) return 0;
  position_ = passed.lastOffset + 1;
  bytesTaken_ += passed.bytes;
  if (header_.partitionLeaderEpoch >= 0) epoch_ = header_.partitionLeaderEpoch;
  detail::RecordRun run;
  run.first = passed.first;
  run.count = passed.count;
  run.leaderEpoch = header_.partitionLeaderEpoch;
  run.baseOffset = header_.baseOffset;
  run.logAppendTime = header_.timestampType() == record::TimestampType::LogAppendTime;
  run.baseTimestamp = run.logAppendTime ? header_.maxTimestamp : header_.baseTimestamp;
  const auto& owner = records_.bytes().owner();
  if (out.owners.empty() || out.owners.back() != owner) out.owners.push_back(owner);
  out.runs.push_back(run);
  return static_cast<std::size_t>(run.count);
}

Status FetchedPartition::take(std::size_t limit, detail::FetchedRecords& out) {
  const std::size_t firstRun = out.runs.size();
  std::size_t taken = 0;
  while (taken < limit && !drained_ && !damage_) {
    if (!inBatch_) {
      nextBatch();
      continue;
    }
    taken += takeRun(limit - taken, out);
    if (taken == limit && records_.remaining() > 0) continue;
    if (auto read = records_.status(); !read) damage_ = read.error();
    else closeBatch();
  }
  if (taken > 0) {
    out.partitions.push_back({source_.partition, firstRun, out.runs.size() - firstRun, taken, {position_, epoch_, {}}});
    out.count += taken;
    return {};  // damage is told by the next call, which adds nothing
  }
  if (damage_) return damage();
  return {};
}

}  // namespace klamm::consumer
