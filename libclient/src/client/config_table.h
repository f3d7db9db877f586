#pragma once
// The rows of config.def, and what a client does with a whole configuration before it starts.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <klamm/config.h>

#include "base/logging.h"
#include "base/result.h"

namespace klamm::client {

/// Kafka's ConfigDef.Type.
enum class ConfigType { Boolean, Short, Int, Long, Double, String, Password, Class, List };
/// Kafka's ConfigDef.Importance.
enum class ConfigImportance { High, Medium, Low };

/// What a value may be. Threading: immutable.
struct ConfigRange {
  /// Addresses: a list that may have empty and doubled entries, as it is often put together by scripts.
  enum class Kind { Any, NonEmpty, OneOf, OneOfAnyCase, Between, Addresses };
  Kind kind = Kind::Any;
  double lowest = 0;
  double highest = 0;
  bool hasOther = false;  ///< `other` is allowed beside the interval
  double other = 0;
  std::string_view choices = {};  ///< "a, b, prefix*"
};

/// One key of one or several clients. Threading: immutable.
struct ConfigRow {
  unsigned clients = 0;  ///< bits of ClientKind
  std::string_view name = {};
  ConfigType type = ConfigType::String;
  const char* defaultText = nullptr;  ///< null: none
  ConfigRange range = {};
  ConfigImportance importance = ConfigImportance::Low;
  std::string_view sentence = {};
};

[[nodiscard]] std::span<const ConfigRow> configRows() noexcept;
/// The row of a key for any client, or for this one; null when there is none.
[[nodiscard]] const ConfigRow* findConfig(std::string_view name) noexcept;
[[nodiscard]] const ConfigRow* findConfig(std::string_view name, ClientKind client) noexcept;
/// "a whole number of at least 0", "one of: none, gzip, ...".
[[nodiscard]] std::string allowedText(const ConfigRow& row);
/// The key of the table that looks most like this one, if any looks alike.
[[nodiscard]] std::string_view nearestConfig(std::string_view name, ClientKind client);

/// The log that the configuration asks for.
[[nodiscard]] Log logOf(const Config& config);

/// Warns of keys that this client does not have ("did you mean"), and fails with InvalidClientConfig on values that
/// Kafka would load a Java class by: Kafka's own harmless ones pass, others get the place where the object belongs.
[[nodiscard]] Status checkConfig(const Config& config, ClientKind client, const Log& log);

}  // namespace klamm::client
