// zstd frames, with contexts kept per thread.

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "compress/codecs.h"

namespace klamm::compress::detail {
namespace {

constexpr CompressionType kType = CompressionType::Zstd;
constexpr std::size_t kUsualRatio = 16;
/// Windows up to 128 MiB, as Kafka's zstd-jni takes them: level 22 writes such frames, whatever is in them.
constexpr int kMaxWindowLog = 27;
/// A context that had to hold a larger window is not kept for the next batch.
constexpr std::size_t kKeptContext = std::size_t{16} * 1024 * 1024;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
using Context = std::unique_ptr<ZSTD_DCtx, FreeDecompressor>;

Context newContext() {
  Context context(ZSTD_createDCtx());
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  return context;
}

/// Frame after frame through one context. Threading: one thread.
class Frames {
 public:
  Frames(ZSTD_DCtx* context, BytesView input) noexcept : context_(context), input_{input.data(), input.size(), 0} {}

  /// Fills `to` with what comes next; 0 with room left means the end.
  Result<std::size_t> read(std::byte* to, std::size_t room) {
    ZSTD_outBuffer output{to, room, 0};
    while (output.pos < output.size && !atEnd()) {
      const std::size_t consumedBefore = input_.pos;
      const std::size_t writtenBefore = output.pos;
      const std::size_t hint = ZSTD_decompressStream(context_, &output, &input_);
      if (ZSTD_isError(hint)) return corrupt(kType, ZSTD_getErrorName(hint));
      frameEnded_ = hint == 0;
      if (!frameEnded_ && input_.pos == consumedBefore && output.pos == writtenBefore) return corrupt(kType, "the stream is cut off");
    }
    return output.pos;
  }
  [[nodiscard]] bool atEnd() const noexcept { return frameEnded_ && input_.pos == input_.size; }

 private:
  ZSTD_DCtx* context_;
  ZSTD_inBuffer input_;
  bool frameEnded_ = false;
};

}  // namespace

Status compressZstd(int level, BytesView input, std::vector<std::byte>& out) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  if (context == nullptr) throw std::bad_alloc();
  const std::size_t bound = ZSTD_compressBound(input.size());
  std::byte* to = extend(out, bound);
  const std::size_t written = ZSTD_compressCCtx(context.get(), to, bound, input.data(), input.size(), level);
  if (ZSTD_isError(written)) return fail(ErrorCode::UnknownServerError, std::string("zstd: ") + ZSTD_getErrorName(written));
  out.resize(out.size() - bound + written);
  return {};
}

Result<Buffer> decompressZstd(BytesView input, std::size_t limit) {
  thread_local Context context;
  if (context == nullptr) context = newContext();
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  const unsigned long long claimed = ZSTD_getFrameContentSize(input.data(), input.size());
  const std::size_t plausible = input.size() * kUsualRatio;
  const bool known = claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != ZSTD_CONTENTSIZE_ERROR;
  Frames frames(context.get(), input);
  auto content = drain(kType, frames, Output(known ? static_cast<std::size_t>(claimed) : plausible, plausible, limit), limit);
  if (ZSTD_sizeof_DCtx(context.get()) > kKeptContext) context.reset();
  return content;
}

std::unique_ptr<DecompressionStream> openZstd(BytesView input) {
  return std::make_unique<FrameStream<Context, Frames>>(kType, newContext(), input);
}

}  // namespace klamm::compress::detail
