#pragma once
// What must hold of record batches, however they came to be.

#include <algorithm>
#include <vector>

#include "fuzz/fuzz.h"
#include "log/validator.h"
#include "record/batch.h"
#include "record/batch_builder.h"
#include "record/validate.h"

namespace klamm::fuzz {

inline constexpr std::size_t kMostContent = std::size_t{4} << 20;

inline std::vector<record::RecordHeader> headersOf(const record::RecordView& record) {
  std::vector<record::RecordHeader> headers;
  for (const record::RecordHeader& header : record.headers) headers.push_back(header);
  return headers;
}

/// The same in every field that a producer chooses.
inline bool isSame(const record::RecordView& a, const record::RecordView& b) {
  const auto sameBytes = [](const std::optional<BytesView>& x, const std::optional<BytesView>& y) {
    return x.has_value() == y.has_value() && (!x || std::equal(x->begin(), x->end(), y->begin(), y->end()));
  };
  const auto sameHeader = [&](const record::RecordHeader& x, const record::RecordHeader& y) {
    return x.key == y.key && sameBytes(x.value, y.value);
  };
  const auto left = headersOf(a);
  const auto right = headersOf(b);
  return a.timestamp == b.timestamp && sameBytes(a.key, b.key) && sameBytes(a.value, b.value) &&
         std::equal(left.begin(), left.end(), right.begin(), right.end(), sameHeader);
}

/// Builds a batch of these records and reads it back.
inline void rebuild(const std::vector<record::RecordView>& records, record::CompressionType codec) {
  record::BatchBuilder builder;
  for (const auto& record : records) demand(builder.append(record.timestamp, record.key, record.value, headersOf(record)), "a record that was read cannot be written");
  const auto bytes = builder.close({.compression = {codec, {}}});
  demand(bytes.has_value(), "a batch that was read cannot be written");
  const auto batch = record::RecordBatchView::parse(*bytes);
  demand(batch && batch->checkCrc() && batch->sizeInBytes() == bytes->size(), "our own batch does not parse");
  auto reader = batch->records(4 * kMostContent);
  demand(reader.has_value(), "our own batch does not open");
  record::RecordView record;
  for (const auto& wanted : records) demand(reader->next(record) && isSame(record, wanted), "our own batch holds other records");
  demand(!reader->next(record) && reader->status(), "our own batch does not end");
}

inline void checkBatch(const record::RecordBatchView& batch) {
  const bool isSound = batch.checkCrc().has_value();
  const record::BatchVerdict verdict = record::validateBatch(batch, {});
  const record::BatchVerdict asBroker = record::validateBatch(batch, {.fromClient = false});
  if (verdict.error) demandTyped(verdict.error);
  auto reader = batch.records(kMostContent);
  if (!reader) {
    demandTyped(reader.error());
    demand(verdict.error || reader.error().code() == ErrorCode::MessageTooLarge, "a batch that passed the checks does not open");
    return;
  }
  demand(reader->bytes().size() <= std::max(kMostContent, batch.sizeInBytes()), "more content than was allowed");
  std::vector<record::RecordView> records;
  record::RecordView record;
  while (reader->next(record)) records.push_back(record);
  const Status status = reader->status();
  if (!status) demandTyped(status.error());
  if (verdict.error && asBroker.error) return;
  demand(isSound && status.has_value(), "a batch that passed the checks is damaged");
  demand(records.size() == static_cast<std::size_t>(batch.header().count), "a batch that passed the checks has another count");
  rebuild(records, static_cast<record::CompressionType>(batch.header().compressionId()));
}

/// Everything that reads `bytes` as batches: a consumer, the checks of a producer's batch, the broker's log.
inline void checkBatches(const Buffer& bytes) {
  record::BatchReader reader(bytes);
  for (;;) {
    const auto batch = reader.next();
    if (!batch) {
      demandTyped(batch.error());
      break;
    }
    if (!*batch) break;
    checkBatch(**batch);
  }
  if (const auto produced = record::parseProduced(bytes); !produced) demandTyped(produced.error());
  if (const auto only = broker::log::onlyBatch(bytes); !only) demandTyped(only.error());
  for (const auto origin : {broker::log::AppendOrigin::Client, broker::log::AppendOrigin::Replication}) {
    const auto validated = broker::log::validateForAppend(bytes, {.origin = origin, .leaderEpoch = 3, .nowMillis = 1'700'000'000'000}, {}, "fuzz-0");
    if (validated.error) demandTyped(validated.error);
  }
}

/// The same bytes with the magic and the CRC that every whole batch in them should have: behind a wrong CRC nothing is
/// looked at, and chance does not find a right one.
inline Buffer mended(BytesView bytes) {
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  std::span<std::byte> rest(copy);
  while (rest.size() >= record::BatchHeader::kSize) {
    constexpr std::size_t kLengthAt = 8;
    constexpr std::size_t kMagicAt = 16;
    const auto length = loadBigEndian<std::int32_t>(rest.data() + kLengthAt);
    const std::size_t left = rest.size() - record::BatchHeader::kLogOverhead;
    constexpr std::size_t kLeast = record::BatchHeader::kSize - record::BatchHeader::kLogOverhead;
    const std::size_t body = length < 0 || static_cast<std::size_t>(length) > left || static_cast<std::size_t>(length) < kLeast ? left : static_cast<std::size_t>(length);
    storeBigEndian(rest.data() + kLengthAt, static_cast<std::int32_t>(body));
    rest[kMagicAt] = std::byte{2};
    record::updateCrc(rest.first(record::BatchHeader::kLogOverhead + body));
    rest = rest.subspan(record::BatchHeader::kLogOverhead + body);
  }
  return Buffer::adopt(std::move(copy));
}

}  // namespace klamm::fuzz
