// gzip: libdeflate where the whole input is at hand (twice as fast as zlib), zlib where it is looked at piece by piece.

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>

#include "compress/codecs.h"

namespace klamm::compress::detail {
namespace {

constexpr CompressionType kType = CompressionType::Gzip;
constexpr int kDefaultLevel = 6;
/// No deflate stream is denser than 1032:1; past usual ratios memory grows step by step.
constexpr std::size_t kUsualRatio = 12;
constexpr std::size_t kTrailerSize = 8;  // CRC-32, length modulo 2^32, both little-endian

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const noexcept { libdeflate_free_compressor(compressor); }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const noexcept { libdeflate_free_decompressor(decompressor); }
};

libdeflate_compressor* compressorOf(int level) {
  thread_local std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor;
  thread_local int compressorLevel = 0;
  if (compressor == nullptr || compressorLevel != level) {
    compressor.reset(libdeflate_alloc_compressor(level));
    if (compressor == nullptr) throw std::bad_alloc();
    compressorLevel = level;
  }
  return compressor.get();
}

libdeflate_decompressor* decompressorOfThread() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  return decompressor.get();
}

/// The length that the last member claims, a hint.
std::size_t claimedSize(BytesView input) noexcept {
  if (input.size() < kTrailerSize) return 0;
  const auto* at = reinterpret_cast<const unsigned char*>(input.data() + input.size() - 4);
  return static_cast<std::size_t>(at[0]) | static_cast<std::size_t>(at[1]) << 8 | static_cast<std::size_t>(at[2]) << 16 |
         static_cast<std::size_t>(at[3]) << 24;
}

/// Inflates member after member. Threading: one thread.
class GzipStream final : public DecompressionStream {
 public:
  explicit GzipStream(BytesView input) noexcept : input_(input) {}
  ~GzipStream() override {
    if (open_) inflateEnd(&zlib_);
  }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<BytesView> next() override {
    if (failed_) return corrupt(kType, "the stream is damaged");
    if (!open_) {
      constexpr int gzipOnly = 15 + 16;
      if (inflateInit2(&zlib_, gzipOnly) != Z_OK) throw std::bad_alloc();
      open_ = true;
      piece_.resize(kPieceSize);
      feed();
    }
    zlib_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    zlib_.avail_out = static_cast<uInt>(piece_.size());
    while (zlib_.avail_out == piece_.size()) {  // until there is something to hand out
      if (memberEnded_) {
        if (zlib_.avail_in == 0 && !feed()) break;
        inflateReset(&zlib_);
        memberEnded_ = false;
      }
      const int code = inflate(&zlib_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        memberEnded_ = true;
      } else if ((code != Z_OK && code != Z_BUF_ERROR) || (zlib_.avail_in == 0 && zlib_.avail_out != 0 && !feed())) {
        failed_ = true;
        return corrupt(kType, code == Z_OK || code == Z_BUF_ERROR ? "the stream is cut off" : "the stream is damaged");
      }
    }
    return BytesView(piece_.data(), piece_.size() - zlib_.avail_out);
  }

 private:
  /// Gives zlib the next stretch of input (its counters have 32 bits); false when there is none.
  bool feed() noexcept {
    if (zlib_.avail_in != 0) return true;
    if (input_.empty()) return false;
    const std::size_t length = std::min<std::size_t>(input_.size(), 1U << 30);
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));  // zlib only reads it
    zlib_.avail_in = static_cast<uInt>(length);
    input_ = input_.subspan(length);
    return true;
  }

  BytesView input_;
  z_stream zlib_ = {};
  std::vector<std::byte> piece_;
  bool open_ = false;
  bool memberEnded_ = false;
  bool failed_ = false;
};

}  // namespace

Status compressGzip(int level, BytesView input, std::vector<std::byte>& out) {
  libdeflate_compressor* compressor = compressorOf(level < 0 ? kDefaultLevel : std::clamp(level, 1, 12));
  const std::size_t bound = libdeflate_gzip_compress_bound(compressor, input.size());
  std::byte* to = extend(out, bound);
  const std::size_t written = libdeflate_gzip_compress(compressor, input.data(), input.size(), to, bound);
  out.resize(out.size() - bound + written);
  return {};
}

Result<Buffer> decompressGzip(BytesView input, std::size_t limit) {
  libdeflate_decompressor* decompressor = decompressorOfThread();
  Output output(claimedSize(input), input.size() * kUsualRatio, limit);
  if (input.empty()) return corrupt(kType, "the stream is cut off");
  while (!input.empty()) {
    std::size_t read = 0;
    std::size_t written = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(decompressor, input.data(), input.size(), output.end(), output.room(), &read, &written);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (!output.grow()) return overLimit(kType, limit);
      continue;  // this member once more, into more room
    }
    if (result != LIBDEFLATE_SUCCESS) return corrupt(kType, "the stream is damaged or cut off");
    output.added(written);
    input = input.subspan(read);
  }
  return std::move(output).finish();
}

std::unique_ptr<DecompressionStream> openGzip(BytesView input) { return std::make_unique<GzipStream>(input); }

}  // namespace klamm::compress::detail
