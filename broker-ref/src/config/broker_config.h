#pragma once
// The broker's configuration: Kafka's keys, checked against one table (config.def).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config_table.h"

namespace klamm::broker::config {

/// The values of one broker. Every key of the table has one: what was set, or its default. Values are valid: make() checks.
/// Threading: immutable after the start.
class BrokerConfig {
 public:
  using Entries = std::vector<std::pair<std::string, std::string>>;

  /// Checks every entry; a later one with the same key wins. The first value that is not allowed fails with
  /// InvalidConfiguration naming key, value and range. Keys that Kafka does not have are kept out and described in
  /// `warnings`, with the nearest known name; so are those that are for Java alone, or for no listener.
  [[nodiscard]] static Result<BrokerConfig> make(const Entries& entries, std::vector<std::string>* warnings = nullptr);

  /// The key must be one of the table: an unknown one does not compile. Numbers are INT, LONG and SHORT keys.
  [[nodiscard]] std::int64_t number(BrokerKey key) const;
  [[nodiscard]] double real(BrokerKey key) const;
  [[nodiscard]] bool flag(BrokerKey key) const;
  /// Empty for null.
  [[nodiscard]] std::string_view text(BrokerKey key) const;
  [[nodiscard]] std::vector<std::string> list(BrokerKey key) const;
  [[nodiscard]] bool isSet(BrokerKey key) const;
  /// The value of "listener.name.<listener>.<key>", which goes before that of `key` for this listener; nothing without one.
  [[nodiscard]] std::optional<std::string_view> listenerOverride(std::string_view listener, std::string_view key) const;
  /// Set in the file or on the command line.
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& given() const noexcept { return given_; }
  void set(BrokerKey key, std::string value);

 private:
  std::map<std::string, std::string, std::less<>> given_;
  std::map<std::string, std::string, std::less<>> listenerOverrides_;  ///< by the whole key, the listener's name in lower case
};

}  // namespace klamm::broker::config
