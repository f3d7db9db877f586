#include "controller/effective_config.h"

#include <array>
#include <charconv>

namespace klamm::broker::controller {
namespace {

/// Broker keys that say the same in another unit, weaker than the one that config.def names: value times factor.
struct Unit {
  std::string_view of = {};
  std::string_view key = {};
  std::int64_t factor = 1;
};
constexpr auto kUnits = std::to_array<Unit>({
    {"log.retention.ms", "log.retention.minutes", 60'000},
    {"log.retention.ms", "log.retention.hours", 3'600'000},
    {"log.roll.ms", "log.roll.hours", 3'600'000},
    {"log.roll.jitter.ms", "log.roll.jitter.hours", 3'600'000},
    {"log.flush.interval.ms", "log.flush.scheduler.interval.ms", 1},
});

[[nodiscard]] std::optional<std::string> defaultOf(const config::ConfigRow& row) {
  if (row.defaultValue == nullptr) return std::nullopt;
  return std::string(row.defaultValue);
}

[[nodiscard]] std::string times(const std::string& value, std::int64_t factor) {
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number < 0 ? value : std::to_string(number * factor);
}

}  // namespace

/// Adds the places that set broker key `key`, strongest first, under that name.
void ConfigView::addBrokerPlaces(std::string_view key, std::string_view as, std::vector<ConfigSynonym>& places) const {
  const auto add = [&](const auto& map, ConfigSource source) {
    if (const auto found = map.find(key); found != map.end()) places.push_back({std::string(as), found->second, source});
  };
  add(image_.configs({image::ConfigResourceType::Broker, std::to_string(brokerId_)}), ConfigSource::DynamicBroker);
  add(image_.configs({image::ConfigResourceType::Broker, ""}), ConfigSource::DynamicDefaultBroker);
  add(file_.given(), ConfigSource::StaticBroker);
}

EffectiveConfig ConfigView::topicConfig(const config::ConfigRow& row, const image::ConfigMap& own) const {
  EffectiveConfig effective{&row, {}};
  if (const auto found = own.find(row.name); found != own.end()) {
    effective.synonyms.push_back({std::string(row.name), found->second, ConfigSource::Topic});
  }
  if (row.synonym.empty()) {
    effective.synonyms.push_back({std::string(row.name), defaultOf(row), ConfigSource::Default});
    return effective;
  }
  addBrokerPlaces(row.synonym, row.synonym, effective.synonyms);
  for (const Unit& unit : kUnits) {
    if (unit.of != row.synonym) continue;
    std::vector<ConfigSynonym> weaker;
    addBrokerPlaces(unit.key, unit.key, weaker);
    for (ConfigSynonym& place : weaker) {
      if (place.value) place.value = times(*place.value, unit.factor);
      effective.synonyms.push_back(std::move(place));
    }
  }
  effective.synonyms.push_back({std::string(row.synonym), defaultOf(row), ConfigSource::Default});
  return effective;
}

EffectiveConfig ConfigView::brokerConfig(const config::ConfigRow& row) const {
  EffectiveConfig effective{&row, {}};
  addBrokerPlaces(row.name, row.name, effective.synonyms);
  if (effective.synonyms.empty() || row.defaultValue != nullptr) {
    effective.synonyms.push_back({std::string(row.name), defaultOf(row), ConfigSource::Default});
  }
  return effective;
}

std::vector<EffectiveConfig> ConfigView::topicConfigs(const image::ConfigMap& own) const {
  std::vector<EffectiveConfig> all;
  all.reserve(config::topicRows().size());
  for (const config::ConfigRow& row : config::topicRows()) all.push_back(topicConfig(row, own));
  return all;
}

std::string ConfigView::topicText(config::TopicKey key, const image::ConfigMap& own) const {
  if (const auto found = own.find(key.row().name); found != own.end()) return found->second;
  return topicConfig(key.row(), own).value().value_or("");
}

std::int64_t ConfigView::topicNumber(config::TopicKey key, const image::ConfigMap& own) const {
  const std::string text = topicText(key, own);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace klamm::broker::controller
