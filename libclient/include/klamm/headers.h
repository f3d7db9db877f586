#pragma once
// Headers of records: a key that is text and a value that is bytes or null, in order; keys may repeat.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include <klamm/bytes.h>

namespace [[gnu::visibility("default")]] klamm {

/// One header as views. `value == std::nullopt` is Kafka's null. For send() it need only live until send returns:
///
///     const klamm::Header headers[] = {{"trace", klamm::asBytes(id)}, {"retry", std::nullopt}};
///     producer.send({.topic = "orders", .value = order, .headers = headers}, nullptr);
///
/// Threading: a value.
struct Header {
  std::string_view key = {};
  std::optional<BytesView> value = {};
};

/// The headers of a consumed record, decoded while they are looked at:
///
///     [key length | key | value length (-1: null) | value] * count      lengths are zigzag varints (record batch v2)
///
/// Valid as long as the ConsumerRecords that the record lies in. Threading: a value; reading is safe from any thread.
class HeadersView {
 public:
  HeadersView() noexcept = default;
  /// `encoded` holds exactly `count` well-formed headers: the batch was checked when it arrived.
  HeadersView(std::size_t count, BytesView encoded) noexcept : count_(count), encoded_(encoded) {}

  /// Threading: a value.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Header;
    using difference_type = std::ptrdiff_t;
    using pointer = const Header*;
    using reference = const Header&;

    Iterator() noexcept = default;
    Iterator(std::size_t left, const std::byte* at) noexcept : left_(left), at_(at) { decode(); }
    reference operator*() const noexcept { return header_; }
    pointer operator->() const noexcept { return &header_; }
    Iterator& operator++() noexcept {
      --left_;
      decode();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.left_ == b.left_; }

   private:
    /// Surplus bits of a fifth byte are dropped, exactly as by the check that the batch has passed.
    std::int32_t varint() noexcept {
      std::uint64_t wide = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<std::uint64_t>(*at_++);
        wide |= (byte & 0x7F) << shift;
        if (byte < 0x80) break;
      }
      const auto value = static_cast<std::uint32_t>(wide);
      return static_cast<std::int32_t>(value >> 1) ^ -static_cast<std::int32_t>(value & 1);
    }
    void decode() noexcept {
      if (left_ == 0) return;
      const auto keySize = static_cast<std::size_t>(varint());
      header_.key = asText({at_, keySize});
      at_ += keySize;
      const std::int32_t valueSize = varint();
      header_.value.reset();
      if (valueSize < 0) return;
      header_.value = BytesView(at_, static_cast<std::size_t>(valueSize));
      at_ += valueSize;
    }
    std::size_t left_ = 0;
    const std::byte* at_ = nullptr;
    Header header_;
  };

  [[nodiscard]] Iterator begin() const noexcept { return {count_, encoded_.data()}; }
  [[nodiscard]] Iterator end() const noexcept { return {0, nullptr}; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// The last header with this key, as Headers.lastHeader of Java.
  [[nodiscard]] std::optional<Header> last(std::string_view key) const noexcept {
    std::optional<Header> found;
    for (const Header& header : *this) {
      if (header.key == key) found = header;
    }
    return found;
  }

 private:
  std::size_t count_ = 0;
  BytesView encoded_;
};

}  // namespace klamm
