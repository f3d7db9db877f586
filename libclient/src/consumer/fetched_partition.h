#pragma once
// One partition's share of one Fetch answer: checked when it arrives, taken by the application bit by bit.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <klamm/detail/fetched_records.h>

#include "base/buffer.h"
#include "base/result.h"
#include "protocol/01_fetch.h"
#include "record/batch.h"

namespace klamm::consumer {

/// Where the records came from and what is to be made of them.
struct FetchedSource {
  std::shared_ptr<const TopicPartition> partition = {};
  std::uint64_t incarnation = 0;
  std::int64_t fetchOffset = 0;
  bool checkCrcs = true;
  bool readCommitted = false;
  /// Aborted transactions in the range (read_committed); any order.
  std::vector<protocol::FetchResponse::AbortedTransaction> aborted = {};
};

/// The largest batch that is decompressed. No broker stores such batches; a batch that claims more is an attack.
inline constexpr std::size_t kMaxDecompressedBatch = std::size_t{256} * 1024 * 1024;

/// Takes records out of fetched batches. arrive() walks the batch headers (and checksums), take() the records.
///
///     fetchOffset --> | batch | batch | control | batch (aborted) | batch | cut off |
///                        ^ take() stands here                              ^ nextFetch()
///
/// Threading: arrive() on the I/O thread; then handed over to the application's thread as a whole.
class FetchedPartition {
 public:
  /// Never fails: damage is met by take() where it lies.
  [[nodiscard]] static std::unique_ptr<FetchedPartition> arrive(FetchedSource source, Buffer records);
  /// An answer without records that the application has to hear of at this offset.
  [[nodiscard]] static std::unique_ptr<FetchedPartition> broken(FetchedSource source, Error error);

  [[nodiscard]] const FetchedSource& source() const noexcept { return source_; }
  /// Bytes that this keeps in memory.
  [[nodiscard]] std::size_t sizeInBytes() const noexcept { return sizeInBytes_; }
  /// The offset behind the last whole and sound batch: where the next Fetch begins.
  [[nodiscard]] std::int64_t nextFetch() const noexcept { return nextFetch_; }
  /// False when fetching on makes no sense before the application has dealt with arrivalError().
  [[nodiscard]] bool sound() const noexcept { return !error_; }
  [[nodiscard]] const Error& arrivalError() const noexcept { return error_; }

  /// Before anything is taken: what lies before `offset` is known already.
  void beginAt(std::int64_t offset) noexcept { position_ = std::max(position_, offset); }
  /// Adds at most `limit` records to `out`, as one PartitionRun. An error (of the batch at position()) comes only when
  /// nothing was added. After it, or when drained, there is nothing more.
  [[nodiscard]] Status take(std::size_t limit, detail::FetchedRecords& out);
  /// Bytes of the records taken so far, decompressed.
  [[nodiscard]] std::uint64_t bytesTaken() const noexcept { return bytesTaken_; }
  [[nodiscard]] bool drained() const noexcept { return drained_ && !damage_; }
  /// The offset behind what was taken, gaps of compaction and control batches included.
  [[nodiscard]] std::int64_t position() const noexcept { return position_; }
  [[nodiscard]] std::optional<std::int32_t> epoch() const noexcept { return epoch_; }

 private:
  explicit FetchedPartition(FetchedSource source);
  void inspect(const Buffer& records);
  void nextBatch();
  [[nodiscard]] bool hides(const record::RecordBatchView& batch);
  void closeBatch();
  std::size_t takeRun(std::size_t limit, detail::FetchedRecords& out);
  [[nodiscard]] Status damage() const;

  FetchedSource source_;
  std::size_t sizeInBytes_ = 0;
  std::int64_t nextFetch_ = 0;
  Error error_;  ///< met behind the last sound batch
  bool answeredError_ = false;
  record::BatchReader batches_{Buffer{}};
  std::set<std::int64_t> abortedProducers_;
  std::size_t nextAborted_ = 0;

  bool inBatch_ = false;
  record::BatchHeader header_;
  record::RecordReader records_;

  std::int64_t position_ = 0;
  std::optional<std::int32_t> epoch_;
  std::uint64_t bytesTaken_ = 0;
  bool drained_ = false;  ///< every sound batch has been taken
  Error damage_;          ///< met while taking: nothing more comes
};

}  // namespace klamm::consumer
