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

void FrameReader::Free::operator()(std::byte* memory) const noexcept { std::free(memory); }

std::span<std::byte> FrameReader::room() {
  if (own_) {
    if (ownFilled_ == ownCapacity_) growOwn();
    return {own_.get() + ownFilled_, ownCapacity_ - ownFilled_};
  }
  if (begin_ == end_ && chunk_.use_count() == 1) begin_ = end_ = 0;  // nobody looks at it any more: use it again
  const std::size_t wanted = filled_ && capacity_ < kLargestChunk ? capacity_ * 2 : std::max(capacity_, kFirstChunk);
  const bool smallTail = capacity_ - end_ < capacity_ / 4;
  if (!chunk_ || smallTail || (wanted > capacity_ && begin_ == end_)) startChunk(wanted);
  return {chunk_.get() + end_, capacity_ - end_};
}

void FrameReader::received(std::size_t count) {
  if (own_) {
    ownFilled_ += count;
    return;
  }
  end_ += count;
  filled_ = end_ == capacity_;
}

Result<std::optional<Buffer>> FrameReader::next() {
  if (own_) {
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
  ownLength_ = length;
  ownCapacity_ = std::min(length, std::max(kFirstOwn, kept * 2));
  own_.reset(static_cast<std::byte*>(std::malloc(ownCapacity_)));
  if (!own_) throw std::bad_alloc();
  std::memcpy(own_.get(), chunk_.get() + begin_ + kPrefix, kept);
  ownFilled_ = kept;
  begin_ = end_;
}

void FrameReader::growOwn() {
  const std::size_t larger = std::min(ownLength_, ownCapacity_ * 2);
  auto* moved = static_cast<std::byte*>(std::realloc(own_.get(), larger));
  if (moved == nullptr) throw std::bad_alloc();
  (void)own_.release();
  own_.reset(moved);
  ownCapacity_ = larger;
}

Buffer FrameReader::takeOwn() {
  const BytesView frame{own_.get(), ownLength_};
  std::shared_ptr<const void> owner(own_.release(), [](std::byte* memory) { std::free(memory); });
  ownCapacity_ = ownFilled_ = ownLength_ = 0;
  return {std::move(owner), frame};
}

}  // namespace klamm::net
