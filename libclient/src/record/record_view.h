#pragma once
// Records as views into the bytes of their batch.

#include <cstdint>
#include <optional>
#include <string_view>

#include <klamm/headers.h>

#include "base/buffer.h"
#include "base/bytes.h"

namespace klamm::record {

/// A header of a record; what it points to belongs to the batch (when read) or the caller (when written).
using RecordHeader = Header;

/// The headers of one record, decoded while iterating: `for (const RecordHeader& header : record.headers)`. Their bytes
/// were checked when the record was read. Threading: a value; lives as long as the batch's bytes.
class RecordHeaders {
 public:
  RecordHeaders() noexcept = default;
  RecordHeaders(std::uint32_t count, BytesView encoded) noexcept : count_(count), encoded_(encoded) {}

  class Iterator {
   public:
    using value_type = RecordHeader;
    using difference_type = std::ptrdiff_t;
    Iterator() noexcept = default;
    Iterator(std::uint32_t left, BytesView encoded) noexcept : left_(left), encoded_(encoded) { decode(); }
    [[nodiscard]] const RecordHeader& operator*() const noexcept { return header_; }
    [[nodiscard]] const RecordHeader* operator->() const noexcept { return &header_; }
    Iterator& operator++() noexcept {
      --left_;
      decode();
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.left_ == b.left_; }

   private:
    void decode() noexcept;
    std::uint32_t left_ = 0;
    BytesView encoded_ = {};
    RecordHeader header_ = {};
  };

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] Iterator begin() const noexcept { return {count_, encoded_}; }
  [[nodiscard]] Iterator end() const noexcept { return {0, {}}; }
  /// The encoded headers without their count, to be stored or handed on as they are.
  [[nodiscard]] BytesView encoded() const noexcept { return encoded_; }

 private:
  std::uint32_t count_ = 0;
  BytesView encoded_ = {};
};

/// One record. Layout, numbers as zigzag varints unless said otherwise:
///
///     length | attributes int8 | timestampDelta | offsetDelta | keyLength key | valueLength value | headerCount headers
///     header: keyLength key | valueLength value            a length of -1 is null; a header's key is never null
///
/// Threading: a value; lives as long as the batch's bytes.
struct RecordView {
  std::int64_t offset = 0;
  std::int64_t timestamp = -1;  ///< the batch's maxTimestamp if that is the append time
  std::optional<BytesView> key = {};
  std::optional<BytesView> value = {};
  RecordHeaders headers = {};
  std::int32_t sizeInBytes = 0;  ///< in the batch, with its length prefix
};

}  // namespace klamm::record
