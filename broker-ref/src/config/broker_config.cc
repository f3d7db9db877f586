#include "config/broker_config.h"

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

}  // namespace

Result<BrokerConfig> BrokerConfig::make(const Entries& entries, std::vector<std::string>* warnings) {
  BrokerConfig config;
  for (const auto& [key, value] : entries) {
    const ConfigRow* row = findBrokerRow(key);
    if (row == nullptr) {
      if (warnings == nullptr || isFreeForm(key)) continue;
      const std::string_view nearest = nearestName(brokerRows(), key);
      warnings->push_back(nearest.empty() ? fmt::format("unknown configuration key {} is ignored", key)
                                          : fmt::format("unknown configuration key {} is ignored; did you mean {}?", key, nearest));
      continue;
    }
    if (auto valid = checkValue(*row, value); !valid) {
      const std::string range = describeRange(*row);
      return fail(ErrorCode::InvalidConfig, valid.error().context() + (range.empty() ? "" : fmt::format(" (allowed: {})", range)));
    }
    config.given_.insert_or_assign(key, value);
  }
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

std::vector<std::string> BrokerConfig::list(BrokerKey key) const { return splitList(text(key)); }
bool BrokerConfig::isSet(BrokerKey key) const { return given_.contains(key.row().name); }
void BrokerConfig::set(BrokerKey key, std::string value) { given_.insert_or_assign(std::string(key.row().name), std::move(value)); }

}  // namespace klamm::broker::config
