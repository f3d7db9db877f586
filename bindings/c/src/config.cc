#include "config.h"

#include <string>
#include <utility>

#include "error.h"

using namespace klamm;

klamm_config_t* klamm_config_new(void) { return c::newHandle<klamm_config>(); }
void klamm_config_free(klamm_config_t* config) {
  if (c::isA(config)) delete config;
}

int32_t klamm_config_set(klamm_config_t* config, const char* name, const char* value, klamm_error_t** error) {
  return c::guarded(config, error, [&] {
    if (name == nullptr || value == nullptr) return c::illegalArgument("name or value is NULL");
    return config->config.trySet(name, value);
  });
}

int32_t klamm_config_load(klamm_config_t* config, const char* path, klamm_error_t** error) {
  return c::guarded(config, error, [&] { return path == nullptr ? c::illegalArgument("the path is NULL") : config->config.tryLoad(path); });
}

int32_t klamm_config_set_log(klamm_config_t* config, int32_t threshold, klamm_log_fn log, void* user, klamm_error_t** error) {
  return c::guarded(config, error, [&]() -> Error {
    if (threshold < KLAMM_LOG_DEBUG || threshold > KLAMM_LOG_ERROR) return c::illegalArgument("no such threshold");
    LogSink sink;
    if (log != nullptr) {
      sink = [log, user](LogLevel level, std::string_view line) { log(static_cast<int32_t>(level), std::string(line).c_str(), user); };
    }
    config->config.setLogger(std::move(sink), static_cast<LogLevel>(threshold));
    return {};
  });
}
