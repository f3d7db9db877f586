// snappy in the framing of snappy-java, which Kafka's Java client writes, and bare as some other clients write it:
//
//     82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version int32 | compatible version int32 | { length int32 | block }...
//
// A block is a bare snappy stream of at most 32 KiB of content when we or Java write it.

#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "compress/codecs.h"

namespace klamm::compress::detail {
namespace {

constexpr CompressionType kType = CompressionType::Snappy;
constexpr std::size_t kBlockSize = 32 * 1024;
constexpr std::array<unsigned char, 8> kMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kHeaderSize = kMagic.size() + 8;
/// A copy element of 3 bytes yields at most 64: no snappy stream is denser, so a claim beyond is a lie.
constexpr std::size_t kHighestRatio = 22;

bool startsWithMagic(BytesView input) noexcept {
  return input.size() >= kHeaderSize && std::memcmp(input.data(), kMagic.data(), kMagic.size()) == 0;
}

const char* chars(BytesView bytes) noexcept { return reinterpret_cast<const char*>(bytes.data()); }

/// Cuts the input into bare snappy blocks. Threading: one thread.
class Blocks {
 public:
  explicit Blocks(BytesView input) noexcept : rest_(input), framed_(startsWithMagic(input)), cut_(input.empty()) {}

  /// The next block; empty at the end.
  Result<BytesView> next() {
    if (cut_) return corrupt(kType, "the stream is cut off");
    if (!framed_) return std::exchange(rest_, {});
    while (startsWithMagic(rest_)) rest_ = rest_.subspan(kHeaderSize);  // streams that follow one another
    if (rest_.empty()) return BytesView();
    ByteReader reader(rest_);
    const auto length = reader.read<std::int32_t>();
    const auto block = length && *length > 0 ? reader.readBytes(static_cast<std::size_t>(*length)) : std::nullopt;
    if (!block) return corrupt(kType, "the stream is cut off or a block's length is wrong");
    rest_ = rest_.subspan(reader.position());
    return *block;
  }

 private:
  BytesView rest_;
  bool framed_;
  bool cut_;
};

/// The size of a block's content, as far as the block's own size lets it be true.
Result<std::size_t> contentSize(BytesView block) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(chars(block), block.size(), &size) || size > block.size() * kHighestRatio)
    return corrupt(kType, "a block is damaged");
  return size;
}

/// Threading: one thread.
class SnappyStream final : public DecompressionStream {
 public:
  explicit SnappyStream(BytesView input) noexcept : blocks_(input) {}

  Result<BytesView> next() override {
    if (failed_) return corrupt(kType, "the stream is damaged");
    auto piece = nextPiece();
    failed_ = !piece;
    return piece;
  }

 private:
  Result<BytesView> nextPiece() {
    for (;;) {
      KLAMM_TRY_ASSIGN(const BytesView block, blocks_.next());
      if (block.empty()) return BytesView();
      KLAMM_TRY_ASSIGN(const std::size_t size, contentSize(block));
      piece_.resize(std::max(size, piece_.size()));
      if (!snappy::RawUncompress(chars(block), block.size(), reinterpret_cast<char*>(piece_.data())))
        return corrupt(kType, "a block is damaged");
      if (size != 0) return BytesView(piece_.data(), size);
    }
  }

  Blocks blocks_;
  std::vector<std::byte> piece_;
  bool failed_ = false;
};

}  // namespace

Status compressSnappy(BytesView input, std::vector<std::byte>& out) {
  std::byte* to = extend(out, kHeaderSize);
  std::memcpy(to, kMagic.data(), kMagic.size());
  storeBigEndian<std::int32_t>(to + 8, 1);
  storeBigEndian<std::int32_t>(to + 12, 1);
  while (!input.empty()) {
    const BytesView block = input.first(std::min(input.size(), kBlockSize));
    const std::size_t bound = 4 + snappy::MaxCompressedLength(block.size());
    to = extend(out, bound);
    std::size_t written = 0;
    snappy::RawCompress(chars(block), block.size(), reinterpret_cast<char*>(to + 4), &written);
    storeBigEndian(to, static_cast<std::int32_t>(written));
    out.resize(out.size() - bound + 4 + written);
    input = input.subspan(block.size());
  }
  return {};
}

Result<Buffer> decompressSnappy(BytesView input, std::size_t limit) {
  // The blocks are walked twice: their own headers tell how much memory is needed, and their sizes bound those claims.
  std::size_t total = 0;
  for (Blocks blocks(input);;) {
    KLAMM_TRY_ASSIGN(const BytesView block, blocks.next());
    if (block.empty()) break;
    KLAMM_TRY_ASSIGN(const std::size_t size, contentSize(block));
    total += size;
    if (total > limit) return overLimit(kType, limit);
  }
  Output output(total, total, limit);
  for (Blocks blocks(input);;) {
    KLAMM_TRY_ASSIGN(const BytesView block, blocks.next());
    if (block.empty()) break;
    KLAMM_TRY_ASSIGN(const std::size_t size, contentSize(block));
    if (!snappy::RawUncompress(chars(block), block.size(), reinterpret_cast<char*>(output.end())))
      return corrupt(kType, "a block is damaged");
    output.added(size);
  }
  return std::move(output).finish();
}

std::unique_ptr<DecompressionStream> openSnappy(BytesView input) { return std::make_unique<SnappyStream>(input); }

}  // namespace klamm::compress::detail
