#pragma once
// The configuration of a client: Kafka's names and strings, checked when they are set.

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/config_keys.h>
#include <klamm/exceptions.h>
#include <klamm/logging.h>

namespace [[gnu::visibility("default")]] klamm {

/// Which client a configuration is read for: some defaults differ.
enum class ClientKind { Producer = 1, Consumer = 2, Admin = 4 };

namespace detail {
[[nodiscard]] std::string configText(bool value);
[[nodiscard]] std::string configText(std::int16_t value);
[[nodiscard]] std::string configText(std::int32_t value);
[[nodiscard]] std::string configText(std::int64_t value);
[[nodiscard]] std::string configText(double value);
[[nodiscard]] std::string configText(Millis value);
[[nodiscard]] std::string configText(Acks value);
[[nodiscard]] std::string configText(const std::string& value);
[[nodiscard]] std::string configText(const std::vector<std::string>& value);
void parseConfig(std::string_view text, bool& value);
void parseConfig(std::string_view text, std::int16_t& value);
void parseConfig(std::string_view text, std::int32_t& value);
void parseConfig(std::string_view text, std::int64_t& value);
void parseConfig(std::string_view text, double& value);
void parseConfig(std::string_view text, Millis& value);
void parseConfig(std::string_view text, Acks& value);
void parseConfig(std::string_view text, std::string& value);
void parseConfig(std::string_view text, std::vector<std::string>& value);
}  // namespace detail

/// Kafka's keys and values as text, from code, from a Java .properties file, or both:
///
///     klamm::Config config{{"bootstrap.servers", "localhost:9092"}};
///     config.set(klamm::config::lingerMs, 5ms);
///     klamm::Producer<std::string, std::string> producer{config};
///
/// A value is checked when it is set. A key that no client of Kafka has is kept, and the client that gets the
/// configuration warns of it through the log sink with the nearest known name; so one file can serve several programs.
/// Threading: a value; not while another thread changes it.
class Config {
 public:
  Config() = default;
  /// Throws as set() does.
  Config(std::initializer_list<std::pair<std::string_view, std::string_view>> properties);

  /// Reads a Java .properties file. Throws ConfigException with file and line for what cannot be read or set.
  [[nodiscard]] static Config fromFile(const std::string& path);

  /// Sets or replaces one value. Throws ConfigException that names key, value and what is allowed.
  Config& set(std::string_view name, std::string_view value) {
    throwIfError(trySet(name, value));
    return *this;
  }
  template <class T>
  Config& set(ConfigKey<T> key, std::type_identity_t<T> value) {
    return set(key.name, detail::configText(value));
  }
  /// Sets all that `other` has, logger included; its values win.
  Config& merge(const Config& other);
  /// Lines of the client go to `sink` from `threshold` on. Without a sink nothing is logged.
  Config& setLogger(LogSink sink, LogLevel threshold = LogLevel::Info);

  /// The text that was set, or nothing.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return properties_.find(name) != properties_.end(); }
  /// What was set, else Kafka's default for that client; an empty or zero value where the default is null.
  template <class T>
  [[nodiscard]] T get(ConfigKey<T> key, ClientKind client) const {
    T value{};
    if (const auto text = textOf(key.name, client)) detail::parseConfig(*text, value);
    return value;
  }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& properties() const noexcept { return properties_; }
  [[nodiscard]] const LogSink& logSink() const noexcept { return sink_; }
  [[nodiscard]] LogLevel logThreshold() const noexcept { return threshold_; }

  /// As set() and fromFile(), but with an error value instead of an exception.
  [[nodiscard]] Error trySet(std::string_view name, std::string_view value);
  [[nodiscard]] Error tryLoad(const std::string& path);

 private:
  [[nodiscard]] std::optional<std::string> textOf(std::string_view name, ClientKind client) const;

  std::map<std::string, std::string, std::less<>> properties_;
  LogSink sink_;
  LogLevel threshold_ = LogLevel::Info;
};

}  // namespace klamm
