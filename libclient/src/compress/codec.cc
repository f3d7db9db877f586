#include "compress/codec.h"

#include <algorithm>
#include <cstring>

#include "compress/codecs.h"

namespace klamm::compress {
namespace {

struct Row {
  CompressionType type;
  std::string_view name;
  CompressionLevels levels;
};

constexpr Row kRows[] = {
    {CompressionType::None, "none", {0, 0, 0}},
    {CompressionType::Gzip, "gzip", {1, 9, -1}},  // -1: zlib's own default, which is 6
    {CompressionType::Snappy, "snappy", {0, 0, 0}},
    {CompressionType::Lz4, "lz4", {1, 17, 9}},
    {CompressionType::Zstd, "zstd", {-131072, 22, 3}},
};

/// The input itself, for batches without a codec.
class PlainStream final : public DecompressionStream {
 public:
  explicit PlainStream(BytesView input) noexcept : input_(input) {}
  Result<BytesView> next() override { return std::exchange(input_, {}); }

 private:
  BytesView input_;
};

}  // namespace

std::string_view compressionName(CompressionType type) noexcept { return kRows[static_cast<std::size_t>(type)].name; }

std::optional<CompressionType> compressionFromName(std::string_view name) noexcept {
  for (const Row& row : kRows)
    if (row.name == name) return row.type;
  return std::nullopt;
}

std::optional<CompressionType> compressionFromId(int id) noexcept {
  if (id < 0 || id >= static_cast<int>(std::size(kRows))) return std::nullopt;
  return static_cast<CompressionType>(id);
}

CompressionLevels compressionLevels(CompressionType type) noexcept { return kRows[static_cast<std::size_t>(type)].levels; }

Status compress(Compression how, BytesView input, std::vector<std::byte>& out) {
  const int level = how.level.value_or(compressionLevels(how.type).byDefault);
  switch (how.type) {
    case CompressionType::None: out.insert(out.end(), input.begin(), input.end()); return {};
    case CompressionType::Gzip: return detail::compressGzip(level, input, out);
    case CompressionType::Snappy: return detail::compressSnappy(input, out);
    case CompressionType::Lz4: return detail::compressLz4(level, input, out);
    case CompressionType::Zstd: return detail::compressZstd(level, input, out);
  }
  return fail(ErrorCode::UnsupportedCompressionType);
}

Result<Buffer> decompress(CompressionType type, BytesView input, std::size_t limit) {
  switch (type) {
    case CompressionType::None:
      if (input.size() > limit) return detail::overLimit(type, limit);
      return Buffer::copyOf(input);
    case CompressionType::Gzip: return detail::decompressGzip(input, limit);
    case CompressionType::Snappy: return detail::decompressSnappy(input, limit);
    case CompressionType::Lz4: return detail::decompressLz4(input, limit);
    case CompressionType::Zstd: return detail::decompressZstd(input, limit);
  }
  return fail(ErrorCode::UnsupportedCompressionType);
}

std::unique_ptr<DecompressionStream> openStream(CompressionType type, BytesView input) {
  switch (type) {
    case CompressionType::None: break;
    case CompressionType::Gzip: return detail::openGzip(input);
    case CompressionType::Snappy: return detail::openSnappy(input);
    case CompressionType::Lz4: return detail::openLz4(input);
    case CompressionType::Zstd: return detail::openZstd(input);
  }
  return std::make_unique<PlainStream>(input);
}

namespace detail {

Output::Output(std::size_t hint, std::size_t plausible, std::size_t limit) : limit_(limit) {
  capacity_ = std::min({std::max<std::size_t>(hint, 1), std::max(plausible, kPieceSize), std::max<std::size_t>(limit, 1)});
  memory_ = std::make_shared_for_overwrite<std::byte[]>(capacity_);
}

bool Output::grow() {
  if (capacity_ >= limit_) return false;
  const std::size_t larger = std::min(std::max(capacity_ * 2, kPieceSize), limit_);
  auto memory = std::make_shared_for_overwrite<std::byte[]>(larger);
  std::memcpy(memory.get(), memory_.get(), size_);
  memory_ = std::move(memory);
  capacity_ = larger;
  return true;
}

Buffer Output::finish() && {
  const BytesView view{memory_.get(), size_};
  return {std::move(memory_), view};
}

}  // namespace detail
}  // namespace klamm::compress
