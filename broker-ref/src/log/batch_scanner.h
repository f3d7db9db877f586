#pragma once
// Goes through the batches of a segment file, header by header or whole, with few reads.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "log/disk.h"
#include "log/segment.h"
#include "record/batch_header.h"

namespace klamm::broker::log {

/// Reads a file from `position` to `end`.
///
///     window: |....header A|records A|header B|rec|        a window of 4 KiB finds the next headers without one read each;
///     whole batches: the window grows to the batch, never beyond what the file holds
///
/// Threading: one thread; the file must not be shortened meanwhile.
class BatchScanner {
 public:
  enum Mode { kHeadersOnly, kWholeBatches };
  struct Found {
    record::BatchHeader header = {};
    std::uint64_t position = 0;
    [[nodiscard]] BatchPlace place() const noexcept {
      return {.baseOffset = header.baseOffset, .lastOffset = header.lastOffset(), .maxTimestamp = header.maxTimestamp,
              .position = static_cast<std::uint32_t>(position), .size = static_cast<std::uint32_t>(header.sizeInBytes())};
    }
  };

  BatchScanner(const File& file, std::uint64_t position, std::uint64_t end, Mode mode) noexcept
      : file_(&file), position_(position), end_(end), mode_(mode) {}

  /// The next batch; nullopt at the end or where the last one is cut off. CorruptMessage when these bytes cannot be a batch.
  [[nodiscard]] Result<std::optional<Found>> next();
  /// Whole batches: whether the CRC of the batch found last is right.
  [[nodiscard]] bool crcMatches() const noexcept;
  /// Whole batches: the bytes of the batch found last, valid until the next call.
  [[nodiscard]] BytesView bytes() const noexcept { return batch_; }

 private:
  [[nodiscard]] Result<BytesView> window(std::uint64_t position, std::size_t atLeast);

  const File* file_;
  std::uint64_t position_;
  std::uint64_t end_;
  Mode mode_;
  std::vector<std::byte> buffer_;
  std::uint64_t bufferStart_ = 0;
  std::size_t buffered_ = 0;
  BytesView batch_ = {};
  std::uint32_t storedCrc_ = 0;
};

}  // namespace klamm::broker::log
