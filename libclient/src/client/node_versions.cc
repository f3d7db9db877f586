#include "client/node_versions.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::client {

NodeVersions::NodeVersions(const protocol::ApiVersionsResponse& response) {
  for (const auto& api : response.apiKeys) ranges_[api.apiKey] = {api.minVersion, api.maxVersion};
}

Result<std::int16_t> NodeVersions::choose(protocol::ApiKey key, std::int16_t lowest, std::int16_t highest) const {
  const auto name = protocol::apiInfo(key).name;
  const auto at = ranges_.find(static_cast<std::int16_t>(key));
  if (at == ranges_.end()) return fail(ErrorCode::UnsupportedVersion, fmt::format("the broker does not serve {}", name));
  const std::int16_t version = std::min(highest, at->second.max);
  if (version < std::max(lowest, at->second.min)) {
    return fail(ErrorCode::UnsupportedVersion, fmt::format("the broker serves {} {} to {}, needed is {} to {}", name, at->second.min,
                                                           at->second.max, lowest, highest));
  }
  return version;
}

Result<std::int16_t> NodeVersions::choose(protocol::ApiKey key) const {
  const protocol::Versions ours = protocol::apiInfo(key).stableVersions;
  return choose(key, ours.first, ours.last);
}

}  // namespace klamm::client
