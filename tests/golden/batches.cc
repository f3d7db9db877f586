#include "golden/batches.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "record/batch_builder.h"
#include "record/validate.h"
#include "unit/protocol/random_message.h"

namespace klamm::golden {
namespace {

using namespace klamm::record;
using compress::CompressionType;
using protocol::test::fromHex;
using protocol::test::toHex;
using Json = nlohmann::json;

constexpr std::size_t kAnySize = std::size_t{1} << 30;
/// Cuts that are tried within the records of one batch.
constexpr std::size_t kCuts = 40;
constexpr std::size_t kEveryPrefix = 4096;

Json hexOrNull(const std::optional<BytesView>& bytes) { return bytes ? Json(toHex(*bytes)) : Json(nullptr); }

Json headersOf(const RecordView& record) {
  Json headers = Json::array();
  for (const RecordHeader& header : record.headers) headers.push_back({{"key", std::string(header.key)}, {"value", hexOrNull(header.value)}});
  return headers;
}

/// As `description` of BatchPairs.java. `payload` gets the records' bytes without codec.
Result<Json> describe(const Buffer& bytes, Buffer& payload) {
  KLAMM_TRY_ASSIGN(const RecordBatchView batch, RecordBatchView::parse(bytes));
  KLAMM_TRY(batch.checkCrc());
  const BatchHeader& h = batch.header();
  const bool horizon = h.hasDeleteHorizon();
  Json json = {{"baseOffset", h.baseOffset}, {"lastOffset", h.lastOffset()}, {"nextOffset", h.nextOffset()}, {"size", batch.sizeInBytes()},
               {"leaderEpoch", h.partitionLeaderEpoch}, {"magic", h.magic}, {"crc", h.crc},
               {"codec", compress::compressionName(static_cast<CompressionType>(h.compressionId()))},
               {"logAppendTime", h.timestampType() == TimestampType::LogAppendTime}, {"transactional", h.isTransactional()},
               {"control", h.isControl()}, {"baseTimestamp", h.baseTimestamp}, {"maxTimestamp", h.maxTimestamp},
               {"deleteHorizon", horizon ? h.baseTimestamp : -1}, {"producerId", h.producerId}, {"producerEpoch", h.producerEpoch},
               {"baseSequence", h.baseSequence}, {"lastSequence", h.lastSequence()}, {"count", h.count}, {"records", Json::array()}};
  KLAMM_TRY_ASSIGN(RecordReader reader, batch.records(kAnySize));
  payload = reader.bytes();
  for (RecordView record; reader.next(record);) {
    Json entry = {{"offset", record.offset}, {"timestamp", record.timestamp}, {"size", record.sizeInBytes}, {"key", hexOrNull(record.key)},
                  {"value", hexOrNull(record.value)}, {"headers", headersOf(record)}};
    if (h.isControl()) {
      const auto key = ControlRecordKey::parse(record.key.value_or(BytesView()));
      entry["type"] = key ? controlRecordName(key->type) : "?";
    }
    json["records"].push_back(std::move(entry));
  }
  KLAMM_TRY(reader.status());
  return json;
}

std::optional<Buffer> bytesOf(const Json& hexOrNull) {
  return hexOrNull.is_null() ? std::nullopt : std::optional(fromHex(hexOrNull.get_ref<const std::string&>()));
}
std::optional<BytesView> viewOf(const std::optional<Buffer>& bytes) { return bytes ? std::optional(bytes->view()) : std::nullopt; }

/// Appends what `entry` says; false when the builder does not take it.
bool append(BatchBuilder& builder, const Json& entry, std::int64_t timestamp, bool control) {
  const auto key = bytesOf(entry["key"]);
  const auto value = bytesOf(entry["value"]);
  if (control) return builder.appendControl(timestamp, ControlRecordKey::parse(key.value())->type, value.value());
  std::vector<std::optional<Buffer>> values;
  for (const Json& header : entry["headers"]) values.push_back(bytesOf(header["value"]));
  std::vector<RecordHeader> headers;
  for (std::size_t i = 0; i < values.size(); ++i) {
    headers.push_back({entry["headers"][i]["key"].get_ref<const std::string&>(), viewOf(values[i])});
  }
  return builder.append(timestamp, viewOf(key), viewOf(value), headers);
}

Result<Buffer> build(const BatchPair& pair, CompressionType codec) {
  const Json& e = pair.expected;
  const bool control = e["control"];
  BatchBuilder builder;
  for (std::size_t i = 0; i < pair.timestamps.size(); ++i) {
    if (!append(builder, e["records"][i], pair.timestamps[i], control)) return fail(ErrorCode::InvalidRecord, "the builder is full");
  }
  BatchFields fields{.compression = {codec}, .baseOffset = e["baseOffset"], .partitionLeaderEpoch = e["leaderEpoch"], .producerId = e["producerId"],
                     .producerEpoch = e["producerEpoch"], .baseSequence = e["baseSequence"], .transactional = e["transactional"], .control = control};
  if (e["logAppendTime"].get<bool>()) fields.logAppendTime = e["maxTimestamp"].get<std::int64_t>();
  return builder.close(fields);
}

/// Our batches of the same records, one for each codec, as Kafka will read them.
std::string buildingOf(const BatchPair& pair, const Buffer& payload, std::vector<OwnBatch>& made) {
  for (const CompressionType codec : {CompressionType::None, CompressionType::Gzip, CompressionType::Snappy, CompressionType::Lz4, CompressionType::Zstd}) {
    const auto ours = build(pair, codec);
    if (!ours) return "cannot be built: " + ours.error().message();
    if (codec == CompressionType::None && pair.expected["codec"] == "none" && *ours != pair.bytes) {
      return fmt::format("is built as\n  {}\ninstead of\n  {}", toHex(*ours), toHex(pair.bytes));
    }
    Buffer ourPayload;
    auto description = describe(*ours, ourPayload);
    if (!description) return "is built so that it cannot be read: " + description.error().message();
    if (ourPayload != payload) return "has records of other bytes when built with " + std::string(compress::compressionName(codec));
    if (pair.expected["control"].get<bool>() && codec != CompressionType::None) continue;
    made.push_back({pair.name + "-as-" + std::string(compress::compressionName(codec)), *ours, std::move(*description)});
  }
  return {};
}

std::string validationOf(const BatchPair& pair, const RecordBatchView& batch) {
  const bool fromClient = !pair.expected["control"].get<bool>();
  const BatchVerdict verdict = validateBatch(batch, {.nowMillis = 1700000000000, .fromClient = fromClient});
  // Brokers alone stamp the append time; no producer may send it.
  if (pair.expected["logAppendTime"].get<bool>()) return verdict.error ? "" : "passes as produced although it has an append time";
  if (verdict.error) return "is refused as produced: " + verdict.error.message();
  return verdict.maxTimestamp == pair.expected["maxTimestamp"].get<std::int64_t>() ? "" : "is validated to another maxTimestamp";
}

/// All of them, in the long tail of a large batch every 97th.
std::string prefixThatPasses(const Buffer& bytes) {
  for (std::size_t size = 0; size < bytes.size(); size += size < kEveryPrefix || size + kEveryPrefix > bytes.size() ? 1 : 97) {
    const auto batch = RecordBatchView::parse(bytes.slice(0, size));
    if (batch) return fmt::format("passes for whole with {} of {} bytes", size, bytes.size());
    if (batch.error().code() != ErrorCode::CorruptMessage) return fmt::format("refuses {} bytes with {}", size, batch.error().message());
  }
  return {};
}

/// A batch whose length and CRC were made to fit what is left of its records.
std::string cutThatPasses(const Buffer& bytes) {
  const std::size_t payload = bytes.size() - BatchHeader::kSize;
  const std::size_t step = payload / kCuts + 1;
  for (std::size_t left = 0; left < payload; left += step) {
    std::vector<std::byte> cut(bytes.view().begin(), bytes.view().begin() + static_cast<std::ptrdiff_t>(BatchHeader::kSize + left));
    storeBigEndian(cut.data() + 8, static_cast<std::int32_t>(cut.size() - BatchHeader::kLogOverhead));
    updateCrc(cut);
    Buffer records;
    const auto read = describe(Buffer::adopt(std::move(cut)), records);
    if (read) return fmt::format("reads well with {} of the {} bytes of its records", left, payload);
    if (read.error().code() != ErrorCode::CorruptMessage) return fmt::format("refuses a cut at {} with {}", left, read.error().message());
  }
  return {};
}

}  // namespace

BatchPair batchPairOf(const std::vector<std::string>& columns) {
  BatchPair pair;
  pair.name = columns.at(1);
  pair.seed = std::stoi(columns.at(2));
  if (columns.at(3) != "-") {
    for (const Json& timestamp : Json::parse("[" + columns[3] + "]")) pair.timestamps.push_back(timestamp);
  }
  pair.bytes = fromHex(columns.at(4));
  pair.expected = Json::parse(columns.at(5));
  return pair;
}

std::string differenceOf(const BatchPair& pair, std::vector<OwnBatch>& made) {
  Buffer payload;
  const auto read = describe(pair.bytes, payload);
  if (!read) return "does not read: " + read.error().message();
  if (*read != pair.expected) return fmt::format("reads as\n  {}\ninstead of\n  {}", read->dump(), pair.expected.dump());
  std::string difference = prefixThatPasses(pair.bytes);
  if (difference.empty()) difference = cutThatPasses(pair.bytes);
  if (difference.empty() && !pair.timestamps.empty()) difference = validationOf(pair, RecordBatchView::parse(pair.bytes).value());
  if (difference.empty() && !pair.timestamps.empty()) difference = buildingOf(pair, payload, made);
  return difference;
}

}  // namespace klamm::golden
