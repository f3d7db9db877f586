#include "base/properties.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace klamm {
namespace {

constexpr bool isBlank(char c) noexcept { return c == ' ' || c == '\t' || c == '\f'; }
constexpr bool isLineEnd(char c) noexcept { return c == '\n' || c == '\r'; }

void appendUtf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::optional<std::uint32_t> hex4(std::string_view text) noexcept {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    value <<= 4;
    if (c >= '0' && c <= '9') value |= static_cast<std::uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f') value |= static_cast<std::uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') value |= static_cast<std::uint32_t>(c - 'A' + 10);
    else return std::nullopt;
  }
  return value;
}

/// A line with its continuations joined, escapes still in it, and the number of its first line.
struct LogicalLine {
  std::string text;
  int number;
};

/// Cuts the text into logical lines. Threading: one thread.
class Lines {
 public:
  explicit Lines(std::string_view text) noexcept : rest_(text) {}

  /// The next line that is neither blank nor a comment, or nullopt.
  std::optional<LogicalLine> next() {
    while (!rest_.empty()) {
      LogicalLine line{{}, number_ + 1};
      std::string_view natural = takeNatural();
      if (natural.empty() || natural.front() == '#' || natural.front() == '!') continue;
      while (endsInOpenBackslash(natural)) {
        line.text.append(natural.substr(0, natural.size() - 1));
        natural = rest_.empty() ? std::string_view() : takeNatural();
      }
      line.text.append(natural);
      if (!line.text.empty()) return line;
    }
    return std::nullopt;
  }

 private:
  std::string_view takeNatural() noexcept {
    ++number_;
    std::size_t end = 0;
    while (end < rest_.size() && !isLineEnd(rest_[end])) ++end;
    std::string_view line = rest_.substr(0, end);
    if (end < rest_.size()) end += rest_.substr(end, 2) == "\r\n" ? 2 : 1;
    rest_.remove_prefix(end);
    while (!line.empty() && isBlank(line.front())) line.remove_prefix(1);
    return line;
  }
  /// An odd number of backslashes: the last one is not itself escaped.
  static bool endsInOpenBackslash(std::string_view line) noexcept {
    std::size_t count = 0;
    while (count < line.size() && line[line.size() - 1 - count] == '\\') ++count;
    return count % 2 == 1;
  }

  std::string_view rest_;
  int number_ = 0;
};

/// Resolves the escapes of a key or value; nullopt for a broken \uXXXX.
std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\' || text.empty()) {
      if (c != '\\') out.push_back(c);
      continue;
    }
    const char escaped = text.front();
    text.remove_prefix(1);
    switch (escaped) {
      case 't': out.push_back('\t'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 'f': out.push_back('\f'); break;
      case 'u': {
        const auto first = hex4(text);
        if (!first) return std::nullopt;
        text.remove_prefix(4);
        std::uint32_t code = *first;
        if (code >= 0xD800 && code < 0xDC00 && text.substr(0, 2) == "\\u") {  // the first half of a pair
          const auto second = hex4(text.substr(2));
          if (second && *second >= 0xDC00 && *second < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (*second - 0xDC00);
            text.remove_prefix(6);
          }
        }
        appendUtf8(out, code);
        break;
      }
      default: out.push_back(escaped);
    }
  }
  return out;
}

/// Where the key ends and where the value begins.
struct Split {
  std::size_t keyEnd;
  std::size_t valueBegin;
};

Split splitLine(std::string_view line) noexcept {
  std::size_t at = 0;
  while (at < line.size() && line[at] != '=' && line[at] != ':' && !isBlank(line[at])) at += line[at] == '\\' ? 2 : 1;
  Split split{std::min(at, line.size()), std::min(at, line.size())};
  std::size_t value = split.valueBegin;
  while (value < line.size() && isBlank(line[value])) ++value;
  if (value < line.size() && (line[value] == '=' || line[value] == ':')) {
    ++value;
    while (value < line.size() && isBlank(line[value])) ++value;
  }
  split.valueBegin = value;
  return split;
}

}  // namespace

Result<Properties> Properties::parse(std::string_view text, std::string_view name) {
  Properties properties;
  Lines lines(text);
  while (const auto line = lines.next()) {
    const std::string_view whole = line->text;
    const Split split = splitLine(whole);
    auto key = unescape(whole.substr(0, split.keyEnd));
    auto value = unescape(whole.substr(split.valueBegin));
    if (!key || !value) {
      return fail(ErrorCode::InvalidClientConfig,
                  std::string(name) + ":" + std::to_string(line->number) + ": \\u must be followed by four hexadecimal digits");
    }
    properties.set(std::move(*key), std::move(*value));
    properties.entries_.back().line = line->number;
  }
  return properties;
}

Result<Properties> Properties::load(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || (file.peek() != std::ifstream::traits_type::eof() && !(text << file.rdbuf())) || file.bad()) {
    return fail(ErrorCode::IoFailed, "cannot read " + path + ": " + std::strerror(errno != 0 ? errno : EISDIR));
  }
  return parse(text.str(), path);
}

const std::string* Properties::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries_)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

void Properties::set(std::string key, std::string value) {
  std::erase_if(entries_, [&key](const Entry& entry) { return entry.key == key; });
  entries_.push_back({std::move(key), std::move(value), 0});
}

}  // namespace klamm
