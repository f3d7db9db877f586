#include "net/frame_reader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace klamm::net {
namespace {

constexpr std::size_t kPrefix = sizeof(std::int32_t);

}  // namespace

std::span<std::byte> FrameReader::room() {
  if (ownLength_ != 0) {
    const std::size_t wanted = ownLength_ - ownFilled_;
    if (ownFilled_ == own_.capacity && wanted != 0) growOwn();
    return {own_.bytes.get() + ownFilled_, std::min(own_.capacity - ownFilled_, wanted)};
  }
  if (begin_ == end_ && chunk_.use_count() == 1) begin_ = end_ = 0;  // nobody looks at it any more: use it again
  const std::size_t wanted = filled_ && capacity_ < kLargestChunk ? capacity_ * 2 : std::max(capacity_, kFirstChunk);
  const bool smallTail = capacity_ - end_ < capacity_ / 4;
  if (!chunk_ || smallTail || (wanted > capacity_ && begin_ == end_)) startChunk(wanted);
  return {chunk_.get() + end_, capacity_ - end_};
}

void FrameReader::received(std::size_t count) {
  if (ownLength_ != 0) {
    ownFilled_ += count;
    return;
  }
  end_ += count;
  filled_ = end_ == capacity_;
}

Result<std::optional<Buffer>> FrameReader::next() {
  if (ownLength_ != 0) {
    if (ownFilled_ < ownLength_) return std::nullopt;
    return takeOwn();
  }
  if (end_ - begin_ < kPrefix) return std::nullopt;
  const auto claimed = loadBigEndian<std::int32_t>(chunk_.get() + begin_);
  // A record of TLS begins | type | 3 | minor version |: an alert (21) or a handshake (22) where the first length should be.
  const bool first = std::exchange(atStart_, false);
  if (first && claimed >> 16 == 0x1503) return fail(ErrorCode::TlsFailed, "the peer answers with TLS: set security.protocol=SSL");
  if (first && claimed >> 16 == 0x1603) return fail(ErrorCode::MalformedResponse, "the peer speaks TLS on a port for plain text");
  if (claimed <= 0) return fail(ErrorCode::MalformedResponse, fmt::format("a frame claims a length of {}", claimed));
  const auto length = static_cast<std::size_t>(claimed);
  if (length > maxFrame_) {
    return fail(ErrorCode::MalformedResponse, fmt::format("a frame claims {} bytes, the limit is {}", length, maxFrame_));
  }
  if (end_ - begin_ - kPrefix >= length) {
    const BytesView frame{chunk_.get() + begin_ + kPrefix, length};
    begin_ += kPrefix + length;
    return Buffer(chunk_, frame);
  }
  if (length + kPrefix > kLargestChunk) startOwn(length);
  return std::nullopt;
}

/// A new chunk that begins with what is pending; at least so large that the frame in progress can be completed in it.
void FrameReader::startChunk(std::size_t capacity) {
  const std::size_t kept = end_ - begin_;
  while (capacity < kept * 2) capacity *= 2;
  auto fresh = std::make_shared_for_overwrite<std::byte[]>(capacity);
  if (kept != 0) std::memcpy(fresh.get(), chunk_.get() + begin_, kept);
  chunk_ = std::move(fresh);
  capacity_ = capacity;
  begin_ = 0;
  end_ = kept;
  filled_ = false;
}

void FrameReader::startOwn(std::size_t length) {
  const std::size_t kept = end_ - begin_ - kPrefix;
  own_ = pool_->take(length);
  ownLength_ = length;
  while (own_.capacity < kept || own_.capacity == 0) growOwn();
  std::memcpy(own_.bytes.get(), chunk_.get() + begin_ + kPrefix, kept);
  ownFilled_ = kept;
  begin_ = end_;
}

void FrameReader::growOwn() {
  // No more than the frame needs, but in steps, so that the next one may fit into the same block.
  const std::size_t needed = (ownLength_ + kOwnSteps - 1) / kOwnSteps * kOwnSteps;
  const std::size_t larger = std::min(std::max(kFirstOwn, own_.capacity * 2), std::max(kFirstOwn, needed));
  auto* moved = static_cast<std::byte*>(std::realloc(own_.bytes.get(), larger));
  if (moved == nullptr) throw std::bad_alloc();
  (void)own_.bytes.release();
  own_.bytes.reset(moved);
  own_.capacity = larger;
}

Buffer FrameReader::takeOwn() {
  ownFilled_ = 0;
  return pool_->frame(std::exchange(own_, {}), std::exchange(ownLength_, 0));
}

}  // namespace klamm::net
