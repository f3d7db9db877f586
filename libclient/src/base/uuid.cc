#include "base/uuid.h"

namespace klamm {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kTextLength = 22;
/// Kafka keeps the ids 0 (none), 1 (metadata topic) and those with a zero upper half and a small lower one for itself.
constexpr std::uint64_t kReservedLow = 100;

}  // namespace

Uuid Uuid::random(Random& random) {
  for (;;) {
    Uuid id{random.next(), random.next()};
    id.high = (id.high & 0xFFFFFFFFFFFF0FFFULL) | 0x4000;
    id.low = (id.low & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
    const bool reserved = id.high == 0 && id.low <= kReservedLow;
    if (!reserved && id.toString().front() != '-') return id;
  }
}

std::string Uuid::toString() const {
  std::string text;
  text.reserve(kTextLength);
  for (std::size_t i = 0; i < kTextLength; ++i) {
    // Sextet i covers bits [128 - 6(i+1), 128 - 6i); the last one carries two bits and four of padding.
    unsigned sextet = 0;
    for (int bit = 0; bit < 6; ++bit) {
      const int position = 127 - (static_cast<int>(i) * 6 + bit);
      const std::uint64_t value = position < 0 ? 0 : (position >= 64 ? high >> (position - 64) : low >> position) & 1;
      sextet = (sextet << 1) | static_cast<unsigned>(value);
    }
    text += kAlphabet[sextet];
  }
  return text;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextLength) return fail(ErrorCode::IllegalArgument, "'" + std::string(text) + "' is not an id of 22 characters");
  Uuid id;
  for (std::size_t i = 0; i < kTextLength; ++i) {
    const std::size_t sextet = kAlphabet.find(text[i]);
    if (sextet == std::string_view::npos) return fail(ErrorCode::IllegalArgument, "'" + std::string(text) + "' is not URL-safe base64");
    const int keep = i + 1 == kTextLength ? 2 : 6;
    id.high = (id.high << keep) | (id.low >> (64 - keep));
    id.low = (id.low << keep) | (sextet >> (6 - keep));
  }
  return id;
}

}  // namespace klamm
