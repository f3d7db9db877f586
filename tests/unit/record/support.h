#pragma once
// What the tests of the record layer share.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "record/batch.h"
#include "record/batch_builder.h"

namespace klamm::record::test {

inline constexpr std::int64_t kTime = 1700000000000;
inline constexpr std::size_t kAny = std::size_t{1} << 30;

inline Buffer fromHex(std::string_view hex) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<std::byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return Buffer::adopt(std::move(bytes));
}
inline std::string toHex(BytesView bytes) {
  std::string hex;
  for (const std::byte byte : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
    hex += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
  }
  return hex;
}
/// A copy that may be damaged.
inline std::vector<std::byte> copyOf(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

/// "offset@timestamp key=value [header=value ...]", with ~ for null.
inline std::string describe(const RecordView& record) {
  const auto text = [](std::optional<BytesView> bytes) { return bytes ? std::string(asText(*bytes)) : std::string("~"); };
  std::string line = std::to_string(record.offset) + "@" + std::to_string(record.timestamp - kTime) + " " + text(record.key) + "=" + text(record.value);
  for (const RecordHeader& header : record.headers) line += " [" + std::string(header.key) + "=" + text(header.value) + "]";
  return line;
}
inline std::vector<std::string> describeAll(const RecordBatchView& batch) {
  std::vector<std::string> lines;
  auto reader = batch.records(kAny);
  EXPECT_TRUE(reader) << reader.error().message();
  if (!reader) return lines;
  RecordView record;
  while (reader->next(record)) lines.push_back(describe(record));
  EXPECT_TRUE(reader->status());
  return lines;
}

/// The three records of the golden batches.
inline void appendThree(BatchBuilder& builder) {
  const BytesView empty = asBytes("");
  const RecordHeader headers[] = {{"h1", asBytes("x")}, {"", std::nullopt}, {"h1", empty}};
  EXPECT_TRUE(builder.append(kTime, asBytes("k1"), asBytes("v1")));
  EXPECT_TRUE(builder.append(kTime + 300, std::nullopt, empty));
  EXPECT_TRUE(builder.append(kTime - 3, empty, std::nullopt, headers));
}
inline void appendForty(BatchBuilder& builder) {
  for (int i = 0; i < 40; ++i) {
    std::string value;
    for (int n = 0; n < 5; ++n) value += "value-" + std::to_string(i) + " ";
    EXPECT_TRUE(builder.append(kTime + 7 * i, asBytes("key-" + std::to_string(i)), asBytes(value)));
  }
}

}  // namespace klamm::record::test
