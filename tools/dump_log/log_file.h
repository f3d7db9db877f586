#pragma once
// The files of a partition folder, read piece by piece.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/parts.h"
#include "base/result.h"
#include "record/batch.h"

namespace klamm::tools::dump {

/// A file that is read at given positions. Threading: one thread.
class InputFile {
 public:
  [[nodiscard]] static Result<InputFile> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// At most `length` bytes; fewer at the end of the file.
  [[nodiscard]] Result<Buffer> read(std::uint64_t position, std::size_t length) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const FileHandle> handle_;
  std::uint64_t size_ = 0;
};

/// Goes through the batches of a log segment between two positions, as Kafka's FileRecords: a batch that is cut off is where
/// it ends, a length that cannot be is an error. Threading: one thread.
class SegmentReader {
 public:
  SegmentReader(const InputFile& file, std::uint64_t begin, std::uint64_t end) noexcept
      : file_(file), position_(begin), end_(std::min(end, file.size())) {}

  [[nodiscard]] Result<std::optional<record::RecordBatchView>> next();
  /// Where the next batch begins.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

 private:
  const InputFile& file_;
  std::uint64_t position_;
  std::uint64_t end_;
};

/// The number that the name of a segment's file begins with, or nothing.
[[nodiscard]] std::optional<std::int64_t> offsetOfName(const std::filesystem::path& path);

/// The file beside this one with the same number and another ending.
[[nodiscard]] std::filesystem::path sibling(const std::filesystem::path& path, std::string_view ending);

}  // namespace klamm::tools::dump
