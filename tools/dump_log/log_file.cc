#include "dump_log/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace klamm::tools::dump {

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  InputFile file;
  file.path_ = path;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(ErrorCode::IoFailed, fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  file.handle_ = std::make_shared<const FileHandle>(descriptor);
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return fail(ErrorCode::IoFailed, path.string() + " is not a file");
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<Buffer> InputFile::read(std::uint64_t position, std::size_t length) const {
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - std::min(size_, position)));
  auto memory = std::make_shared_for_overwrite<std::byte[]>(length);
  std::size_t filled = 0;
  while (filled < length) {
    const ssize_t got = ::pread(handle_->descriptor(), memory.get() + filled, length - filled, static_cast<off_t>(position + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::IoFailed, fmt::format("cannot read {}: {}", path_.string(), std::strerror(errno)));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  const BytesView view(memory.get(), filled);
  return Buffer(std::move(memory), view);
}

Result<std::optional<record::RecordBatchView>> SegmentReader::next() {
  using record::BatchHeader;
  constexpr std::size_t upToMagic = 17;
  constexpr std::int32_t smallest = 14;  // the overhead of Kafka's oldest format
  if (position_ + upToMagic >= end_) return std::nullopt;
  KLAMM_TRY_ASSIGN(const Buffer front, file_.read(position_, upToMagic));
  if (front.size() < upToMagic) return std::nullopt;
  const auto length = loadBigEndian<std::int32_t>(front.data() + 8);
  if (length < smallest) {
    return fail(ErrorCode::CorruptMessage, fmt::format("Found record size {} smaller than minimum record overhead ({}) in file {}.", length,
                                                       smallest, file_.path().string()));
  }
  const std::uint64_t size = BatchHeader::kLogOverhead + static_cast<std::uint64_t>(length);
  if (position_ + size > end_) return std::nullopt;
  KLAMM_TRY_ASSIGN(const Buffer bytes, file_.read(position_, static_cast<std::size_t>(size)));
  KLAMM_TRY_ASSIGN(record::RecordBatchView batch, record::RecordBatchView::parse(bytes));
  position_ += size;
  return batch;
}

std::optional<std::int64_t> offsetOfName(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), offset);
  if (error != std::errc() || end == name.data() + name.size() || *end != '.') return std::nullopt;
  return offset;
}

std::filesystem::path sibling(const std::filesystem::path& path, std::string_view ending) {
  const std::string name = path.filename().string();
  return path.parent_path() / (name.substr(0, name.find('.')) + std::string(ending));
}

}  // namespace klamm::tools::dump
