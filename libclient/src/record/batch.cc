#include "record/batch.h"

#include "record/decode.h"

namespace klamm::record {

RecordReader::RecordReader(const BatchHeader& header, Buffer records) noexcept
    : bytes_(std::move(records)),
      at_(bytes_.data()),
      remaining_(header.count),
      damaged_(header.count < 0),
      lastOffsetDelta_(header.lastOffsetDelta),
      baseOffset_(header.baseOffset),
      baseTimestamp_(header.baseTimestamp) {
  if (header.timestampType() == TimestampType::LogAppendTime) logAppendTime_ = header.maxTimestamp;
}

bool RecordReader::stopDamaged() noexcept {
  damaged_ = true;
  return false;
}

bool RecordReader::next(RecordView& record) noexcept {
  if (remaining_ <= 0 || damaged_) return false;
  const std::byte* const start = at_;
  Cursor cursor{at_, bytes_.data() + bytes_.size()};
  std::int32_t length = 0;
  if (!readInt32(cursor, length) || length < 0 || cursor.remaining() < static_cast<std::size_t>(length)) return stopDamaged();
  cursor.end = cursor.at + length;

  std::int64_t timestampDelta = 0;
  std::int32_t offsetDelta = 0;
  std::int32_t headerCount = 0;
  if (cursor.at == cursor.end) return stopDamaged();
  ++cursor.at;  // attributes: no bit of them is in use
  if (!readInt64(cursor, timestampDelta) || !readInt32(cursor, offsetDelta) || !readNullableBytes(cursor, record.key) ||
      !readNullableBytes(cursor, record.value) || !readInt32(cursor, headerCount) || headerCount < 0)
    return stopDamaged();

  const BytesView headers(cursor.at, cursor.remaining());
  RecordHeader header;
  for (std::int32_t i = 0; i < headerCount; ++i)
    if (!decodeHeader(cursor, header)) return stopDamaged();
  if (cursor.at != cursor.end) return stopDamaged();

  record.headers = RecordHeaders(static_cast<std::uint32_t>(headerCount), headers);
  record.offset = baseOffset_ + offsetDelta;
  // Unsigned, since a hostile delta must not overflow.
  record.timestamp = logAppendTime_.value_or(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(baseTimestamp_) + static_cast<std::uint64_t>(timestampDelta)));
  record.sizeInBytes = static_cast<std::int32_t>(cursor.end - start);
  at_ = cursor.end;
  --remaining_;
  return true;
}

RecordReader::Run RecordReader::pass(std::int64_t from, std::size_t limit) noexcept {
  Run run;
  const std::byte* const end = bytes_.data() + bytes_.size();
  constexpr std::ptrdiff_t kAhead = 1024;  // another core has read these bytes from the socket
  Outline outline;
  while (!damaged_ && remaining_ > 0 && static_cast<std::size_t>(run.count) < limit) {
    if (end - at_ > kAhead) __builtin_prefetch(at_ + kAhead);
    const std::byte* const next = passRecord(at_, end, outline);
    disordered_ = next != nullptr && (outline.offsetDelta <= lastPassed_ || outline.offsetDelta > lastOffsetDelta_);
    damaged_ = next == nullptr || disordered_;
    if (damaged_) break;
    lastPassed_ = outline.offsetDelta;
    const std::int64_t offset = baseOffset_ + outline.offsetDelta;
    if (offset >= from) {
      if (run.count == 0) run.first = at_;
      ++run.count;
      run.lastOffset = offset;
    }
    at_ = next;
    --remaining_;
  }
  if (run.count > 0) run.bytes = static_cast<std::size_t>(at_ - run.first);
  return run;
}

Status RecordReader::status() const {
  if (disordered_) return fail(ErrorCode::CorruptMessage, "the records' offsets do not ascend within their batch");
  if (damaged_) return fail(ErrorCode::CorruptMessage, "record batch at offset " + std::to_string(baseOffset_) + ": a record is damaged, " + std::to_string(remaining_) + " before its end");
  if (remaining_ == 0 && at_ != bytes_.data() + bytes_.size())
    return fail(ErrorCode::CorruptMessage, "record batch at offset " + std::to_string(baseOffset_) + ": bytes are left behind its last record");
  return {};
}

Result<RecordBatchView> RecordBatchView::parse(const Buffer& bytes) {
  RecordBatchView view;
  KLAMM_TRY_ASSIGN(view.header_, BatchHeader::parse(bytes));
  const std::size_t size = view.header_.sizeInBytes();
  if (bytes.size() < size) {
    return fail(ErrorCode::CorruptMessage,
                "record batch of " + std::to_string(size) + " bytes is cut off after " + std::to_string(bytes.size()));
  }
  view.bytes_ = bytes.slice(0, size);
  return view;
}

Status RecordBatchView::checkCrc() const {
  const std::uint32_t computed = computeCrc(bytes_);
  if (computed == header_.crc) return {};
  return fail(ErrorCode::CorruptMessage, "record batch at offset " + std::to_string(header_.baseOffset) + " carries the CRC " +
                                             std::to_string(header_.crc) + " but has " + std::to_string(computed));
}

Result<RecordReader> RecordBatchView::records(std::size_t limit) const {
  if (!header_.isCompressed()) return RecordReader(header_, payload());
  const auto type = compress::compressionFromId(header_.compressionId());
  if (!type) return fail(ErrorCode::UnsupportedCompressionType, "codec " + std::to_string(header_.compressionId()));
  if (header_.count == 0 && bytes_.size() == BatchHeader::kSize) return RecordReader(header_, payload());
  KLAMM_TRY_ASSIGN(Buffer records, compress::decompress(*type, payload(), limit));
  return RecordReader(header_, std::move(records));
}

Result<std::optional<RecordBatchView>> BatchReader::next() {
  if (rest_.size() < BatchHeader::kLogOverhead) return std::nullopt;
  // A cut batch may lack its header's end but never hides a wrong length.
  const auto length = loadBigEndian<std::int32_t>(rest_.data() + 8);
  if (length < static_cast<std::int32_t>(BatchHeader::kSize - BatchHeader::kLogOverhead)) {
    return fail(ErrorCode::CorruptMessage, "record batch claims a length of " + std::to_string(length) + " bytes, less than its header");
  }
  if (rest_.size() < BatchHeader::kLogOverhead + static_cast<std::size_t>(length)) return std::nullopt;
  KLAMM_TRY_ASSIGN(RecordBatchView batch, RecordBatchView::parse(rest_));
  rest_ = rest_.slice(batch.sizeInBytes());
  return batch;
}

}  // namespace klamm::record
