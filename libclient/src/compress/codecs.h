#pragma once
// What each codec offers to codec.cc; not for other folders.

#include "compress/codec.h"

namespace klamm::compress::detail {

/// Bytes that streams hand out at a time and that whole decompression grows by at first.
inline constexpr std::size_t kPieceSize = 64 * 1024;

[[nodiscard]] inline tl::unexpected<Error> corrupt(CompressionType type, std::string_view what) {
  return fail(ErrorCode::CorruptMessage, std::string(compressionName(type)).append(": ").append(what));
}
[[nodiscard]] inline tl::unexpected<Error> overLimit(CompressionType type, std::size_t limit) {
  return fail(ErrorCode::MessageTooLarge,
              std::string(compressionName(type)).append(": the content is larger than ").append(std::to_string(limit)).append(" bytes"));
}

/// Output memory of unknown final size: doubles up to a limit, never by what the input claims alone. Threading: one thread.
class Output {
 public:
  /// `hint`: the claimed size; it is believed as far as `plausible` (what the input could hold at usual ratios).
  Output(std::size_t hint, std::size_t plausible, std::size_t limit);

  [[nodiscard]] std::byte* end() noexcept { return memory_.get() + size_; }
  [[nodiscard]] std::size_t room() const noexcept { return capacity_ - size_; }
  void added(std::size_t bytes) noexcept { size_ += bytes; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Makes at least one byte of room; false when the limit is reached.
  [[nodiscard]] bool grow();
  [[nodiscard]] Buffer finish() &&;

 private:
  std::shared_ptr<std::byte[]> memory_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t limit_;
};

/// Reads `frames` to their end. `read(to, room)` fills the room unless the end comes first; `atEnd()` tells that it came.
template <class Frames>
Result<Buffer> drain(CompressionType type, Frames& frames, Output output, std::size_t limit) {
  for (;;) {
    KLAMM_TRY_ASSIGN(const std::size_t filled, frames.read(output.end(), output.room()));
    output.added(filled);
    if (frames.atEnd()) break;
    std::byte beyond{};  // the memory is full: often only the end of the frame follows
    KLAMM_TRY_ASSIGN(const std::size_t more, frames.read(&beyond, 1));
    if (more == 0) break;
    if (!output.grow()) return overLimit(type, limit);
    *output.end() = beyond;
    output.added(1);
  }
  return std::move(output).finish();
}

/// Hands out piece by piece what `Frames` reads through a `Context` of its own. Threading: one thread.
template <class Context, class Frames>
class FrameStream final : public DecompressionStream {
 public:
  FrameStream(CompressionType type, Context context, BytesView input)
      : type_(type), context_(std::move(context)), frames_(context_.get(), input) {}

  Result<BytesView> next() override {
    if (failed_) return corrupt(type_, "the stream is damaged");
    piece_.resize(kPieceSize);
    const auto filled = frames_.read(piece_.data(), piece_.size());
    failed_ = !filled;
    if (!filled) return tl::unexpected<Error>(filled.error());
    return BytesView(piece_.data(), *filled);
  }

 private:
  CompressionType type_;
  Context context_;
  Frames frames_;
  std::vector<std::byte> piece_;
  bool failed_ = false;
};

/// Makes room for `bytes` behind what `out` holds and returns where it begins.
[[nodiscard]] inline std::byte* extend(std::vector<std::byte>& out, std::size_t bytes) {
  const std::size_t at = out.size();
  out.resize(at + bytes);
  return out.data() + at;
}

Status compressGzip(int level, BytesView input, std::vector<std::byte>& out);
Status compressSnappy(BytesView input, std::vector<std::byte>& out);
Status compressLz4(int level, BytesView input, std::vector<std::byte>& out);
Status compressZstd(int level, BytesView input, std::vector<std::byte>& out);

Result<Buffer> decompressGzip(BytesView input, std::size_t limit);
Result<Buffer> decompressSnappy(BytesView input, std::size_t limit);
Result<Buffer> decompressLz4(BytesView input, std::size_t limit);
Result<Buffer> decompressZstd(BytesView input, std::size_t limit);

std::unique_ptr<DecompressionStream> openGzip(BytesView input);
std::unique_ptr<DecompressionStream> openSnappy(BytesView input);
std::unique_ptr<DecompressionStream> openLz4(BytesView input);
std::unique_ptr<DecompressionStream> openZstd(BytesView input);

}  // namespace klamm::compress::detail
