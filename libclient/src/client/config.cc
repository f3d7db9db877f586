#include <klamm/config.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/properties.h"
#include "client/config_table.h"

namespace klamm {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

template <class T>
bool parseWhole(std::string_view text, T& value) noexcept {
  text = trimmed(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

template <class T>
bool isWhole(std::string_view text) noexcept {
  T value{};
  return parseWhole(text, value);
}

bool isValidType(client::ConfigType type, std::string_view text) {
  switch (type) {
    case client::ConfigType::Boolean: return lowered(trimmed(text)) == "true" || lowered(trimmed(text)) == "false";
    case client::ConfigType::Short: return isWhole<std::int16_t>(text);
    case client::ConfigType::Int: return isWhole<std::int32_t>(text);
    case client::ConfigType::Long: return isWhole<std::int64_t>(text);
    case client::ConfigType::Double: return isWhole<double>(text);
    case client::ConfigType::String:
    case client::ConfigType::Password:
    case client::ConfigType::Class:
    case client::ConfigType::List: return true;
  }
  return true;
}

/// Kafka takes no list with an empty or a doubled entry; nothing at all is the empty list.
bool isListOfDistinct(std::string_view text) {
  if (trimmed(text).empty()) return true;
  std::vector<std::string_view> seen;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view entry = trimmed(text.substr(0, comma));
    if (entry.empty() || std::find(seen.begin(), seen.end(), entry) != seen.end()) return false;
    seen.push_back(entry);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool isOneOf(std::string_view choices, std::string_view text, bool anyCase) {
  const std::string wanted = anyCase ? lowered(text) : std::string(text);
  while (!choices.empty()) {
    const std::size_t comma = choices.find(',');
    std::string_view choice = trimmed(choices.substr(0, comma));
    choices = comma == std::string_view::npos ? std::string_view() : choices.substr(comma + 1);
    if (choice.ends_with('*')) {
      choice.remove_suffix(1);
      if (wanted.starts_with(choice) && wanted.size() > choice.size()) return true;
    } else if (wanted == (anyCase ? lowered(choice) : std::string(choice))) {
      return true;
    }
  }
  return false;
}

bool isInRange(const client::ConfigRow& row, std::string_view text) {
  using Kind = client::ConfigRange::Kind;
  const client::ConfigRange& range = row.range;
  switch (range.kind) {
    case Kind::Any: return row.type != client::ConfigType::List || isListOfDistinct(text);
    case Kind::Addresses: return true;
    case Kind::NonEmpty: return !trimmed(text).empty();
    case Kind::OneOf: return isOneOf(range.choices, trimmed(text), false);
    case Kind::OneOfAnyCase: return isOneOf(range.choices, trimmed(text), true);
    case Kind::Between: break;
  }
  double number = 0;
  return parseWhole(text, number) && ((number >= range.lowest && number <= range.highest) || (range.hasOther && number == range.other));
}

Error badValue(const client::ConfigRow& row, std::string_view value) {
  const bool secret = row.type == client::ConfigType::Password;
  std::string text(row.name);
  text.append("=").append(secret ? "[hidden]" : value).append(" is not ").append(client::allowedText(row));
  return {ErrorCode::InvalidClientConfig, std::move(text)};
}

}  // namespace

namespace detail {

std::string configText(bool value) { return value ? "true" : "false"; }
std::string configText(std::int16_t value) { return std::to_string(value); }
std::string configText(std::int32_t value) { return std::to_string(value); }
std::string configText(std::int64_t value) { return std::to_string(value); }
std::string configText(double value) { return fmt::format("{}", value); }
std::string configText(Millis value) { return std::to_string(value.count()); }
std::string configText(Acks value) { return value == Acks::All ? "all" : std::to_string(static_cast<int>(value)); }
std::string configText(const std::string& value) { return value; }
std::string configText(const std::vector<std::string>& value) {
  std::string text;
  for (const std::string& item : value) text.append(text.empty() ? "" : ",").append(item);
  return text;
}

void parseConfig(std::string_view text, bool& value) { value = lowered(trimmed(text)) == "true"; }
void parseConfig(std::string_view text, std::int16_t& value) { parseWhole(text, value); }
void parseConfig(std::string_view text, std::int32_t& value) { parseWhole(text, value); }
void parseConfig(std::string_view text, std::int64_t& value) { parseWhole(text, value); }
void parseConfig(std::string_view text, double& value) { parseWhole(text, value); }
void parseConfig(std::string_view text, Millis& value) {
  std::int64_t count = 0;
  if (parseWhole(text, count)) value = Millis(count);
}
void parseConfig(std::string_view text, Acks& value) {
  text = trimmed(text);
  value = text == "0" ? Acks::None : text == "1" ? Acks::Leader : Acks::All;
}
void parseConfig(std::string_view text, std::string& value) { value = trimmed(text); }
void parseConfig(std::string_view text, std::vector<std::string>& value) {
  value.clear();
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (const auto item = trimmed(text.substr(0, comma)); !item.empty()) value.emplace_back(item);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
}

}  // namespace detail

Config::Config(std::initializer_list<std::pair<std::string_view, std::string_view>> properties) {
  for (const auto& [name, value] : properties) set(name, value);
}

Config Config::fromFile(const std::string& path) {
  Config config;
  throwIfError(config.tryLoad(path));
  return config;
}

Config& Config::merge(const Config& other) {
  for (const auto& [name, value] : other.properties_) properties_.insert_or_assign(name, value);
  if (other.sink_) setLogger(other.sink_, other.threshold_);
  return *this;
}

Config& Config::setLogger(LogSink sink, LogLevel threshold) {
  sink_ = std::move(sink);
  threshold_ = threshold;
  return *this;
}

std::optional<std::string> Config::find(std::string_view name) const {
  const auto at = properties_.find(name);
  return at == properties_.end() ? std::nullopt : std::optional(at->second);
}

Error Config::trySet(std::string_view name, std::string_view value) {
  const std::string_view key = trimmed(name);
  if (key.empty()) return {ErrorCode::InvalidClientConfig, "a configuration key is empty"};
  if (const client::ConfigRow* row = client::findConfig(key)) {
    if (!isValidType(row->type, value) || !isInRange(*row, value)) return badValue(*row, value);
  }
  properties_.insert_or_assign(std::string(key), std::string(value));
  return {};
}

Error Config::tryLoad(const std::string& path) {
  const auto loaded = Properties::load(path);
  if (!loaded) return {ErrorCode::InvalidClientConfig, loaded.error().context()};
  for (const Properties::Entry& entry : loaded->entries()) {
    if (const Error error = trySet(entry.key, entry.value)) {
      return {error.code(), path + ":" + std::to_string(entry.line) + ": " + error.context()};
    }
  }
  return {};
}

std::optional<std::string> Config::textOf(std::string_view name, ClientKind client) const {
  if (auto text = find(name)) return text;
  const client::ConfigRow* row = client::findConfig(name, client);
  if (row == nullptr || row->defaultText == nullptr) return std::nullopt;
  return std::string(row->defaultText);
}

}  // namespace klamm
