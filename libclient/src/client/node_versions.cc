#include "client/node_versions.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::client {

NodeVersions::NodeVersions(const protocol::ApiVersionsResponse& response) {
  for (const auto& api : response.apiKeys) {
    if (protocol::findApi(api.apiKey) == nullptr) continue;
    const auto at = static_cast<std::size_t>(api.apiKey);
    if (at >= ranges_.size()) ranges_.resize(at + 1);
    ranges_[at] = {api.minVersion, api.maxVersion};
  }
}

Result<std::int16_t> NodeVersions::choose(protocol::ApiKey key, std::int16_t lowest, std::int16_t highest) const {
  const auto name = protocol::apiInfo(key).name;
  const auto at = static_cast<std::size_t>(key);
  const std::optional<Range> range = at < ranges_.size() ? ranges_[at] : std::nullopt;
  if (!range) return fail(ErrorCode::UnsupportedVersion, fmt::format("the broker does not serve {}", name));
  const std::int16_t version = std::min(highest, range->max);
  if (version < std::max(lowest, range->min)) {
    return fail(ErrorCode::UnsupportedVersion, fmt::format("the broker serves {} {} to {}, needed is {} to {}", name, range->min, range->max,
                                                           lowest, highest));
  }
  return version;
}

Result<std::int16_t> NodeVersions::choose(protocol::ApiKey key) const {
  const protocol::Versions ours = protocol::apiInfo(key).stableVersions;
  return choose(key, ours.first, ours.last);
}

}  // namespace klamm::client
