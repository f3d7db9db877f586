#pragma once
// Which value of a setting holds, and where it comes from.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/broker_config.h"
#include "image/cluster_image.h"

namespace klamm::broker::controller {

/// Numbers as on the wire (DescribeConfigs).
enum class ConfigSource : std::int8_t {
  Unknown = 0,
  Topic = 1,
  DynamicBroker = 2,
  DynamicDefaultBroker = 3,
  StaticBroker = 4,
  Default = 5,
};

/// One place that sets a key, under the name it has there. Threading: a value.
struct ConfigSynonym {
  std::string name = {};
  std::optional<std::string> value = {};
  ConfigSource source = ConfigSource::Default;
};

/// A key with the value that holds; `synonyms` are all places that set it, the one that wins first.
struct EffectiveConfig {
  const config::ConfigRow* row = nullptr;
  std::vector<ConfigSynonym> synonyms = {};
  [[nodiscard]] const std::optional<std::string>& value() const { return synonyms.front().value; }
  [[nodiscard]] ConfigSource source() const { return synonyms.front().source; }
  [[nodiscard]] bool isSensitive() const noexcept { return row->type == config::ConfigType::Password; }
};

/// Where settings are looked for:
///
///     topic key:   topic's own > broker's dynamic > all brokers' dynamic > file or command line > Kafka's default
///     broker key:                broker's dynamic > all brokers' dynamic > file or command line > Kafka's default
///
/// Threading: holds references; used on one thread.
class ConfigView {
 public:
  ConfigView(const config::BrokerConfig& file, const image::ClusterImage& image, std::int32_t brokerId) : file_(file), image_(image), brokerId_(brokerId) {}

  /// `own`: what the topic sets, or would set.
  [[nodiscard]] EffectiveConfig topicConfig(const config::ConfigRow& row, const image::ConfigMap& own) const;
  [[nodiscard]] EffectiveConfig brokerConfig(const config::ConfigRow& row) const;
  [[nodiscard]] std::vector<EffectiveConfig> topicConfigs(const image::ConfigMap& own) const;
  /// The value alone, quicker.
  [[nodiscard]] std::int64_t topicNumber(config::TopicKey key, const image::ConfigMap& own) const;
  [[nodiscard]] std::string topicText(config::TopicKey key, const image::ConfigMap& own) const;

 private:
  void addBrokerPlaces(std::string_view key, std::string_view as, std::vector<ConfigSynonym>& places) const;

  const config::BrokerConfig& file_;
  const image::ClusterImage& image_;
  std::int32_t brokerId_;
};

}  // namespace klamm::broker::controller
