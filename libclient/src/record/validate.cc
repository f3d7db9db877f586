#include "record/validate.h"

#include <algorithm>

#include "base/bytes.h"
#include "compress/codec.h"
#include "record/decode.h"

namespace klamm::record {
namespace {

/// Reads numbers and passes over bytes in a stream that comes piece by piece. Threading: one thread.
class PieceReader {
 public:
  explicit PieceReader(compress::DecompressionStream& stream) noexcept : stream_(stream) {}

  /// Bytes read so far.
  [[nodiscard]] std::uint64_t position() const noexcept { return before_ + static_cast<std::uint64_t>(at_ - begin_); }

  [[nodiscard]] bool readByte(std::uint8_t& byte) {
    if (at_ == end_ && !refill()) return false;
    byte = static_cast<std::uint8_t>(*at_++);
    return true;
  }
  template <int MaxBytes>
  [[nodiscard]] bool readVarint(std::int64_t& value) {
    std::uint64_t raw = 0;
    for (int i = 0; i < MaxBytes; ++i) {
      std::uint8_t byte = 0;
      if (!readByte(byte)) return false;
      raw |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
      if (byte < 0x80) {
        if constexpr (MaxBytes == 5) raw &= 0xFFFFFFFFU;
        value = unzigzag(raw);
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] bool skip(std::int64_t bytes) {
    while (bytes > end_ - at_) {
      bytes -= end_ - at_;
      at_ = end_;
      if (!refill()) return false;
    }
    at_ += bytes;
    return true;
  }
  /// The next `bytes` bytes, if all of them lie in the piece at hand; they are passed over then.
  [[nodiscard]] std::optional<Cursor> take(std::int64_t bytes) noexcept {
    if (bytes > end_ - at_) return std::nullopt;
    const Cursor cursor{at_, at_ + bytes};
    at_ += bytes;
    return cursor;
  }
  [[nodiscard]] bool atEnd() { return at_ == end_ && !refill() && !error_; }
  /// Why the stream stopped, if not because it ended.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  [[nodiscard]] bool refill() {
    if (error_) return false;
    auto piece = stream_.next();
    if (!piece) {
      error_ = piece.error();
      return false;
    }
    before_ += static_cast<std::uint64_t>(at_ - begin_);
    begin_ = at_ = piece->data();
    end_ = begin_ + piece->size();
    return begin_ != end_;
  }

  compress::DecompressionStream& stream_;
  const std::byte* begin_ = nullptr;
  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
  std::uint64_t before_ = 0;
  Error error_;
};

/// Passes over a length and as many bytes. False when they are not there or the length is below -1.
bool skipField(PieceReader& reader, std::int64_t& length) {
  return reader.readVarint<5>(length) && length >= -1 && (length <= 0 || reader.skip(length));
}

bool readOutline(PieceReader& reader, Outline& outline) {
  std::int64_t body = 0;
  if (!reader.readVarint<5>(body) || body < 0) return false;
  if (const auto whole = reader.take(body)) return readOutline(*whole, outline);
  const std::uint64_t end = reader.position() + static_cast<std::uint64_t>(body);
  std::uint8_t attributes = 0;
  std::int64_t offsetDelta = 0;
  std::int64_t keyLength = 0;
  std::int64_t valueLength = 0;
  std::int64_t headers = 0;
  if (!reader.readByte(attributes) || !reader.readVarint<10>(outline.timestampDelta) || !reader.readVarint<5>(offsetDelta) ||
      !skipField(reader, keyLength) || !skipField(reader, valueLength) || !reader.readVarint<5>(headers) || headers < 0)
    return false;
  outline.offsetDelta = static_cast<std::int32_t>(offsetDelta);
  outline.hasKey = keyLength >= 0;
  for (; headers > 0 && reader.position() < end; --headers) {
    std::int64_t nameLength = 0;
    if (!skipField(reader, nameLength) || nameLength < 0 || !skipField(reader, valueLength)) return false;
  }
  return headers == 0 && reader.position() == end;
}

BatchVerdict refuse(ErrorCode code, std::string why, std::int32_t record = -1) {
  BatchVerdict verdict;
  verdict.error = Error(code, std::move(why));
  verdict.badRecord = record;
  return verdict;
}

Error judgeHeader(const BatchHeader& header, const BatchRules& rules) {
  const auto invalid = [](std::string why) { return Error(ErrorCode::InvalidRecord, std::move(why)); };
  if (!compress::compressionFromId(header.compressionId()))
    return {ErrorCode::UnknownServerError, "Unknown compression type id: " + std::to_string(header.compressionId())};
  if (header.count <= 0 || header.lastOffsetDelta < 0 || header.lastOffsetDelta != header.count - 1) {
    return invalid("the batch claims " + std::to_string(header.count) + " records and a last offset delta of " +
                   std::to_string(header.lastOffsetDelta));
  }
  if (!rules.fromClient) return {};
  if (header.isControl()) return invalid("clients may not write control records");
  if (header.hasProducerId() && header.baseSequence < 0)
    return invalid("producer id " + std::to_string(header.producerId) + " comes with the sequence " + std::to_string(header.baseSequence));
  if (header.timestampType() == TimestampType::LogAppendTime)
    return {ErrorCode::InvalidTimestamp, "a producer may not set the timestamp type to LogAppendTime"};
  return {};
}

/// `timestamp` differs from now by more than the rules allow. Unsigned, since it comes from a client.
bool outOfRange(std::int64_t timestamp, const BatchRules& rules) noexcept {
  if (timestamp == kNoTimestamp) return false;
  const auto apart = [](std::int64_t later, std::int64_t earlier) {
    return static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier);
  };
  if (timestamp > rules.nowMillis) return apart(timestamp, rules.nowMillis) > static_cast<std::uint64_t>(rules.timestampAfterMaxMillis);
  return apart(rules.nowMillis, timestamp) > static_cast<std::uint64_t>(rules.timestampBeforeMaxMillis);
}

Error judgeRecord(const Outline& record, std::int32_t index, std::int64_t timestamp, const BatchRules& rules) {
  if (record.offsetDelta != index)
    return {ErrorCode::InvalidRecord, "record " + std::to_string(index) + " has the offset delta " + std::to_string(record.offsetDelta)};
  if (rules.requiresKey && !record.hasKey)
    return {ErrorCode::InvalidRecord, "a compacted topic takes no record without a key"};
  if (rules.timestampType == TimestampType::CreateTime && outOfRange(timestamp, rules))
    return {ErrorCode::InvalidTimestamp, "timestamp " + std::to_string(timestamp) + " is out of range"};
  return {};
}

}  // namespace

Result<RecordBatchView> parseProduced(const Buffer& records) {
  if (records.empty()) return fail(ErrorCode::InvalidRecord, "a produce request must carry a record batch");
  // Bytes that no version of the format begins with are garbage, whatever length they claim.
  constexpr std::size_t magicAt = 16;
  if (records.size() > magicAt) {
    const auto magic = static_cast<std::int8_t>(records.data()[magicAt]);
    if (magic < 0 || magic > BatchHeader::kMagic) return fail(ErrorCode::CorruptMessage, "record batch has the invalid magic " + std::to_string(magic));
  }
  BatchReader reader(records);
  auto batch = reader.next();
  if (!batch) {
    const bool old = batch.error().code() == ErrorCode::UnsupportedForMessageFormat;
    return fail(old ? ErrorCode::InvalidRecord : batch.error().code(), batch.error().context());
  }
  if (!*batch) return fail(ErrorCode::InvalidRecord, "the record batch is cut off");
  if (!reader.rest().empty()) return fail(ErrorCode::InvalidRecord, "a produce request carries exactly one record batch");
  return **batch;
}

BatchVerdict validateBatch(const RecordBatchView& batch, const BatchRules& rules) {
  const BatchHeader& header = batch.header();
  if (auto crc = batch.checkCrc(); !crc) return refuse(crc.error().code(), crc.error().context());
  if (Error error = judgeHeader(header, rules)) return refuse(error.code(), error.context());

  const Buffer payload = batch.payload();
  const auto stream = compress::openStream(static_cast<CompressionType>(header.compressionId()), payload);
  PieceReader reader(*stream);
  BatchVerdict verdict;
  for (std::int32_t index = 0; index < header.count; ++index) {
    Outline record;
    if (!readOutline(reader, record)) {
      const std::string why = reader.error() ? reader.error().context() : "record " + std::to_string(index) + " is damaged";
      return refuse(ErrorCode::InvalidRecord, why, index);
    }
    const auto timestamp =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(header.baseTimestamp) + static_cast<std::uint64_t>(record.timestampDelta));
    if (Error error = judgeRecord(record, index, timestamp, rules)) return refuse(error.code(), error.context(), index);
    if (index == 0 || timestamp > verdict.maxTimestamp) {
      verdict.maxTimestamp = timestamp;
      verdict.offsetDeltaOfMaxTimestamp = index;
    }
  }
  if (!reader.atEnd()) return refuse(ErrorCode::InvalidRecord, "bytes are left behind the last record");
  if (rules.timestampType == TimestampType::LogAppendTime) {
    verdict.maxTimestamp = rules.nowMillis;
    verdict.offsetDeltaOfMaxTimestamp = 0;
  }
  return verdict;
}

}  // namespace klamm::record
