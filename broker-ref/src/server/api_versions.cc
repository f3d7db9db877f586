#include "server/api_versions.h"

#include "image/features.h"

namespace klamm::broker::server {
namespace {

[[nodiscard]] bool isAlphanumeric(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

void addKeys(const HandlerTable& table, protocol::ApiVersionsResponse& response) {
  response.apiKeys.reserve(table.entries.size());
  for (const HandlerEntry* entry : table.entries) {
    const protocol::Versions versions = protocol::apiInfo(entry->api).announcedVersions();
    response.apiKeys.push_back({static_cast<std::int16_t>(entry->api), versions.first, versions.last, {}});
  }
}

}  // namespace

protocol::ApiVersionsResponse unsupportedApiVersions(const HandlerTable& table) {
  protocol::ApiVersionsResponse response;
  response.errorCode = ErrorCode::UnsupportedVersion;
  addKeys(table, response);
  std::erase_if(response.apiKeys, [](const auto& key) { return key.apiKey != static_cast<std::int16_t>(protocol::ApiKey::ApiVersions); });
  return response;
}

protocol::ApiVersionsResponse apiVersions(const HandlerTable& table, const image::ClusterImage& image, std::int16_t version) {
  protocol::ApiVersionsResponse response;
  addKeys(table, response);
  for (const image::SupportedFeature& feature : image::kSupportedFeatures) {
    // Clients before v4 refuse a minimum of 0.
    if (feature.min > 0 || version >= 4) response.supportedFeatures.push_back({std::string(feature.name), feature.min, feature.max, {}});
  }
  for (const auto& [name, level] : image.features()) response.finalizedFeatures.push_back({name, level, level, {}});
  response.finalizedFeaturesEpoch = image.offset();
  return response;
}

bool isSoftwareName(std::string_view text) noexcept {
  if (text.empty() || !isAlphanumeric(text.front()) || !isAlphanumeric(text.back())) return false;
  for (const char c : text) {
    if (!isAlphanumeric(c) && c != '-' && c != '.') return false;
  }
  return true;
}

}  // namespace klamm::broker::server
