#pragma once
// Ref-counted slices of bytes: what frames, record batches and fetched records are made of.

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <klamm/bytes.h>

namespace klamm {

/// An immutable range of bytes that shares ownership of the memory it lies in. Copying and slicing cost a ref count.
///
///     owner:  [ frame header | topic | record batch ........ | ... ]
///     slice:                          ^data()        size()^
///
/// Threading: a value; the bytes may be read from any thread as long as one Buffer on them lives.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(std::shared_ptr<const void> owner, BytesView bytes) noexcept : owner_(std::move(owner)), bytes_(bytes) {}

  [[nodiscard]] static Buffer copyOf(BytesView bytes) {
    auto memory = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
    const BytesView view{memory.get(), bytes.size()};
    return {std::move(memory), view};
  }
  [[nodiscard]] static Buffer copyOf(std::string_view text) { return copyOf(asBytes(text)); }
  [[nodiscard]] static Buffer adopt(std::vector<std::byte> bytes) {
    auto memory = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    const BytesView view{memory->data(), memory->size()};
    return {std::move(memory), view};
  }
  /// Bytes that outlive every Buffer on them (literals, static tables).
  [[nodiscard]] static Buffer unowned(BytesView bytes) noexcept { return {nullptr, bytes}; }

  [[nodiscard]] const std::byte* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] BytesView view() const noexcept { return bytes_; }
  [[nodiscard]] std::string_view text() const noexcept { return asText(bytes_); }
  operator BytesView() const noexcept { return bytes_; }  // NOLINT(google-explicit-constructor)

  /// Bytes [offset, offset + length) of this slice; both must lie inside.
  [[nodiscard]] Buffer slice(std::size_t offset, std::size_t length) const { return {owner_, bytes_.subspan(offset, length)}; }
  [[nodiscard]] Buffer slice(std::size_t offset) const { return {owner_, bytes_.subspan(offset)}; }
  [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

  friend bool operator==(const Buffer& a, const Buffer& b) noexcept {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
  }

 private:
  std::shared_ptr<const void> owner_;
  BytesView bytes_;
};

}  // namespace klamm
