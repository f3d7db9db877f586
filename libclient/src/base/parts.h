#pragma once
// What is sent: a list of byte slices and file ranges. The connection chooses gather write, sendfile or copy.

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/buffer.h"

namespace klamm {

/// A file that stays open while a range of it waits to be sent. Threading: immutable; closes on destruction.
class FileHandle {
 public:
  explicit FileHandle(int descriptor) noexcept : descriptor_(descriptor) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

struct FileRange {
  std::shared_ptr<const FileHandle> file = {};
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const FileRange&, const FileRange&) = default;
};

using Part = std::variant<Buffer, FileRange>;

[[nodiscard]] inline std::uint64_t sizeOf(const Part& part) noexcept {
  if (const auto* buffer = std::get_if<Buffer>(&part)) return buffer->size();
  return std::get<FileRange>(part).length;
}

/// Bytes in order, held by reference. As the payload of a `records` field it is one slice after decoding, and any
/// number of slices and file ranges before encoding. Threading: a value.
class Parts {
 public:
  Parts() = default;
  Parts(Buffer buffer) { add(Part(std::move(buffer))); }  // NOLINT(google-explicit-constructor)
  void add(Part part) {
    if (sizeOf(part) != 0) parts_.push_back(std::move(part));
  }
  void add(const Parts& more) { parts_.insert(parts_.end(), more.parts_.begin(), more.parts_.end()); }
  [[nodiscard]] std::uint64_t size() const noexcept {
    std::uint64_t sum = 0;
    for (const Part& part : parts_) sum += sizeOf(part);
    return sum;
  }
  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }
  [[nodiscard]] const std::vector<Part>& list() const noexcept { return parts_; }
  /// The only slice, or an empty one: what a decoded message holds.
  [[nodiscard]] Buffer buffer() const {
    const auto* first = parts_.empty() ? nullptr : std::get_if<Buffer>(&parts_.front());
    return first != nullptr && parts_.size() == 1 ? *first : Buffer();
  }
  friend bool operator==(const Parts&, const Parts&) = default;

 private:
  std::vector<Part> parts_;
};

}  // namespace klamm
