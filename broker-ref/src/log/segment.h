#pragma once
// One segment of a partition's log: a file of batches and its two indexes.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/parts.h"
#include "base/result.h"
#include "log/disk.h"
#include "log/offset_index.h"
#include "record/batch.h"

namespace klamm::broker::log {

/// A batch as it lies in a segment.
struct BatchPlace {
  std::int64_t baseOffset = 0;
  std::int64_t lastOffset = 0;
  std::int64_t maxTimestamp = -1;
  std::uint32_t position = 0;
  std::uint32_t size = 0;
};

/// `<base offset, 20 digits><suffix>`, e.g. "00000000000000000812.log".
[[nodiscard]] std::string segmentFileName(std::int64_t baseOffset, std::string_view suffix);
/// The offset in such a name; nullopt when it is not one.
[[nodiscard]] std::optional<std::int64_t> offsetOfFileName(std::string_view name, std::string_view suffix);

/// Batches from baseOffset up to the next segment's. The file is opened when it is first used; only the active segment
/// keeps it open, the others do while somebody reads (a FileRange on its way to a socket counts).
///
/// Truncation cuts whole batches: a batch that straddles the offset goes, as it cannot be cut.
///
///     batches: [10..10] [11..30] [31..100] [101..103]
///     truncateTo(31)  -> [10..10] [11..30]               next offset 31
///     truncateTo(50)  -> [10..10] [11..30]               next offset 31: 31..49 went with their batch
///
/// Threading: one thread, that of the log.
class Segment {
 public:
  Segment(Disk& disk, std::string folder, std::int64_t baseOffset, std::uint32_t indexIntervalBytes);

  /// Makes the empty file.
  [[nodiscard]] Status create(std::int64_t nowMillis);
  /// Takes the file that is there, of this size; it is opened when it is used.
  void takeExisting(std::uint64_t size, std::int64_t nowMillis) noexcept;

  [[nodiscard]] std::int64_t baseOffset() const noexcept { return baseOffset_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t largestTimestamp();

  /// Writes `pieces`, which are `batches` (their positions are filled in here), and indexes them. On failure the file is as
  /// it was before; `broken` is set if even that could not be brought about.
  [[nodiscard]] Status append(std::span<const BytesView> pieces, std::span<BatchPlace> batches, bool& broken);

  /// The first batch whose last offset is at or behind `offset`; nullopt when there is none.
  [[nodiscard]] Result<std::optional<BatchPlace>> find(std::int64_t offset);
  /// [position, position + length) as a file range, or read into memory where there is no descriptor.
  [[nodiscard]] Result<Part> range(std::uint64_t position, std::uint64_t length);
  [[nodiscard]] Result<record::RecordBatchView> readBatch(const BatchPlace& place);
  /// The first record at or behind `timestamp` whose offset is at least `from`.
  struct FoundRecord {
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leaderEpoch = -1;
  };
  [[nodiscard]] Result<std::optional<FoundRecord>> findTimestamp(std::int64_t timestamp, std::int64_t from);
  /// Offset of the last record of the batch that has the largest timestamp.
  [[nodiscard]] std::int64_t shallowOffsetOfLargestTimestamp();
  /// Calls `visit` with the header of every batch from `position` on.
  [[nodiscard]] Status forEachHeader(std::uint64_t position, const std::function<bool(const record::BatchHeader&, std::uint64_t)>& visit);
  /// Calls `visit` with every whole batch from `position` on.
  [[nodiscard]] Status forEachBatch(std::uint64_t position, const std::function<Status(const record::RecordBatchView&)>& visit);
  /// The offset behind the last batch.
  [[nodiscard]] Result<std::int64_t> readNextOffset();

  /// Reads the whole file, checks every batch's CRC and order, builds both indexes anew and cuts the file behind the last
  /// good batch. Returns the number of bytes cut. `visit` sees each good batch.
  [[nodiscard]] Result<std::uint64_t> recover(const std::function<void(const record::BatchHeader&)>& visit);
  /// Both indexes from the headers alone.
  [[nodiscard]] Status rebuildIndexes();
  [[nodiscard]] Result<std::uint64_t> truncateTo(std::int64_t offset);

  /// True when the batches must go to a new segment.
  struct RollRules {
    std::uint64_t segmentBytes = 0;
    std::int64_t segmentMs = 0;  ///< less the jitter
    std::size_t maxIndexBytes = 0;
  };
  [[nodiscard]] bool shouldRoll(const RollRules& rules, std::size_t bytes, std::int64_t maxTimestamp, std::int64_t lastOffset,
                                std::int64_t nowMillis);
  /// The active segment keeps its file open.
  void setActive(bool active);
  /// No more appends will come: the time index gets its last entry, both indexes are written.
  [[nodiscard]] Status becomeInactive();
  [[nodiscard]] Result<std::shared_ptr<File>> file();
  /// Renames the files to `.deleted`; returns their new names.
  [[nodiscard]] Result<std::vector<std::string>> markDeleted();
  /// Lets go of file and mappings.
  void closeFiles();

 private:
  static constexpr std::size_t kRecent = 16;

  void note(const BatchPlace& place);
  void indexBatch(const BatchPlace& place);
  [[nodiscard]] std::string path(std::string_view suffix) const;
  /// Looks at the indexes before their first use; builds those anew that are absent or not believable.
  [[nodiscard]] Status checkIndexes();
  void loadLargestTimestamp();
  void loadFirstTimestamp();

  Disk& disk_;
  std::string folder_;
  std::int64_t baseOffset_;
  std::uint32_t indexIntervalBytes_;
  std::uint64_t size_ = 0;
  std::uint64_t bytesSinceIndexEntry_ = 0;
  std::int64_t created_ = 0;
  bool active_ = false;
  bool indexesChecked_ = false;
  std::shared_ptr<File> held_;      ///< while active
  std::weak_ptr<File> shared_;      ///< while somebody reads
  OffsetIndex offsets_;
  TimeIndex times_;
  std::optional<std::int64_t> firstTimestamp_;   ///< of the first batch: segment.ms counts from it
  std::optional<TimestampOffset> largest_;       ///< loaded from the time index when needed
  std::array<BatchPlace, kRecent> recent_ = {};  ///< the batches appended last: where tailing readers look
  std::size_t recentCount_ = 0;
};

}  // namespace klamm::broker::log
