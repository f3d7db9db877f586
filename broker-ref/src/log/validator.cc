#include "log/validator.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "record/validate.h"

namespace klamm::broker::log {

using record::BatchHeader;
using record::RecordBatchView;
using record::TimestampType;

void StampedBatch::stamp() noexcept {
  constexpr std::size_t kCrcAt = 17;
  constexpr std::size_t kCrcFrom = 21;
  header.store(head.data());
  if (!crcChanged) return;
  header.crc = crc32c(bytes.view().subspan(BatchHeader::kSize), crc32c(BytesView(head).subspan(kCrcFrom)));
  storeBigEndian(head.data() + kCrcAt, header.crc);
}

namespace {

constexpr std::size_t kSmallestMessage = 14;  // what follows a length, in the oldest format

/// Size of the batch at the front; nullopt when there is none, or only its beginning.
Result<std::optional<std::size_t>> sizeOfFirst(BytesView bytes) {
  constexpr std::size_t kMagicAt = 16;
  if (bytes.size() < BatchHeader::kLogOverhead) return std::nullopt;
  const auto length = loadBigEndian<std::int32_t>(bytes.data() + 8);
  if (length < static_cast<std::int32_t>(kSmallestMessage))
    return fail(ErrorCode::CorruptMessage, fmt::format("a batch claims a length of {} bytes", length));
  if (bytes.size() <= kMagicAt) return std::nullopt;
  const auto magic = static_cast<std::int8_t>(bytes[kMagicAt]);
  if (magic < 0 || magic > BatchHeader::kMagic) return fail(ErrorCode::CorruptMessage, fmt::format("a batch claims the magic {}", magic));
  const std::size_t size = BatchHeader::kLogOverhead + static_cast<std::size_t>(length);
  return bytes.size() < size ? std::nullopt : std::optional<std::size_t>(size);
}

/// What Kafka refuses of a client before it looks at the records.
Error judgeClientBatch(const BatchHeader& header, std::string_view name) {
  if (header.isTransactional()) {
    return {ErrorCode::UnsupportedVersion, fmt::format("{}: transactions are not served by this broker", name)};
  }
  if (header.baseOffset != 0)
    return {ErrorCode::InvalidRecord, fmt::format("{}: a produced batch begins at offset 0, not at {}", name, header.baseOffset)};
  return {};
}

/// Every record that breaks the topic's rules, for the answer's list; the walk that found the first one stopped there. A
/// batch that is damaged has no such list.
std::vector<RecordError> collectRecordErrors(const RecordBatchView& batch, const record::BatchRules& rules, const record::BatchVerdict& verdict) {
  std::vector<RecordError> errors;
  constexpr std::size_t kMostListed = 1000;
  constexpr std::size_t kMostDecompressed = 64U << 20;
  const bool aboutTime = verdict.error.code() == ErrorCode::InvalidTimestamp;
  if (verdict.badRecord < 0 || (!aboutTime && !rules.requiresKey)) return errors;
  auto records = batch.records(kMostDecompressed);
  if (!records) return errors;
  record::RecordView record;
  for (std::int32_t index = 0; records->next(record) && errors.size() < kMostListed; ++index) {
    const bool tooYoung = aboutTime && record.timestamp > rules.nowMillis && record.timestamp - rules.nowMillis > rules.timestampAfterMaxMillis;
    const bool keyless = !aboutTime && !record.key;
    if (index == verdict.badRecord && (aboutTime || keyless)) errors.push_back({index, verdict.error.context()});
    else if (tooYoung) errors.push_back({index, fmt::format("timestamp {} is out of range", record.timestamp)});
    else if (keyless) errors.push_back({index, "a compacted topic takes no record without a key"});
  }
  return errors;
}

/// The timestamp fields as the log's rules want them.
void stampTimestamps(StampedBatch& batch, const record::BatchRules& rules, std::int64_t maxTimestamp) {
  const bool appendTime = rules.timestampType == TimestampType::LogAppendTime;
  maxTimestamp = std::max(maxTimestamp, record::kNoTimestamp);  // as Kafka: records before 1970 count as having none
  if (batch.header.timestampType() == rules.timestampType && batch.header.maxTimestamp == maxTimestamp) return;
  batch.header.maxTimestamp = maxTimestamp;
  const auto flag = BatchHeader::kTimestampTypeFlag;
  batch.header.attributes = static_cast<std::int16_t>(appendTime ? batch.header.attributes | flag : batch.header.attributes & ~flag);
  batch.crcChanged = true;
}

Error validateOne(const RecordBatchView& batch, const AppendOptions& options, const LogConfig& config, std::string_view name,
                  BatchValidation& out) {
  const BatchHeader& header = batch.header();
  const bool fromClient = options.origin == AppendOrigin::Client;
  if (fromClient)
    if (Error error = judgeClientBatch(header, name)) return error;
  if (options.origin != AppendOrigin::RaftLeader && batch.sizeInBytes() > static_cast<std::size_t>(config.maxMessageBytes)) {
    return {ErrorCode::MessageTooLarge, fmt::format("{}: a batch of {} bytes exceeds max.message.bytes {}", name, batch.sizeInBytes(),
                                                    config.maxMessageBytes)};
  }
  const record::BatchRules rules{.requiresKey = config.compact && fromClient,
                                 .timestampType = header.isControl() ? TimestampType::CreateTime : config.messageTimestampType,
                                 .nowMillis = options.nowMillis,
                                 .timestampBeforeMaxMillis = config.messageTimestampBeforeMaxMs,
                                 .timestampAfterMaxMillis = fromClient ? config.messageTimestampAfterMaxMs : INT64_MAX,
                                 .fromClient = fromClient};
  record::BatchVerdict verdict = record::validateBatch(batch, rules);
  if (verdict.error) {
    out.recordErrors = collectRecordErrors(batch, rules, verdict);
    return {verdict.error.code(), fmt::format("{}: {}", name, verdict.error.context())};
  }
  StampedBatch stamped{.bytes = batch.bytes(), .header = header};
  stampTimestamps(stamped, rules, verdict.maxTimestamp);
  out.batches.push_back(std::move(stamped));
  return {};
}

}  // namespace

Result<RecordBatchView> onlyBatch(const Buffer& bytes) {
  constexpr std::size_t kMagicAt = 16;
  KLAMM_TRY_ASSIGN(const auto first, sizeOfFirst(bytes));
  if (!first) return fail(ErrorCode::InvalidRecord, "no whole record batch");
  if (bytes.data()[kMagicAt] != std::byte{BatchHeader::kMagic}) return fail(ErrorCode::InvalidRecord, "a record batch of an old format");
  KLAMM_TRY_ASSIGN(const auto second, sizeOfFirst(bytes.view().subspan(*first)));
  if (second) return fail(ErrorCode::InvalidRecord, "more than one record batch");
  return RecordBatchView::parse(bytes);
}

BatchValidation validateForAppend(const Buffer& bytes, const AppendOptions& options, const LogConfig& config, std::string_view name) {
  BatchValidation out;
  if (options.origin == AppendOrigin::Client) {
    const auto batch = onlyBatch(bytes);
    out.error = batch ? validateOne(*batch, options, config, name, out) : batch.error();
  } else {
    record::BatchReader reader(bytes);
    while (!out.error) {
      const auto batch = reader.next();
      if (!batch) out.error = batch.error();
      if (!batch || !*batch) break;
      out.error = validateOne(**batch, options, config, name, out);
    }
    if (!out.error && (!reader.rest().empty() || out.batches.empty()))
      out.error = Error(ErrorCode::InvalidRecord, fmt::format("{}: no whole batch to append", name));
  }
  if (out.error) out.batches.clear();
  return out;
}

}  // namespace klamm::broker::log
