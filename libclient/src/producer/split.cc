#include "producer/split.h"

#include <algorithm>
#include <limits>

#include "producer/topic.h"
#include "record/batch.h"

namespace klamm::producer {
namespace {

/// An own batch cannot be a decompression bomb.
constexpr std::size_t kNoLimit = std::numeric_limits<std::int32_t>::max();

std::unique_ptr<Batch> newPart(const Batch& whole) {
  auto part = std::make_unique<Batch>(whole.queue, record::BatchMemory(), MemoryPool::Lease(), whole.createdAt);
  part->lease = whole.lease;
  part->generation = whole.generation;
  part->closed = true;
  part->topicId = whole.topicId;
  return part;
}

/// Numbers the parts and deals the callbacks out.
void handOver(Batch& whole, std::vector<std::unique_ptr<Batch>>& parts) {
  std::uint64_t order = whole.order;
  const std::uint64_t span = std::max<std::uint64_t>(1, whole.orderSpan / parts.size());
  std::int32_t sequence = whole.baseSequence;
  std::int32_t firstIndex = 0;
  auto pending = whole.pending.begin();
  for (auto& part : parts) {
    part->count = part->builder.count();
    part->order = order;
    part->orderSpan = span;
    order += span;
    part->identity = whole.identity;
    part->sequenceReset = whole.sequenceReset;
    part->maybeWritten = whole.maybeWritten;
    if (whole.hasSequence()) {
      part->baseSequence = sequence;
      sequence = record::incrementSequence(sequence, part->count);
    }
    for (; pending != whole.pending.end() && pending->index < firstIndex + part->count; ++pending) {
      part->pending.push_back(std::move(*pending));
      part->pending.back().index -= firstIndex;
    }
    firstIndex += part->count;
  }
  whole.pending.clear();
}

}  // namespace

std::vector<std::unique_ptr<Batch>> splitBatch(Batch& whole, std::size_t limit) {
  std::vector<std::unique_ptr<Batch>> parts;
  const auto view = record::RecordBatchView::parse(whole.encoded);
  if (!view || whole.count < 2) return parts;
  auto reader = view->records(kNoLimit);
  if (!reader) return parts;
  // At least in two, also where batch.size is more than the broker takes.
  limit = std::min(limit, record::BatchHeader::kSize + (reader->bytes().size() + 1) / 2);
  std::vector<record::RecordHeader> headers;
  record::RecordView record;
  while (reader->next(record)) {
    headers.clear();
    for (const record::RecordHeader& header : record.headers) headers.push_back(header);
    const std::size_t size = static_cast<std::size_t>(record.sizeInBytes);
    if (parts.empty() || !parts.back()->builder.hasRoomFor(size, limit)) parts.push_back(newPart(whole));
    if (!parts.back()->builder.append(record.timestamp, record.key, record.value, headers)) return {};
  }
  if (!reader->status() || parts.size() < 2) return {};
  handOver(whole, parts);
  return parts;
}

}  // namespace klamm::producer
