#pragma once
// Batches and logs for the tests of the log and of the replicas.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "log/partition_log.h"
#include "record/batch_builder.h"
#include "support/memory_disk.h"

namespace klamm::broker::log::test {

inline constexpr std::int64_t kNow = 1'700'000'000'000;
inline constexpr const char* kFolder = "/data/orders-0";
inline constexpr Uuid kTopicId{0x0123456789abcdefULL, 0xfedcba9876543210ULL};

/// What a test batch is made of.
struct BatchSpec {
  int records = 1;
  std::size_t valueBytes = 20;
  std::int64_t timestamp = kNow;   ///< of the first record; each further one is a millisecond younger
  std::int64_t producerId = record::kNoProducerId;
  std::int16_t epoch = record::kNoProducerEpoch;
  std::int32_t sequence = record::kNoSequence;
  record::Compression compression = {};
  bool keys = true;
};

inline Buffer batchOf(const BatchSpec& spec) {
  record::BatchBuilder builder;
  for (int i = 0; i < spec.records; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const std::string value(spec.valueBytes, static_cast<char>('a' + i % 26));
    const auto withKey = spec.keys ? std::optional<BytesView>(asBytes(key)) : std::nullopt;
    EXPECT_TRUE(builder.append(spec.timestamp + i, withKey, asBytes(value)));
  }
  auto closed = builder.close({.compression = spec.compression, .producerId = spec.producerId, .producerEpoch = spec.epoch, .baseSequence = spec.sequence});
  EXPECT_TRUE(closed);
  return *closed;
}

inline Buffer idempotent(std::int64_t id, std::int16_t epoch, std::int32_t sequence, int records = 1) {
  return batchOf({.records = records, .producerId = id, .epoch = epoch, .sequence = sequence});
}

inline std::string inFolder(const std::string& file) { return std::string(kFolder) + "/" + file; }

/// A log on a memory disk, opened as a broker does.
struct LogUnderTest {
  explicit LogUnderTest(klamm::test::MemoryDisk& onDisk, const LogConfig& config = {}, bool clean = false, std::int64_t recoveryPoint = 0,
                        std::int64_t logStartOffset = 0)
      : disk(onDisk) {
    auto opened = PartitionLog::open({.disk = &disk, .folder = kFolder, .name = "orders-0", .topicId = kTopicId, .config = config,
                                      .logStartOffset = logStartOffset, .recoveryPoint = recoveryPoint, .cleanShutdown = clean,
                                      .nowMillis = kNow});
    EXPECT_TRUE(opened) << opened.error().message();
    if (opened) log = *std::move(opened);
  }
  PartitionLog* operator->() const { return log.get(); }

  AppendResult append(const Buffer& batch, std::int32_t epoch = 0) const {
    return log->appendAsLeader(batch, {.leaderEpoch = epoch, .nowMillis = kNow});
  }
  /// "offset:timestamp:length of value" of each record from `offset` on.
  [[nodiscard]] std::vector<std::string> records(std::int64_t offset = 0) const {
    std::vector<std::string> all;
    const auto visited = log->forEachBatch(offset, [&](const record::RecordBatchView& batch) -> Status {
      KLAMM_TRY(batch.checkCrc());
      KLAMM_TRY_ASSIGN(auto reader, batch.records(1U << 20));
      record::RecordView record;
      while (reader.next(record))
        all.push_back(std::to_string(record.offset) + ":" + std::to_string(record.timestamp) + ":" + std::to_string(record.value->size()));
      return reader.status();
    });
    EXPECT_TRUE(visited) << visited.error().message();
    return all;
  }
  [[nodiscard]] std::vector<std::byte> read(std::int64_t offset, std::size_t maxBytes, bool minOne = true) const {
    const auto result = log->read(offset, maxBytes, log->logEndOffset(), minOne);
    EXPECT_TRUE(result) << result.error().message();
    if (!result) return {};
    const Buffer bytes = result->records.buffer();
    return {bytes.data(), bytes.data() + bytes.size()};
  }

  klamm::test::MemoryDisk& disk;
  std::unique_ptr<PartitionLog> log;
};

}  // namespace klamm::broker::log::test
