// lz4 frames as Kafka's Java client writes them: independent blocks of 64 KiB, no checksum of blocks or content.

#include <lz4frame.h>
#include <lz4hc.h>

#include <algorithm>

#include "compress/codecs.h"

namespace klamm::compress::detail {
namespace {

constexpr CompressionType kType = CompressionType::Lz4;
constexpr std::size_t kUsualRatio = 8;

struct FreeContext {
  void operator()(LZ4F_dctx* context) const noexcept { LZ4F_freeDecompressionContext(context); }
};
using Context = std::unique_ptr<LZ4F_dctx, FreeContext>;

Context newContext() {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) throw std::bad_alloc();
  return Context(context);
}

/// Kafka's default level means the fast compressor; every other one the slower, denser kind.
int lz4Level(int level) noexcept {
  return level == compressionLevels(kType).byDefault ? 0 : std::clamp(level, LZ4HC_CLEVEL_MIN, LZ4HC_CLEVEL_MAX);
}

/// Frame after frame through one context. Threading: one thread.
class Frames {
 public:
  Frames(LZ4F_dctx* context, BytesView input) noexcept : context_(context), rest_(input) {}

  /// Fills `to` with what comes next; 0 with room left means the end.
  Result<std::size_t> read(std::byte* to, std::size_t room) {
    std::size_t filled = 0;
    while (filled < room && !(rest_.empty() && frameEnded_)) {
      std::size_t written = room - filled;
      std::size_t consumed = rest_.size();
      const std::size_t hint = LZ4F_decompress(context_, to + filled, &written, rest_.data(), &consumed, nullptr);
      if (LZ4F_isError(hint)) return corrupt(kType, LZ4F_getErrorName(hint));
      if (written == 0 && consumed == 0) return corrupt(kType, "the stream is cut off");
      filled += written;
      rest_ = rest_.subspan(consumed);
      frameEnded_ = hint == 0;
    }
    return filled;
  }
  [[nodiscard]] bool atEnd() const noexcept { return rest_.empty() && frameEnded_; }

 private:
  LZ4F_dctx* context_;
  BytesView rest_;
  bool frameEnded_ = false;
};

}  // namespace

Status compressLz4(int level, BytesView input, std::vector<std::byte>& out) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.compressionLevel = lz4Level(level);
  const std::size_t bound = LZ4F_compressFrameBound(input.size(), &preferences);
  std::byte* to = extend(out, bound);
  const std::size_t written = LZ4F_compressFrame(to, bound, input.data(), input.size(), &preferences);
  if (LZ4F_isError(written)) return fail(ErrorCode::UnknownServerError, std::string("lz4: ") + LZ4F_getErrorName(written));
  out.resize(out.size() - bound + written);
  return {};
}

Result<Buffer> decompressLz4(BytesView input, std::size_t limit) {
  thread_local const Context context = newContext();
  LZ4F_resetDecompressionContext(context.get());
  Frames frames(context.get(), input);
  return drain(kType, frames, Output(input.size() * kUsualRatio, input.size() * kUsualRatio, limit), limit);
}

std::unique_ptr<DecompressionStream> openLz4(BytesView input) {
  return std::make_unique<FrameStream<Context, Frames>>(kType, newContext(), input);
}

}  // namespace klamm::compress::detail
