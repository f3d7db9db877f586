#pragma once
// Rows of config.def as constant data, and what a value must look like.

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace klamm::broker::config {

/// Numbers as on the wire (DescribeConfigs).
enum class ConfigType : std::int8_t { Boolean = 1, String = 2, Int = 3, Short = 4, Long = 5, Double = 6, List = 7, Class = 8, Password = 9 };

/// What Klamm does with a key.
enum class Acts : std::uint8_t {
  Yes,    ///< it has its effect
  NotYet, ///< accepted, stored and described, without effect so far
};

/// How a key of the broker may change while it runs.
enum class Update : std::uint8_t { ReadOnly, PerBroker, Cluster };

/// What values a key takes, beyond those of its type.
struct Check {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  ///< "a|b|c"; empty takes any text
  bool orMinusOne = false;        ///< -1 is taken besides the range
  bool anyCase = false;
  bool nonEmpty = false;          ///< a text or list must not be empty
  bool anyItems = false;          ///< a list may have empty and doubled items
  bool replicas = false;          ///< "*" or a list of partition:broker pairs
};

struct ConfigRow {
  std::string_view name = {};
  ConfigType type = ConfigType::String;
  const char* defaultValue = nullptr;  ///< null: none
  Check check = {};
  Acts acts = Acts::NotYet;
  Update update = Update::ReadOnly;
  std::string_view synonym = {};  ///< of a topic's key: the broker's key that gives its default
  std::string_view doc = {};
};

namespace detail {
constexpr Check any{};
constexpr Check atLeast(double min) { return {.min = min}; }
constexpr Check between(double min, double max) { return {.min = min, .max = max}; }
constexpr Check oneOf(std::string_view choices) { return {.choices = choices}; }
constexpr Check oneOfAnyCase(std::string_view choices) { return {.choices = choices, .anyCase = true}; }
constexpr Check nonEmpty() { return {.nonEmpty = true}; }
constexpr Check someOf(std::string_view choices) { return {.choices = choices, .nonEmpty = true}; }
constexpr Check voters() { return {.anyItems = true}; }
constexpr Check throttledReplicas() { return {.anyItems = true, .replicas = true}; }
constexpr Check orMinusOne(double min, double max) { return {.min = min, .max = max, .orMinusOne = true}; }

inline constexpr ConfigRow kBrokerRows[] = {
#define KLAMM_BROKER(name, type, defaultValue, check, acts, update, doc) {name, ConfigType::type, defaultValue, check, Acts::acts, Update::update, {}, doc},
#define KLAMM_TOPIC(name, type, defaultValue, check, acts, synonym, doc)
#include "config.def"
#undef KLAMM_BROKER
#undef KLAMM_TOPIC
};
inline constexpr ConfigRow kTopicRows[] = {
#define KLAMM_BROKER(name, type, defaultValue, check, acts, update, doc)
#define KLAMM_TOPIC(name, type, defaultValue, check, acts, synonym, doc) {name, ConfigType::type, defaultValue, check, Acts::acts, Update::Cluster, synonym, doc},
#include "config.def"
#undef KLAMM_BROKER
#undef KLAMM_TOPIC
};

template <std::size_t N>
constexpr const ConfigRow* findRow(const ConfigRow (&rows)[N], std::string_view name) {
  const ConfigRow* at = std::lower_bound(std::begin(rows), std::end(rows), name, [](const ConfigRow& row, std::string_view wanted) { return row.name < wanted; });
  return at != std::end(rows) && at->name == name ? at : nullptr;
}
}  // namespace detail

/// All keys of a broker and of a topic, by rising name.
[[nodiscard]] constexpr std::span<const ConfigRow> brokerRows() noexcept { return detail::kBrokerRows; }
[[nodiscard]] constexpr std::span<const ConfigRow> topicRows() noexcept { return detail::kTopicRows; }
[[nodiscard]] constexpr const ConfigRow* findBrokerRow(std::string_view name) noexcept { return detail::findRow(detail::kBrokerRows, name); }
[[nodiscard]] constexpr const ConfigRow* findTopicRow(std::string_view name) noexcept { return detail::findRow(detail::kTopicRows, name); }

/// A key of the broker's table, looked up by the compiler.
class BrokerKey {
 public:
  consteval BrokerKey(const char* name) : row_(findBrokerRow(name)) {  // NOLINT(google-explicit-constructor)
    if (row_ == nullptr) throw "the table has no such key";
  }
  [[nodiscard]] const ConfigRow& row() const noexcept { return *row_; }

 private:
  const ConfigRow* row_;
};

/// A key of the topics' table, looked up by the compiler.
class TopicKey {
 public:
  consteval TopicKey(const char* name) : row_(findTopicRow(name)) {  // NOLINT(google-explicit-constructor)
    if (row_ == nullptr) throw "the table has no such key";
  }
  [[nodiscard]] const ConfigRow& row() const noexcept { return *row_; }

 private:
  const ConfigRow* row_;
};

/// Checks a value against its row. The error (InvalidConfig) says key, value and what is allowed, in Kafka's words:
/// "Invalid value zero for configuration segment.bytes: Not a number of type INT".
[[nodiscard]] Status checkValue(const ConfigRow& row, std::string_view value);
/// The name among `rows` that `name` was probably meant to be, or empty.
[[nodiscard]] std::string_view nearestName(std::span<const ConfigRow> rows, std::string_view name);
/// What values a row takes, for people: "[1,...]", "[compact, delete]"; empty when anything goes.
[[nodiscard]] std::string describeRange(const ConfigRow& row);
/// Parts of a LIST value without the blanks around the commas.
[[nodiscard]] std::vector<std::string> splitList(std::string_view value);

}  // namespace klamm::broker::config
