#pragma once
// Where the lines of a client go. Klamm prints nothing by itself: pass a sink, e.g. by Config::setLogger.

#include <functional>
#include <string_view>

namespace [[gnu::visibility("default")]] klamm {

enum class LogLevel { Debug, Info, Warn, Error };

/// Receives finished lines without a newline:
///
///     config.setLogger([](klamm::LogLevel, std::string_view line) { std::cerr << line << '\n'; });
///
/// Threading: called from any thread, also from several at once; must not block for long and must not call the client.
using LogSink = std::function<void(LogLevel, std::string_view line)>;

}  // namespace klamm
