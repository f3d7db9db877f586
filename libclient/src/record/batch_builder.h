#pragma once
// Writing record batches: each record is encoded straight into the open batch.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/result.h"
#include "record/batch_header.h"
#include "record/control_record.h"
#include "record/record_view.h"

namespace klamm::record {

/// Memory for one batch. The owner's deleter may give it back to a pool: it runs when neither the builder nor any Buffer
/// that close() returned holds it any more.
struct BatchMemory {
  std::shared_ptr<std::byte> bytes = {};
  std::size_t capacity = 0;

  [[nodiscard]] static BatchMemory allocate(std::size_t capacity);
};

/// How well a topic's records compress, learned from the batches closed so far: quick to grow worse, slow to grow better,
/// as Kafka's estimator. Threading: one thread, or under the owner's lock.
class CompressionRatio {
 public:
  [[nodiscard]] float estimate() const noexcept { return ratio_; }
  /// `observed`: compressed size / size.
  void observe(float observed) noexcept;
  /// A batch was refused as too large although the estimate said otherwise: begin anew.
  void reset() noexcept { ratio_ = 1.0F; }

 private:
  float ratio_ = 1.0F;
};

/// What is written into the header when a batch is closed.
struct BatchFields {
  Compression compression = {};
  std::int64_t baseOffset = 0;
  std::int32_t partitionLeaderEpoch = kNoPartitionLeaderEpoch;
  std::int64_t producerId = kNoProducerId;
  std::int16_t producerEpoch = kNoProducerEpoch;
  std::int32_t baseSequence = kNoSequence;
  bool transactional = false;
  bool control = false;
  /// Set: the timestamp type is LogAppendTime and this is the append time.
  std::optional<std::int64_t> logAppendTime = {};
};

/// Bytes that the record takes in a batch at most (its offset and timestamp deltas counted at their largest).
[[nodiscard]] std::size_t maxRecordSize(const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                                        std::span<const RecordHeader> headers = {}) noexcept;

/// An open batch.
///
///     memory: | 61 bytes left free | record 0 | record 1 | ...          | free ... capacity |
///                                                         ^ sizeInBytes()
///
/// append() copies key, value and headers in; nothing is allocated while the memory lasts, and when it does not, the batch
/// moves to memory of twice the size. close() fills in the header; a codec compresses the records first. Threading: one
/// thread, or under the owner's lock.
class BatchBuilder {
 public:
  /// With memory of the caller, e.g. from a pool; an empty one is allocated at the first record.
  explicit BatchBuilder(BatchMemory memory = {}) noexcept : memory_(std::move(memory)) {}

  /// Adds a record; its offset is baseOffset + count(). The bytes may be reused at once. False, with nothing added, only
  /// when the batch would pass 2^31-1 bytes or records.
  [[nodiscard]] bool append(std::int64_t timestamp, const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                            std::span<const RecordHeader> headers = {});
  /// Adds a control record; close with `control` set.
  [[nodiscard]] bool appendControl(std::int64_t timestamp, ControlRecordType type, BytesView value);

  [[nodiscard]] std::int32_t count() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Header and records as they are now, not compressed.
  [[nodiscard]] std::size_t sizeInBytes() const noexcept { return size_; }
  /// What the batch will take when it is closed, by a compression ratio (Kafka adds 5 % for safety).
  [[nodiscard]] std::size_t estimatedSize(float compressionRatio) const noexcept {
    return compressionRatio >= 1.0F ? size_ : compressedSize(compressionRatio);
  }
  /// True if a record of `recordSize` bytes may still be added to a batch of at most `limit` bytes; the first always may.
  [[nodiscard]] bool hasRoomFor(std::size_t recordSize, std::size_t limit, float compressionRatio = 1.0F) const noexcept {
    return count_ == 0 || estimatedSize(compressionRatio) + recordSize <= limit;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return memory_.capacity; }
  /// Goes on in other memory, of more than sizeInBytes().
  void moveTo(BatchMemory memory) noexcept;
  [[nodiscard]] std::int64_t baseTimestamp() const noexcept { return baseTimestamp_; }
  [[nodiscard]] std::int64_t maxTimestamp() const noexcept { return maxTimestamp_; }

  /// Compresses the records ahead of close(), on whichever thread has the time; nothing can be added afterwards. They go to
  /// memory of `source`, if there is one, and what held them is let go. Fails, and leaves the batch as it was, only when the codec does
  /// (UnsupportedCompressionType).
  using MemorySource = std::function<BatchMemory(std::size_t)>;
  [[nodiscard]] Status compress(Compression how, const MemorySource& source = {});
  [[nodiscard]] bool isCompressed() const noexcept { return isCompressed_; }

  /// Finishes the batch and gives it away: header, CRC, compressed records. The builder is empty and without memory
  /// afterwards. `observed` is told the compression ratio. Fails only when the codec does (UnsupportedCompressionType).
  [[nodiscard]] Result<Buffer> close(const BatchFields& fields, CompressionRatio* observed = nullptr);

 private:
  [[nodiscard]] std::size_t compressedSize(float ratio) const noexcept;
  /// Where the next record begins, with room for `bytes` behind it.
  [[nodiscard]] std::byte* reserve(std::size_t bytes) {
    const std::size_t needed = size_ + bytes;
    return needed <= memory_.capacity ? memory_.bytes.get() + size_ : grow(needed);
  }
  [[nodiscard]] std::byte* grow(std::size_t needed);

  BatchMemory memory_;
  std::size_t size_ = BatchHeader::kSize;
  std::int32_t count_ = 0;
  std::int64_t baseTimestamp_ = kNoTimestamp;
  std::int64_t maxTimestamp_ = kNoTimestamp;
  bool isCompressed_ = false;
  float ratio_ = 1.0F;  ///< of the compressed records to what they were
};

/// A batch of one control record, e.g. a transaction marker or the quorum's leader change; `value` is the encoded message.
[[nodiscard]] Buffer controlBatch(ControlRecordType type, BytesView value, std::int64_t timestamp, const BatchFields& fields);

/// The same batch under another producer id, epoch and sequence, in memory of its own (the old one may be on its way).
[[nodiscard]] Buffer withProducerState(const Buffer& batch, std::int64_t producerId, std::int16_t epoch, std::int32_t baseSequence);

}  // namespace klamm::record
