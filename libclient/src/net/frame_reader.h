#pragma once
// Cuts a byte stream into frames.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/result.h"
#include "net/frame_pool.h"

namespace klamm::net {

/// The stream is  | int32 length | length bytes | int32 length | ...  and a frame is handed out without its length, as a
/// slice of the memory that it was read into:
///
///     chunk:   [ frame 1 | frame 2 | first bytes of frame 3 ....room.... ]     small frames share a chunk
///     own:     [ frame 4, first bytes ........... room ................. ]     a large frame has memory of its own
///
/// Memory grows with the bytes that have come, not with what a length claims: a chunk has 4 KiB at first and up to 64, own
/// memory has 256 KiB at first and doubles, or comes from a pool of what earlier frames have left, which lends a bounded
/// amount. A slice keeps its whole chunk alive: copy what is kept for long.
///
/// Threading: one thread; the slices may go anywhere.
class FrameReader {
 public:
  explicit FrameReader(std::size_t maxFrame, std::shared_ptr<FramePool> pool = std::make_shared<FramePool>()) noexcept
      : maxFrame_(maxFrame), pool_(std::move(pool)) {}

  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;
  ~FrameReader() { pool_->giveBack(std::move(own_)); }

  /// Where the next bytes of the stream belong; empty only when full().
  [[nodiscard]] std::span<std::byte> room();
  /// `count` bytes were written to the start of room().
  void received(std::size_t count);
  /// The next whole frame, or nothing yet. A length that is negative, zero or above the limit is an error; the stream
  /// is of no use after it.
  [[nodiscard]] Result<std::optional<Buffer>> next();
  /// The bytes came through TLS already: a first frame that looks like its beginning is none.
  void expectNoTls() noexcept { atStart_ = false; }
  /// Applies to lengths that have not been looked at yet.
  void setMaxFrame(std::size_t bytes) noexcept { maxFrame_ = bytes; }
  /// A whole frame fills the memory of its own: next() takes it before there is room again.
  [[nodiscard]] bool full() const noexcept { return ownLength_ != 0 && ownFilled_ == ownLength_; }
  /// What a large frame still lacks; 0 between frames and for small ones.
  [[nodiscard]] std::size_t missing() const noexcept { return ownLength_ != 0 ? ownLength_ - ownFilled_ : 0; }
  /// What is there of a large frame, without its length; empty between frames and for small ones. Good until room().
  [[nodiscard]] BytesView begun() const noexcept { return {own_.bytes.get(), ownLength_ != 0 ? ownFilled_ : 0}; }
  /// Bytes that came and belong to no frame handed out yet.
  [[nodiscard]] std::size_t pending() const noexcept { return ownLength_ != 0 ? ownFilled_ : end_ - begin_; }

 private:
  static constexpr std::size_t kFirstChunk = 4 * 1024;
  static constexpr std::size_t kLargestChunk = 64 * 1024;
  static constexpr std::size_t kFirstOwn = 256 * 1024;
  static constexpr std::size_t kOwnSteps = 64 * 1024;

  void startChunk(std::size_t capacity);
  void startOwn(std::size_t length);
  void growOwn();
  [[nodiscard]] Buffer takeOwn();

  std::size_t maxFrame_;
  bool atStart_ = true;  ///< no length has been looked at yet
  std::shared_ptr<std::byte[]> chunk_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  ///< first byte not handed out
  std::size_t end_ = 0;    ///< behind the last byte received
  bool filled_ = false;    ///< the last read filled its room: the next chunk is larger

  std::shared_ptr<FramePool> pool_;
  FramePool::Block own_;
  std::size_t ownFilled_ = 0;
  std::size_t ownLength_ = 0;  ///< of the frame that is being read into own_; 0: none is
};

}  // namespace klamm::net
