#include "perf/date_format.h"

#include <cctype>
#include <ctime>

#include <fmt/format.h>

#include "common/arguments.h"

namespace klamm::tools {
namespace {

constexpr std::string_view kLetters = "yMdHmsS";

/// The number behind a letter of the pattern.
int fieldOf(char letter, const std::tm& when, int millis) noexcept {
  switch (letter) {
    case 'y': return when.tm_year + 1900;
    case 'M': return when.tm_mon + 1;
    case 'd': return when.tm_mday;
    case 'H': return when.tm_hour;
    case 'm': return when.tm_min;
    case 's': return when.tm_sec;
    default: return millis;
  }
}

/// Calls `text` for what stands there as it is and `field` for each run of one letter.
template <class Text, class Field>
void walk(std::string_view pattern, Text text, Field field) {
  bool quoted = false;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\'') {
      if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {  // two quotes stand for one
        text(c);
        at += 2;
        continue;
      }
      quoted = !quoted;
      ++at;
    } else if (quoted || std::isalpha(static_cast<unsigned char>(c)) == 0) {
      text(c);
      ++at;
    } else {
      const std::size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
      field(c, end - at);
      at = end;
    }
  }
}

}  // namespace

DateFormat::DateFormat(std::string pattern) : pattern_(std::move(pattern)) {
  walk(pattern_, [](char) {}, [&](char letter, std::size_t) {
    if (kLetters.find(letter) == std::string_view::npos)
      throw UsageError(fmt::format("--date-format: the letter '{}' is not served, only {} and text in quotes", letter, kLetters));
  });
}

std::string DateFormat::format(std::chrono::system_clock::time_point time) const {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm when{};
  ::localtime_r(&seconds, &when);
  std::string out;
  walk(pattern_, [&](char c) { out.push_back(c); },
       [&](char letter, std::size_t width) {
         const int value = fieldOf(letter, when, static_cast<int>(millis % 1000));
         out += fmt::format("{:0{}}", letter == 'y' && width == 2 ? value % 100 : value, width);
       });
  return out;
}

}  // namespace klamm::tools
