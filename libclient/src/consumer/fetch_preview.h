#pragma once
// What the front of a Fetch answer tells while the rest of it is still on its way.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/uuid.h"

namespace klamm::consumer {

/// Walks the headers of an answer that has not come whole, from where it stopped the last time, until it is known where each
/// partition goes on:
///
///     | throttle, error, session | topic | partition | batch header, records ... | batch header, records ......
///                                                                                 ^ enough: no whole batch will follow
///
/// Nothing is checked by it but that the answer is a plain one: no error, no throttling, no redirection, no aborted
/// transaction, batches of format v2 whose offsets ascend. Behind a large batch it does not wait for the header of what is
/// cut off. So what it tells may be wrong, too high in a damaged answer and too low else; the whole answer decides.
///
/// Threading: one thread.
class FetchPreview {
 public:
  enum class Sight : std::uint8_t {
    NotYet,   ///< more bytes may tell
    Known,    ///< partitions() is complete
    Nothing,  ///< this answer has to be there as a whole
  };
  struct Partition {
    std::string topic = {};  ///< in version 12
    Uuid topicId = {};       ///< above
    std::int32_t index = -1;
    std::int64_t next = -1;  ///< behind its last whole batch; -1: it has no records
  };

  explicit FetchPreview(std::int16_t version) noexcept : version_(version), sight_(version < kFirstVersion ? Sight::Nothing : Sight::NotYet) {}

  /// `front`: the frame as far as it is there, without its length. Each call brings the bytes of the one before and more.
  Sight look(BytesView front);
  [[nodiscard]] std::int32_t sessionId() const noexcept { return sessionId_; }
  /// In the order of the answer.
  [[nodiscard]] const std::vector<Partition>& partitions() const noexcept { return partitions_; }

 private:
  /// Versions below write lengths another way. Brokers of the last five years have this one.
  static constexpr std::int16_t kFirstVersion = 12;
  /// Behind a batch that is so many times as large as what is left, the rest is taken for the front of a batch that is cut off.
  static constexpr std::size_t kCutOffShare = 8;

  enum class Step : std::uint8_t { Start, Topic, Partition, Batch, PartitionEnd };

  /// Each reads one piece, or says false and leaves everything as it is: it is not there as a whole, or sight_ has changed.
  bool read(ByteReader& reader);
  bool readStart(ByteReader& reader);
  bool readTopic(ByteReader& reader);
  bool readPartition(ByteReader& reader);
  bool readBatch(ByteReader& reader);
  bool readPartitionEnd(ByteReader& reader);
  bool nothing() noexcept;
  bool endRecords() noexcept;

  std::int16_t version_;
  Sight sight_;
  Step step_ = Step::Start;
  std::size_t at_ = 0;  ///< what was read of the frame
  std::int32_t sessionId_ = 0;
  std::uint32_t topicsLeft_ = 0;
  std::uint32_t partitionsLeft_ = 0;  ///< of the topic
  std::size_t recordsLeft_ = 0;       ///< bytes, of the partition
  std::size_t lastBatch_ = 0;         ///< bytes
  Partition topic_;                   ///< what its partitions have in common
  std::vector<Partition> partitions_;
};

}  // namespace klamm::consumer
