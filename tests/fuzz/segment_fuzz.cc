// A partition's folder after anything may have happened to it:
//
//     | flags byte | sizes of six files, uint16 each | the six files, one behind the other; the last takes the rest |
//       flags: 1 the stop was clean | 2 batches have right CRCs | 4 the recovery point lies at 5 | 8 the log start at 3

#include <string>

#include "fuzz/batches.h"
#include "log/partition_log.h"
#include "support/memory_disk.h"

namespace {

using namespace klamm;               // NOLINT(google-build-using-namespace)
using namespace klamm::broker::log;  // NOLINT(google-build-using-namespace)

constexpr const char* kFolder = "/d/t-0";
constexpr std::int64_t kSecondBase = 5;  ///< of the second segment, see kFiles
constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr Uuid kId{0x0123456789abcdefULL, 0xfedcba9876543210ULL};
constexpr std::string_view kFiles[] = {"00000000000000000000.index", "00000000000000000000.timeindex", "00000000000000000005.snapshot",
                                       "leader-epoch-checkpoint", "00000000000000000005.log", "00000000000000000000.log"};

Result<std::unique_ptr<PartitionLog>> open(test::MemoryDisk& disk, unsigned flags) {
  return PartitionLog::open({.disk = &disk, .folder = kFolder, .name = "t-0", .topicId = kId, .config = {.indexIntervalBytes = 100},
                             .logStartOffset = (flags & 8U) != 0 ? 3 : 0, .recoveryPoint = (flags & 4U) != 0 ? 5 : 0,
                             .cleanShutdown = (flags & 1U) != 0, .nowMillis = kNow});
}

/// Offsets and bytes of all batches, which must rise and be whole; an error of the disk's content is an answer too.
std::vector<std::int64_t> walk(PartitionLog& log, bool isRecovered) {
  std::vector<std::int64_t> offsets;
  const Status status = log.forEachBatch(log.logStartOffset(), [&](const record::RecordBatchView& batch) -> Status {
    // Between segments Kafka does not look: one whose batches reach beyond the base of the next is served as it is.
    if (isRecovered && batch.header().baseOffset != kSecondBase) {
      fuzz::demand(offsets.empty() || batch.header().baseOffset > offsets.back() || offsets.back() > kSecondBase, "offsets go backwards");
    }
    if (isRecovered) fuzz::demand(batch.checkCrc().has_value(), "recovery kept a batch that is damaged");
    offsets.push_back(batch.header().baseOffset);
    return {};
  });
  if (!status) fuzz::demandTyped(status.error());
  return offsets;
}

void exercise(PartitionLog& log) {
  fuzz::demand(log.logStartOffset() <= log.logEndOffset(), "the log ends before it starts");
  fuzz::demand(log.highWatermark() <= log.logEndOffset(), "the high watermark is behind the end");
  for (const std::int64_t offset : {log.logStartOffset(), (log.logStartOffset() + log.logEndOffset()) / 2, log.logEndOffset()}) {
    const auto read = log.read(offset, 1U << 16, log.logEndOffset(), true);
    if (!read) fuzz::demandTyped(read.error());
  }
  for (const std::int64_t timestamp : {std::int64_t{0}, kNow, std::int64_t{INT64_MAX}}) {
    if (const auto found = log.offsetForTimestamp(timestamp); !found) fuzz::demandTyped(found.error());
  }
  if (const auto found = log.maxTimestampOffset(); !found) fuzz::demandTyped(found.error());
  record::BatchBuilder builder;
  fuzz::demand(builder.append(kNow, std::nullopt, asBytes("v")), "no room for one record");
  const auto batch = builder.close({});
  const std::int64_t end = log.logEndOffset();
  const AppendResult appended = log.appendAsLeader(*batch, {.leaderEpoch = 1 << 30, .nowMillis = kNow});
  if (appended.error) return fuzz::demandTyped(appended.error);
  fuzz::demand(appended.baseOffset == end && log.logEndOffset() == end + 1, "an append took another offset");
}

}  // namespace

void klamm::fuzz::run(BytesView bytes) {
  Input input(bytes);
  const unsigned flags = input.byte();
  std::size_t sizes[std::size(kFiles)];
  for (std::size_t& size : sizes) size = input.uint16();
  sizes[std::size(kFiles) - 1] = bytes.size();
  test::MemoryDisk disk;
  demand(disk.createFolder(kFolder).has_value(), "no folder");
  for (std::size_t i = 0; i < std::size(kFiles); ++i) {
    const BytesView content = input.take(sizes[i]);
    const bool isLog = kFiles[i].ends_with(".log");
    if (content.empty() && !isLog) continue;
    const Buffer written = isLog && (flags & 2U) != 0 ? mended(content) : Buffer::copyOf(content);
    disk.put(std::string(kFolder) + "/" + std::string(kFiles[i]), written.text());
  }
  auto log = open(disk, flags);
  if (!log) return demandTyped(log.error());
  // Without a clean stop and from offset 0 on every batch was checked.
  const bool isRecovered = (flags & (1U | 4U)) == 0;
  const auto before = walk(**log, isRecovered);
  exercise(**log);
  const std::int64_t end = (*log)->logEndOffset();
  log->reset();

  test::MemoryDisk after(disk);  // killed here
  auto again = open(after, flags & ~1U);
  if (!again) return demandTyped(again.error());
  if (isRecovered) demand((*again)->logEndOffset() == end, "a second recovery ends elsewhere");
  exercise(**again);
  if (const Status closed = (*again)->close(); !closed) demandTyped(closed.error());
}
