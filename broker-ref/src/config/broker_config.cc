#include "config/broker_config.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace klamm::broker::config {
namespace {

template <class T>
[[nodiscard]] T numberOf(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '+')) text.remove_prefix(1);
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Keys that begin like this belong to a listener, a plugin or a client of the broker's own: Kafka takes any of them.
[[nodiscard]] bool isFreeForm(std::string_view key) noexcept {
  constexpr std::string_view kPrefixes[] = {"listener.name.", "config.providers.", "rlmm.config.", "rsm.config.", "controller.quota.", "klamm."};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [key](std::string_view prefix) { return key.starts_with(prefix); });
}

constexpr std::string_view kListenerPrefix = "listener.name.";

[[nodiscard]] std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// The row of the key behind "listener.name.<listener>."; null for what is no listener's key.
[[nodiscard]] const ConfigRow* overriddenRow(std::string_view key) noexcept {
  if (!key.starts_with(kListenerPrefix)) return nullptr;
  const std::size_t dot = key.find('.', kListenerPrefix.size());
  return dot == std::string_view::npos ? nullptr : findBrokerRow(key.substr(dot + 1));
}

[[nodiscard]] Status checkEntry(const ConfigRow& row, const std::string& value) {
  if (auto valid = checkValue(row, value); !valid) {
    const std::string range = describeRange(row);
    return fail(ErrorCode::InvalidConfig, valid.error().context() + (range.empty() ? "" : fmt::format(" (allowed: {})", range)));
  }
  return {};
}

/// Java's own way to another TLS; nothing gets less safe without it.
[[nodiscard]] bool isOfJavaAlone(std::string_view key) noexcept { return key == "ssl.provider" || key == "security.providers"; }

/// A key for a listener that does not exist is most likely a misspelt name, and what it should switch on stays off.
void warnOfStrangeListeners(const BrokerConfig& config, const BrokerConfig::Entries& entries, std::vector<std::string>& warnings) {
  std::vector<std::string> names;
  for (const std::string& listener : config.list("listeners")) names.push_back(lower(listener.substr(0, listener.find("://"))));
  for (const std::string& name : config.list("controller.listener.names")) names.push_back(lower(name));
  for (const auto& [key, value] : entries) {
    if (!key.starts_with(kListenerPrefix)) continue;
    const std::string name = lower(key.substr(kListenerPrefix.size(), key.find('.', kListenerPrefix.size()) - kListenerPrefix.size()));
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    warnings.push_back(fmt::format("configuration key {} is ignored: no listener has the name {} (see listeners)", key, name));
  }
}

}  // namespace

Result<BrokerConfig> BrokerConfig::make(const Entries& entries, std::vector<std::string>* warnings) {
  BrokerConfig config;
  for (const auto& [key, value] : entries) {
    const ConfigRow* row = findBrokerRow(key);
    if (const ConfigRow* overridden = overriddenRow(key)) {
      KLAMM_TRY(checkEntry(*overridden, value));
      config.listenerOverrides_.insert_or_assign(lower(key), value);
      continue;
    }
    if (row == nullptr) {
      if (warnings == nullptr || isFreeForm(key)) continue;
      const std::string_view nearest = nearestName(brokerRows(), key);
      warnings->push_back(nearest.empty() ? fmt::format("unknown configuration key {} is ignored", key)
                                          : fmt::format("unknown configuration key {} is ignored; did you mean {}?", key, nearest));
      continue;
    }
    KLAMM_TRY(checkEntry(*row, value));
    config.given_.insert_or_assign(key, value);
    if (warnings != nullptr && isOfJavaAlone(key) && !value.empty()) {
      warnings->push_back(fmt::format("configuration key {} is ignored: TLS is OpenSSL's here, and Java's providers do not count", key));
    }
  }
  if (warnings != nullptr) warnOfStrangeListeners(config, entries, *warnings);
  return config;
}

std::string_view BrokerConfig::text(BrokerKey key) const {
  const auto found = given_.find(key.row().name);
  if (found != given_.end()) return found->second;
  return key.row().defaultValue == nullptr ? std::string_view() : std::string_view(key.row().defaultValue);
}

std::int64_t BrokerConfig::number(BrokerKey key) const { return numberOf<std::int64_t>(text(key)); }
double BrokerConfig::real(BrokerKey key) const { return numberOf<double>(text(key)); }

bool BrokerConfig::flag(BrokerKey key) const {
  const std::string_view value = text(key);
  return value.find_first_of("tT") != std::string_view::npos;
}

std::optional<std::string_view> BrokerConfig::listenerOverride(std::string_view listener, std::string_view key) const {
  const auto found = listenerOverrides_.find(fmt::format("{}{}.{}", kListenerPrefix, lower(listener), key));
  if (found == listenerOverrides_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> BrokerConfig::list(BrokerKey key) const { return splitList(text(key)); }
bool BrokerConfig::isSet(BrokerKey key) const { return given_.contains(key.row().name); }
void BrokerConfig::set(BrokerKey key, std::string value) { given_.insert_or_assign(std::string(key.row().name), std::move(value)); }

}  // namespace klamm::broker::config
