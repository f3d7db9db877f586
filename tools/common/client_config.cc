#include "common/client_config.h"

#include <chrono>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include "common/terminal.h"

namespace klamm::tools {
namespace {

/// Prints warnings and errors of a client; one that comes again and again only every ten seconds.
/// Threading: any thread.
class StderrLog {
 public:
  void operator()(LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (line == last_ && now - shown_ < std::chrono::seconds(10)) return;
    last_ = line;
    shown_ = now;
    say(fmt::format("{}: {}", level == LogLevel::Error ? "ERROR" : "WARN", line));
  }

 private:
  std::mutex mutex_;
  std::string last_;
  std::chrono::steady_clock::time_point shown_;
};

void warnDeprecated(const Arguments& arguments, std::string_view old, std::string_view current) {
  if (old.empty() || !arguments.has(old)) return;
  say(fmt::format("Warning: --{} is deprecated and will be removed in a future version. Use --{} instead.", old, current));
}

}  // namespace

PropertyMap readProperties(const Arguments& arguments, const ConfigOptions& options) {
  warnDeprecated(arguments, options.deprecatedFile, options.file);
  warnDeprecated(arguments, options.deprecatedProperties, options.properties);
  for (const auto& [current, old] : {std::pair(options.file, options.deprecatedFile), std::pair(options.properties, options.deprecatedProperties)})
    if (!current.empty() && !old.empty() && arguments.has(current) && arguments.has(old))
      throw UsageError(fmt::format("Options --{} and --{} cannot be specified together.", current, old));
  PropertyMap properties;
  for (const std::string_view option : {options.file, options.deprecatedFile}) {
    if (option.empty() || !arguments.has(option)) continue;
    const Config file = Config::fromFile(arguments.required(option));
    for (const auto& [key, value] : file.properties()) properties[key] = value;
  }
  for (const std::string_view option : {options.properties, options.deprecatedProperties}) {
    if (option.empty()) continue;
    for (auto& [key, value] : parsePairs(arguments.all(option))) properties[key] = std::move(value);
  }
  return properties;
}

Config clientConfig(const PropertyMap& properties) {
  Config config;
  for (const auto& [key, value] : properties) config.set(key, value);
  config.setLogger([log = std::make_shared<StderrLog>()](LogLevel level, std::string_view line) { (*log)(level, line); }, LogLevel::Warn);
  return config;
}

std::string bootstrapServers(const Arguments& arguments) {
  warnDeprecated(arguments, "broker-list", "bootstrap-server");
  return arguments.required(arguments.has("broker-list") && !arguments.has("bootstrap-server") ? "broker-list" : "bootstrap-server");
}

Config adminConfig(const Arguments& arguments, std::string_view clientId) {
  PropertyMap properties = readProperties(arguments, {"command-config", "", "", ""});
  properties["bootstrap.servers"] = arguments.required("bootstrap-server");
  properties.try_emplace("client.id", clientId);
  return clientConfig(properties);
}

void mergeOption(PropertyMap& properties, const Arguments& arguments, std::string_view option, std::string_view key, std::string_view byDefault) {
  if (arguments.has(option)) properties[std::string(key)] = arguments.required(option);
  else if (!byDefault.empty()) properties.try_emplace(std::string(key), byDefault);
}

}  // namespace klamm::tools
