#pragma once
// Record batches for the consumer's tests.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/batch_builder.h"
#include "record/control_record.h"

namespace klamm::consumer {

struct TestBatch {
  std::int64_t baseOffset = 0;
  int count = 1;
  std::int32_t leaderEpoch = 5;
  compress::CompressionType codec = compress::CompressionType::None;
  std::optional<std::int64_t> transactionOf = {};  ///< producer id
  std::size_t valueSize = 10;
};

inline std::string valueAt(std::int64_t offset, std::size_t size = 10) {
  std::string text = std::to_string(offset);
  text.resize(size, '.');
  return text;
}

/// Records with key "k<offset>", value valueAt(offset), timestamp 1000 + offset, and one header.
inline Buffer makeBatch(const TestBatch& batch) {
  record::BatchBuilder builder;
  for (int i = 0; i < batch.count; ++i) {
    const std::int64_t offset = batch.baseOffset + i;
    const std::string key = "k" + std::to_string(offset);
    const std::string value = valueAt(offset, batch.valueSize);
    const record::RecordHeader header{"h", asBytes("x")};
    EXPECT_TRUE(builder.append(1000 + offset, asBytes(key), asBytes(value), {&header, 1}));
  }
  record::BatchFields fields;
  fields.baseOffset = batch.baseOffset;
  fields.partitionLeaderEpoch = batch.leaderEpoch;
  fields.compression.type = batch.codec;
  if (batch.transactionOf) {
    fields.producerId = *batch.transactionOf;
    fields.producerEpoch = 0;
    fields.baseSequence = 0;
    fields.transactional = true;
  }
  return *builder.close(fields);
}

/// A commit or abort marker.
inline Buffer makeMarker(std::int64_t offset, std::int64_t producerId, bool commit) {
  record::BatchFields fields;
  fields.baseOffset = offset;
  fields.partitionLeaderEpoch = 5;
  fields.producerId = producerId;
  fields.producerEpoch = 0;
  fields.transactional = true;
  fields.control = true;
  const std::vector<std::byte> value(6);
  return record::controlBatch(commit ? record::ControlRecordType::Commit : record::ControlRecordType::Abort, value, 1000 + offset, fields);
}

inline Buffer joined(const std::vector<Buffer>& parts) {
  std::vector<std::byte> bytes;
  for (const Buffer& part : parts) bytes.insert(bytes.end(), part.view().begin(), part.view().end());
  return Buffer::adopt(std::move(bytes));
}

}  // namespace klamm::consumer
