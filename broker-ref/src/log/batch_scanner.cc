#include "log/batch_scanner.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::broker::log {

using record::BatchHeader;

namespace {
constexpr std::size_t kHeaderWindow = 4096;
constexpr std::size_t kBatchWindow = 1U << 20;
}  // namespace

Result<BytesView> BatchScanner::window(std::uint64_t position, std::size_t atLeast) {
  if (position < bufferStart_ || position + atLeast > bufferStart_ + buffered_) {
    const std::size_t usual = mode_ == kHeadersOnly ? kHeaderWindow : kBatchWindow;
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - position, std::max(usual, atLeast)));
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    KLAMM_TRY_ASSIGN(buffered_, file_->readAt(position, std::span(buffer_).first(wanted)));
    bufferStart_ = position;
  }
  const std::size_t skip = static_cast<std::size_t>(position - bufferStart_);
  return BytesView(buffer_).first(buffered_).subspan(skip);
}

Result<std::optional<BatchScanner::Found>> BatchScanner::next() {
  batch_ = {};
  if (position_ >= end_ || end_ - position_ < BatchHeader::kSize) return std::nullopt;
  KLAMM_TRY_ASSIGN(BytesView head, window(position_, BatchHeader::kSize));
  if (head.size() < BatchHeader::kSize) return std::nullopt;
  auto header = BatchHeader::parse(head);
  if (!header) return fail(ErrorCode::CorruptMessage, fmt::format("at position {}: {}", position_, header.error().context()));
  const std::size_t size = header->sizeInBytes();
  if (size > end_ - position_) return std::nullopt;
  if (mode_ == kWholeBatches) {
    KLAMM_TRY_ASSIGN(const BytesView whole, window(position_, size));
    if (whole.size() < size) return std::nullopt;
    batch_ = whole.first(size);
    storedCrc_ = header->crc;
  }
  const Found found{.header = *header, .position = position_};
  position_ += size;
  return found;
}

bool BatchScanner::crcMatches() const noexcept { return !batch_.empty() && record::computeCrc(batch_) == storedCrc_; }

}  // namespace klamm::broker::log
