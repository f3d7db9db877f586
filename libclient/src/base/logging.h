#pragma once
// Log lines of the library: one sink per client or broker, passed in; nothing is printed by default.

#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <klamm/logging.h>

namespace klamm {

/// Where a component logs to. Copies share the sink. Threading: any thread.
class Log {
 public:
  Log() = default;
  explicit Log(LogSink sink, LogLevel threshold = LogLevel::Info)
      : sink_(std::make_shared<const LogSink>(std::move(sink))), threshold_(threshold) {}

  [[nodiscard]] bool enabled(LogLevel level) const noexcept { return sink_ && *sink_ && level >= threshold_; }

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const { line(LogLevel::Debug, format, std::forward<Args>(args)...); }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const { line(LogLevel::Info, format, std::forward<Args>(args)...); }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const { line(LogLevel::Warn, format, std::forward<Args>(args)...); }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const { line(LogLevel::Error, format, std::forward<Args>(args)...); }

 private:
  template <class... Args>
  void line(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(level)) (*sink_)(level, fmt::format(format, std::forward<Args>(args)...));
  }
  std::shared_ptr<const LogSink> sink_;
  LogLevel threshold_ = LogLevel::Info;
};

}  // namespace klamm
