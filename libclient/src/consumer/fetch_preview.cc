#include "consumer/fetch_preview.h"

#include <limits>
#include <optional>
#include <utility>

#include "record/batch_header.h"

namespace klamm::consumer {
namespace {

using record::BatchHeader;

/// What a batch header says of its offsets stands in front of this.
constexpr std::size_t kOffsetsEnd = 27;
/// What comes in front of the number of topics, and of the size of a partition's records, where the answer is a plain one.
constexpr std::size_t kStartSize = 4 + 1 + 4 + 2 + 4;
constexpr std::size_t kPartitionSize = 4 + 2 + 3 * 8 + 1 + 4;
constexpr std::int32_t kSmallestBatch = BatchHeader::kSize - BatchHeader::kLogOverhead;
constexpr std::int64_t kHighestOffset = std::numeric_limits<std::int64_t>::max() - std::numeric_limits<std::int32_t>::max() - 1;

}  // namespace

FetchPreview::Sight FetchPreview::look(BytesView front) {
  while (sight_ == Sight::NotYet && at_ <= front.size()) {
    ByteReader reader(front.subspan(at_));
    if (!read(reader)) break;
    at_ += reader.position();
  }
  return sight_;
}

bool FetchPreview::read(ByteReader& reader) {
  switch (step_) {
    case Step::Start: return readStart(reader);
    case Step::Topic: return readTopic(reader);
    case Step::Partition: return readPartition(reader);
    case Step::Batch: return readBatch(reader);
    case Step::PartitionEnd: return readPartitionEnd(reader);
  }
  return false;
}

bool FetchPreview::nothing() noexcept {
  sight_ = Sight::Nothing;
  return false;
}

/// Correlation id, tags, throttle time, error, session, topics.
bool FetchPreview::readStart(ByteReader& reader) {
  if (reader.remaining() < kStartSize) return false;
  (void)reader.read<std::int32_t>();
  const auto tags = reader.read<std::int8_t>();
  const auto throttle = reader.read<std::int32_t>();
  const auto error = reader.read<std::int16_t>();
  const auto session = reader.read<std::int32_t>();
  const auto topics = reader.readVarint32();
  if (!topics) return false;
  if (*tags != 0 || *throttle > 0 || *error != 0 || *topics < 2) return nothing();
  sessionId_ = *session;
  topicsLeft_ = *topics - 1;
  step_ = Step::Topic;
  return true;
}

/// Name or id, partitions.
bool FetchPreview::readTopic(ByteReader& reader) {
  Partition of;
  if (version_ == kFirstVersion) {
    const auto length = reader.readVarint32();
    if (!length) return false;
    if (*length == 0) return nothing();
    const auto name = reader.readBytes(*length - 1);
    if (!name) return false;
    of.topic.assign(reinterpret_cast<const char*>(name->data()), name->size());
  } else {
    if (reader.remaining() < 2 * sizeof(std::uint64_t)) return false;
    of.topicId.high = *reader.read<std::uint64_t>();
    of.topicId.low = *reader.read<std::uint64_t>();
  }
  const auto partitions = reader.readVarint32();
  if (!partitions) return false;
  if (*partitions < 2) return nothing();
  partitionsLeft_ = *partitions - 1;
  topic_ = std::move(of);
  step_ = Step::Partition;
  return true;
}

/// Index, error, high watermark, last stable offset, log start, aborted transactions, preferred replica, bytes of records.
bool FetchPreview::readPartition(ByteReader& reader) {
  if (reader.remaining() < kPartitionSize) return false;
  const auto index = reader.read<std::int32_t>();
  const auto error = reader.read<std::int16_t>();
  (void)reader.readBytes(3 * sizeof(std::int64_t));
  const auto aborted = reader.read<std::uint8_t>();
  if (*error != 0 || *aborted > 1) return nothing();  // null is 0, an empty list 1
  const auto preferred = reader.read<std::int32_t>();
  const auto records = reader.readVarint32();
  if (!records) return false;
  if (*preferred >= 0) return nothing();
  topic_.index = *index;
  partitions_.push_back(topic_);
  recordsLeft_ = *records == 0 ? 0 : *records - 1;
  lastBatch_ = 0;
  step_ = recordsLeft_ == 0 ? Step::PartitionEnd : Step::Batch;
  return true;
}

/// The rest of the records holds no whole batch.
bool FetchPreview::endRecords() noexcept {
  if (lastBatch_ == 0) return nothing();  // the first one does not fit
  at_ += std::exchange(recordsLeft_, 0);
  step_ = Step::PartitionEnd;
  if (partitionsLeft_ == 1 && topicsLeft_ == 1) sight_ = Sight::Known;  // what follows are tags
  return true;
}

bool FetchPreview::readBatch(ByteReader& reader) {
  const auto header = reader.readBytes(kOffsetsEnd);
  if (!header) return false;
  const auto base = loadBigEndian<std::int64_t>(header->data());
  const auto length = loadBigEndian<std::int32_t>(header->data() + 8);
  const auto magic = loadBigEndian<std::int8_t>(header->data() + 16);
  const auto lastDelta = loadBigEndian<std::int32_t>(header->data() + 23);
  if (length < kSmallestBatch || magic != BatchHeader::kMagic || base < 0 || base > kHighestOffset || lastDelta < 0) return nothing();
  const std::size_t size = BatchHeader::kLogOverhead + static_cast<std::size_t>(length);
  if (size > recordsLeft_) {
    at_ -= kOffsetsEnd;
    return endRecords();
  }
  Partition& partition = partitions_.back();
  if (base < partition.next) return nothing();
  partition.next = base + lastDelta + 1;
  lastBatch_ = size;
  recordsLeft_ -= size;
  at_ += size - kOffsetsEnd;
  const bool nothingWhole = recordsLeft_ < BatchHeader::kSize || recordsLeft_ < lastBatch_ / kCutOffShare;
  return nothingWhole ? endRecords() : true;
}

/// Tags of the partition and, behind the last one, of the topic: they come with errors and redirections.
bool FetchPreview::readPartitionEnd(ByteReader& reader) {
  const auto tags = reader.readVarint32();
  if (!tags) return false;
  if (*tags != 0) return nothing();
  if (partitionsLeft_ > 1) {
    --partitionsLeft_;
    step_ = Step::Partition;
    return true;
  }
  const auto topicTags = reader.readVarint32();
  if (!topicTags) return false;
  if (*topicTags != 0) return nothing();
  --topicsLeft_;
  if (topicsLeft_ == 0) {
    sight_ = Sight::Known;
    return false;
  }
  step_ = Step::Topic;
  return true;
}

}  // namespace klamm::consumer
