#include "console/line_reader.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

/// The first \n or \r, or null.
const char* findLineEnd(const char* at, std::size_t size) {
  const auto* feed = static_cast<const char*>(std::memchr(at, '\n', size));
  const std::size_t before = feed != nullptr ? static_cast<std::size_t>(feed - at) : size;
  const auto* carriage = static_cast<const char*>(std::memchr(at, '\r', before));
  return carriage != nullptr ? carriage : feed;
}

bool isTrue(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower == "true";
}

}  // namespace

bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == block_.size()) block_.resize(block_.size() * 2);  // a very long line
  const std::size_t got = source_(block_.data() + end_, block_.size() - end_);
  end_ += got;
  return got > 0;
}

std::optional<std::string_view> LineReader::next() {
  if (begin_ == end_ && !fill()) return std::nullopt;
  if (std::exchange(skipLineFeed_, false) && block_[begin_] == '\n') {
    ++begin_;
    if (begin_ == end_ && !fill()) return std::nullopt;
  }
  std::size_t searched = 0;
  for (;;) {
    const char* first = block_.data() + begin_;
    const std::size_t size = end_ - begin_;
    if (const char* end = findLineEnd(first + searched, size - searched)) {
      const std::string_view line(first, static_cast<std::size_t>(end - first));
      begin_ += line.size() + 1;
      if (*end == '\r') {
        if (begin_ < end_ && block_[begin_] == '\n') ++begin_;
        else skipLineFeed_ = begin_ == end_;
      }
      return line;
    }
    searched = size;
    if (!fill()) {
      const std::string_view line(block_.data() + begin_, end_ - begin_);
      begin_ = end_;
      return line;
    }
  }
}

LineParser::LineParser(const PropertyMap& properties) {
  const auto text = [&properties](std::string_view key, std::string& to) {
    if (const auto found = properties.find(key); found != properties.end()) to = found->second;
  };
  const auto flag = [&properties](std::string_view key) {
    const auto found = properties.find(key);
    return found != properties.end() && isTrue(found->second);
  };
  parseKey_ = flag("parse.key");
  parseHeaders_ = flag("parse.headers");
  ignoreError_ = flag("ignore.error");
  text("key.separator", keySeparator_);
  text("headers.delimiter", headersDelimiter_);
  text("headers.separator", headersSeparator_);
  text("headers.key.separator", headersKeySeparator_);
  if (const auto found = properties.find("null.marker"); found != properties.end()) nullMarker_ = found->second;

  const auto differ = [](std::string_view a, const std::string& first, std::string_view b, const std::string& second) {
    if (first == second) throw UsageError(fmt::format("{} and {} may not be equal", a, b));
  };
  if (headersSeparator_.empty() || headersDelimiter_.empty() || headersKeySeparator_.empty() || keySeparator_.empty())
    throw UsageError("key.separator, headers.delimiter, headers.separator and headers.key.separator may not be empty");
  differ("headers.delimiter", headersDelimiter_, "headers.separator", headersSeparator_);
  differ("headers.delimiter", headersDelimiter_, "headers.key.separator", headersKeySeparator_);
  differ("headers.separator", headersSeparator_, "headers.key.separator", headersKeySeparator_);
  if (nullMarker_) {
    differ("null.marker", *nullMarker_, "key.separator", keySeparator_);
    differ("null.marker", *nullMarker_, "headers.delimiter", headersDelimiter_);
    differ("null.marker", *nullMarker_, "headers.separator", headersSeparator_);
    differ("null.marker", *nullMarker_, "headers.key.separator", headersKeySeparator_);
  }
}

std::optional<std::string_view> LineParser::cut(bool enabled, std::string_view line, std::size_t begin, const std::string& separator,
                                                std::string_view name) const {
  if (!enabled) return std::nullopt;
  const std::size_t at = line.find(separator, begin);
  if (at != std::string_view::npos) return line.substr(begin, at - begin);
  if (ignoreError_) return std::nullopt;
  throw LineError(fmt::format("No {} found on line number {}: '{}'", name, lineNumber_, line));
}

void LineParser::parseHeaders(std::string_view text) {
  // Java's split() drops what is empty at the end, but not an empty whole.
  while (text.size() >= headersSeparator_.size() && text.ends_with(headersSeparator_)) {
    text.remove_suffix(headersSeparator_.size());
    if (text.empty()) return;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(headersSeparator_, begin), text.size());
    const std::string_view pair = text.substr(begin, end - begin);
    begin = end + headersSeparator_.size();
    const std::size_t at = pair.find(headersKeySeparator_);
    if (at == std::string_view::npos) {
      if (!ignoreError_) throw LineError(fmt::format("No header key separator found in pair '{}' on line number {}", pair, lineNumber_));
      headers_.push_back({pair, std::nullopt});
      continue;
    }
    const std::string_view key = pair.substr(0, at);
    const std::string_view value = pair.substr(at + headersKeySeparator_.size());
    if (isNull(key)) throw LineError(fmt::format("Header keys should not be equal to the null marker '{}' as they can't be null", *nullMarker_));
    headers_.push_back({key, isNull(value) ? std::nullopt : std::optional<BytesView>(asBytes(value))});
  }
}

LineRecord LineParser::parse(std::string_view line) {
  ++lineNumber_;
  headers_.clear();
  const auto headers = cut(parseHeaders_, line, 0, headersDelimiter_, "headers delimiter");
  const std::size_t keyBegin = headers ? headers->size() + headersDelimiter_.size() : 0;
  const auto key = cut(parseKey_, line, keyBegin, keySeparator_, "key separator");
  const std::size_t valueBegin = keyBegin + (key ? key->size() + keySeparator_.size() : 0);
  if (headers && !isNull(*headers)) parseHeaders(*headers);
  LineRecord record{{}, line.substr(valueBegin), headers_};
  if (key && !isNull(*key)) record.key = key;
  if (isNull(*record.value)) record.value = std::nullopt;
  return record;
}

}  // namespace klamm::tools
