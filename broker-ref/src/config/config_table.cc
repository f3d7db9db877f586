#include "config/config_table.h"

#include <charconv>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace klamm::broker::config {
namespace {

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

[[nodiscard]] char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] bool sameText(std::string_view a, std::string_view b, bool anyCase) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [anyCase](char x, char y) { return anyCase ? lower(x) == lower(y) : x == y; });
}

[[nodiscard]] bool isChoice(const Check& check, std::string_view value) noexcept {
  std::string_view rest = check.choices;
  while (true) {
    const std::size_t bar = rest.find('|');
    if (sameText(rest.substr(0, bar), value, check.anyCase)) return true;
    if (bar == std::string_view::npos) return false;
    rest.remove_prefix(bar + 1);
  }
}

/// Kafka's name of a type in its messages.
[[nodiscard]] std::string_view typeName(ConfigType type) noexcept {
  switch (type) {
    case ConfigType::Boolean: return "BOOLEAN";
    case ConfigType::Int: return "INT";
    case ConfigType::Short: return "SHORT";
    case ConfigType::Long: return "LONG";
    case ConfigType::Double: return "DOUBLE";
    case ConfigType::List: return "LIST";
    case ConfigType::Class: return "CLASS";
    case ConfigType::Password: return "PASSWORD";
    case ConfigType::String: break;
  }
  return "STRING";
}

[[nodiscard]] Status refuse(const ConfigRow& row, std::string_view value, const std::string& why) {
  return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration {}: {}", value, row.name, why));
}

[[nodiscard]] std::string number(double value) {
  return value == static_cast<double>(static_cast<long long>(value)) ? fmt::format("{}", static_cast<long long>(value)) : fmt::format("{}", value);
}

[[nodiscard]] Status checkRange(const ConfigRow& row, std::string_view text, double value) {
  const Check& check = row.check;
  if (check.orMinusOne) {
    if (value == -1 || (value >= check.min && value <= check.max)) return {};
    return refuse(row, text, fmt::format("Value must be between {} and {} or equal to -1", number(check.min), number(check.max)));
  }
  if (value < check.min) return refuse(row, text, "Value must be at least " + number(check.min));
  if (value > check.max) return refuse(row, text, "Value must be no more than " + number(check.max));
  return {};
}

template <class T>
[[nodiscard]] std::optional<T> parsed(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '+') text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
[[nodiscard]] Status checkNumber(const ConfigRow& row, std::string_view value) {
  const auto number = parsed<T>(trimmed(value));
  if (!number) return refuse(row, value, fmt::format("Not a number of type {}", typeName(row.type)));
  return checkRange(row, value, static_cast<double>(*number));
}

/// "0:1": a partition and a broker.
[[nodiscard]] bool isReplicaPair(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && parsed<std::int32_t>(text.substr(0, colon)) && parsed<std::int32_t>(text.substr(colon + 1));
}

[[nodiscard]] std::string choicesOf(const ConfigRow& row) {
  const std::string range = describeRange(row);
  return range.substr(1, range.size() - 2);
}

/// Kafka's rules for every list but a few, in its words.
[[nodiscard]] Status checkItems(const ConfigRow& row, std::string_view value) {
  const auto refused = [&row](const std::string& why) { return fail(ErrorCode::InvalidConfig, fmt::format("Configuration '{}' {}", row.name, why)); };
  if (trimmed(value).empty()) {
    if (!row.check.nonEmpty) return {};
    return refused("must not be empty. Valid values include: " + (row.check.choices.empty() ? "any non-empty value" : describeRange(row)));
  }
  std::set<std::string_view> seen;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t comma = std::min(value.find(',', at), value.size());
    const std::string_view item = trimmed(value.substr(at, comma - at));
    if (item.empty()) return refused("values must not be empty.");
    if (!seen.insert(item).second) return refused("values must not be duplicated.");
    at = comma + 1;
  }
  return {};
}

[[nodiscard]] Status checkList(const ConfigRow& row, std::string_view value) {
  if (!row.check.anyItems) KLAMM_TRY(checkItems(row, value));
  const std::vector<std::string> items = splitList(value);
  if (row.check.replicas && !(items.size() == 1 && items.front() == "*") &&
      !std::all_of(items.begin(), items.end(), [](const std::string& item) { return isReplicaPair(item); })) {
    return refuse(row, fmt::format("[{}]", value), fmt::format("{} must be the literal '*' or a list of replicas in the following format: "
                                                               "[partitionId]:[brokerId],[partitionId]:[brokerId],...", row.name));
  }
  if (row.check.choices.empty()) return {};
  for (const std::string& item : items) {
    if (!isChoice(row.check, item)) return refuse(row, item, "String must be one of: " + choicesOf(row));
  }
  return {};
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from a to b, bounded by `limit`.
[[nodiscard]] std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

Status checkValue(const ConfigRow& row, std::string_view value) {
  switch (row.type) {
    case ConfigType::Int: return checkNumber<std::int32_t>(row, value);
    case ConfigType::Short: return checkNumber<std::int16_t>(row, value);
    case ConfigType::Long: return checkNumber<std::int64_t>(row, value);
    case ConfigType::Double: return checkNumber<double>(row, value);
    case ConfigType::Boolean:
      if (!sameText(trimmed(value), "true", true) && !sameText(trimmed(value), "false", true)) {
        return refuse(row, value, "Expected value to be either true or false");
      }
      return {};
    case ConfigType::List: return checkList(row, value);
    case ConfigType::String:
      if (row.check.nonEmpty && trimmed(value).empty()) return refuse(row, value, "String must be non-empty");
      if (!row.check.choices.empty() && !isChoice(row.check, trimmed(value))) {
        return refuse(row, value, "String must be one of: " + choicesOf(row));
      }
      return {};
    case ConfigType::Class:
    case ConfigType::Password: return {};
  }
  return {};
}

std::string_view nearestName(std::span<const ConfigRow> rows, std::string_view name) {
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 4);
  std::size_t best = limit + 1;
  std::string_view nearest;
  for (const ConfigRow& row : rows) {
    const std::size_t far = distance(name, row.name, limit);
    if (far < best) {
      best = far;
      nearest = row.name;
    }
  }
  return nearest;
}

std::string describeRange(const ConfigRow& row) {
  const Check& check = row.check;
  if (!check.choices.empty()) {
    std::string text = "[";
    for (const char c : check.choices) text += c == '|' ? std::string(", ") : std::string(1, c);
    return text + "]";
  }
  const bool low = check.min != -std::numeric_limits<double>::infinity();
  const bool high = check.max != std::numeric_limits<double>::infinity();
  if (!low && !high) return {};
  std::string text = fmt::format("[{},...{}]", low ? number(check.min) : "", high ? "," + number(check.max) : "");
  if (check.orMinusOne) text += " or -1";
  return text;
}

std::vector<std::string> splitList(std::string_view value) {
  std::vector<std::string> items;
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view item = trimmed(value.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return items;
}

}  // namespace klamm::broker::config
