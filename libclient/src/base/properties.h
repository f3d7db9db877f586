#pragma once
// Java's .properties files: how Kafka's programs are configured.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace klamm {

/// Keys and values in the order of the file. What the text may hold is what java.util.Properties reads:
///
///     # a comment        ! another one
///     key=value          key : value          key value      (blanks around the separator are dropped)
///     long = one, \      a backslash at the end of a line goes on in the next, without its leading blanks
///            two
///     tab\ and\=\u00e9   \t \n \r \f, a character as it is, or one by its UTF-16 code
///
/// Bytes above 127 are kept as they are (so UTF-8 works, where Java reads Latin-1). Threading: a value.
class Properties {
 public:
  struct Entry {
    std::string key = {};
    std::string value = {};
    int line = 0;  ///< where the key stands, from 1
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  /// `name` stands in front of the line number in an error. Fails with InvalidClientConfig on a broken \uXXXX.
  [[nodiscard]] static Result<Properties> parse(std::string_view text, std::string_view name = "properties");
  /// Reads a file; fails with IoFailed, naming the path and the reason, when it cannot be read.
  [[nodiscard]] static Result<Properties> load(const std::string& path);

  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  /// The value of a key, or null. A key that stands twice has its last value, as in Java.
  [[nodiscard]] const std::string* find(std::string_view key) const noexcept;
  /// Sets a key, which stands last in the order from then on.
  void set(std::string key, std::string value);

 private:
  std::vector<Entry> entries_;  // each key once
};

}  // namespace klamm
