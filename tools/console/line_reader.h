#pragma once
// Lines of standard input, and records made of them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/headers.h>

#include "common/client_config.h"

namespace klamm::tools {

/// Cuts what a source yields into lines. A line ends with \n, \r or \r\n, as for Java's BufferedReader; the last one may end
/// with the input. Lines are views into the block that was read. Threading: one thread.
class LineReader {
 public:
  /// Fills `to` with at most `size` bytes; 0 at the end or when it was interrupted.
  using Source = std::function<std::size_t(char* to, std::size_t size)>;
  explicit LineReader(Source source) : source_(std::move(source)), block_(kBlockSize) {}

  /// The next line, valid until the next call.
  [[nodiscard]] std::optional<std::string_view> next();
  /// True when next() would have to ask the source first.
  [[nodiscard]] bool drained() const noexcept { return begin_ == end_; }

 private:
  static constexpr std::size_t kBlockSize = 1 << 20;
  [[nodiscard]] bool fill();

  Source source_;
  std::vector<char> block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool skipLineFeed_ = false;  ///< the last line ended in \r at the end of what was read
};

/// A line that is no record. Threading: a value.
class LineError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A record as views into its line.
struct LineRecord {
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  const std::vector<Header>& headers;
};

/// Kafka's LineMessageReader: what a line means, by reader properties.
///
///     parse.headers  h1:v1,h2:v2 | headers.delimiter |
///     parse.key      key | key.separator |
///                    value
///
/// Threading: one thread.
class LineParser {
 public:
  /// UsageError for separators that cannot be told apart.
  explicit LineParser(const PropertyMap& properties);

  /// LineError with the number of the line unless ignore.error is set. Valid as long as the line and until the next call.
  [[nodiscard]] LineRecord parse(std::string_view line);

 private:
  [[nodiscard]] std::optional<std::string_view> cut(bool enabled, std::string_view line, std::size_t begin, const std::string& separator,
                                                    std::string_view name) const;
  void parseHeaders(std::string_view text);
  [[nodiscard]] bool isNull(std::string_view text) const { return nullMarker_ && text == *nullMarker_; }

  bool parseKey_ = false;
  bool parseHeaders_ = false;
  bool ignoreError_ = false;
  std::string keySeparator_ = "\t";
  std::string headersDelimiter_ = "\t";
  std::string headersSeparator_ = ",";
  std::string headersKeySeparator_ = ":";
  std::optional<std::string> nullMarker_;
  std::uint64_t lineNumber_ = 0;
  std::vector<Header> headers_;
};

}  // namespace klamm::tools
