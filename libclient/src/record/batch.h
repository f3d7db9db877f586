#pragma once
// Reading record batches: over the bytes as they came, without copying.

#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/result.h"
#include "record/batch_header.h"
#include "record/record_view.h"

namespace klamm::record {

/// Goes through the records of one batch. Holds the bytes that its records point into, decompressed if need be.
///
///     RecordReader reader = ...;
///     RecordView record;
///     while (reader.next(record)) use(record);
///     if (!reader.status()) ...            // the batch is damaged behind the last record that was read
///
/// Threading: one thread; the views live as long as bytes() does.
class RecordReader {
 public:
  RecordReader() = default;
  /// `records`: what follows the header, decompressed.
  RecordReader(const BatchHeader& header, Buffer records) noexcept;

  /// Reads the next record. False at the end and at the first damaged record; status() tells which.
  [[nodiscard]] bool next(RecordView& record) noexcept;
  /// Consecutive records that were checked and passed over.
  struct Run {
    const std::byte* first = nullptr;
    std::int32_t count = 0;
    std::size_t bytes = 0;
    std::int64_t lastOffset = -1;
  };
  /// Instead of next(), for who decodes records later: passes over records below `from` and at most `limit` others, which it
  /// gives. Checks them as next() does, and that offsets ascend and lie within the batch. A run that is shorter than
  /// `limit` is followed by the end or by damage; status() tells which.
  [[nodiscard]] Run pass(std::int64_t from, std::size_t limit) noexcept;
  /// CorruptMessage when a record is damaged, the batch ends early, or bytes are left over behind the last record.
  [[nodiscard]] Status status() const;
  /// Records not read yet.
  [[nodiscard]] std::int32_t remaining() const noexcept { return remaining_; }
  [[nodiscard]] const Buffer& bytes() const noexcept { return bytes_; }

 private:
  bool stopDamaged() noexcept;

  Buffer bytes_;
  const std::byte* at_ = nullptr;
  std::int32_t remaining_ = 0;
  bool damaged_ = false;
  bool disordered_ = false;
  std::int32_t lastPassed_ = -1;  ///< offset delta
  std::int32_t lastOffsetDelta_ = 0;
  std::int64_t baseOffset_ = 0;
  std::int64_t baseTimestamp_ = 0;
  std::optional<std::int64_t> logAppendTime_;
};

/// One batch inside a larger buffer, whose memory it shares. Threading: a value, immutable.
class RecordBatchView {
 public:
  RecordBatchView() = default;
  /// The batch at the front of `bytes`; fails as BatchHeader::parse and, with CorruptMessage, when it is not whole.
  [[nodiscard]] static Result<RecordBatchView> parse(const Buffer& bytes);

  [[nodiscard]] const BatchHeader& header() const noexcept { return header_; }
  /// The batch's bytes from its base offset to its last record, exactly.
  [[nodiscard]] const Buffer& bytes() const noexcept { return bytes_; }
  /// What follows the header, as it is stored.
  [[nodiscard]] Buffer payload() const { return bytes_.slice(BatchHeader::kSize); }
  [[nodiscard]] std::size_t sizeInBytes() const noexcept { return bytes_.size(); }

  /// CorruptMessage with both numbers when the CRC does not match.
  [[nodiscard]] Status checkCrc() const;
  /// Opens the records. A compressed batch is decompressed once, to at most `limit` bytes (MessageTooLarge beyond).
  /// UnsupportedCompressionType for a codec number that is not assigned.
  [[nodiscard]] Result<RecordReader> records(std::size_t limit) const;

 private:
  BatchHeader header_ = {};
  Buffer bytes_ = {};
};

/// Goes through the batches of a fetched or stored range. A batch that is cut off at the end is where it stops, as fetch
/// answers end wherever max bytes falls. Threading: one thread.
class BatchReader {
 public:
  explicit BatchReader(Buffer bytes) noexcept : rest_(std::move(bytes)) {}

  /// The next whole batch; nullopt at the end. An error when what follows cannot be a batch.
  [[nodiscard]] Result<std::optional<RecordBatchView>> next();
  /// Bytes not read: after nullopt those of the batch that is cut off.
  [[nodiscard]] const Buffer& rest() const noexcept { return rest_; }

 private:
  Buffer rest_;
};

}  // namespace klamm::record
