#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace klamm {
namespace {

/// The character at the front of a text, or what of it stands for one replacement character.
struct Character {
  std::size_t length;
  bool valid;
};

Character characterAt(std::string_view text) noexcept {
  const auto at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {1, true};
  const std::size_t length = first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
  if (length == 0) return {1, false};
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {i, false};
    const bool overlong = i == 1 && ((first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90));
    const bool beyond = i == 1 && first == 0xF4 && at(1) >= 0x90;
    if ((at(i) & 0xC0) != 0x80 || overlong || beyond) return {i, false};
  }
  return {length, !(first == 0xED && at(1) >= 0xA0)};
}

/// How many of the first bytes are ASCII, eight at a time: nearly all of Kafka's texts are nothing else.
std::size_t asciiPrefix(std::string_view text) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

bool isUtf8(std::string_view text) noexcept {
  for (text.remove_prefix(asciiPrefix(text)); !text.empty(); text.remove_prefix(asciiPrefix(text))) {
    const Character character = characterAt(text);
    if (!character.valid) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

std::string readUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = characterAt(text);
    if (character.valid) out += text.substr(0, character.length);
    else out += "\xEF\xBF\xBD";
    text.remove_prefix(character.length);
  }
  return out;
}

}  // namespace klamm
