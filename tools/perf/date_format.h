#pragma once
// Times as java.text.SimpleDateFormat prints them, as far as patterns of numbers go.

#include <chrono>
#include <string>
#include <string_view>

namespace klamm::tools {

/// Formats a time of day in the machine's time zone by a pattern of y M d H m s S, text in quotes and punctuation, e.g.
/// "yyyy-MM-dd HH:mm:ss:SSS". Threading: immutable.
class DateFormat {
 public:
  /// UsageError for a letter that is not one of these.
  explicit DateFormat(std::string pattern);
  [[nodiscard]] std::string format(std::chrono::system_clock::time_point time) const;

 private:
  std::string pattern_;
};

}  // namespace klamm::tools
