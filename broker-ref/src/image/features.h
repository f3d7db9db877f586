#pragma once
// The features that this broker knows, and up to which level what they promise is there.

#include <array>
#include <cstdint>
#include <string_view>

namespace klamm::broker::image {

struct SupportedFeature {
  std::string_view name = {};
  std::int16_t min = 0;
  std::int16_t max = 0;
};

/// metadata.version 30 is 4.3-IV0. A level of 0 switches a feature off; it rises with the work that it stands for.
inline constexpr std::string_view kMetadataVersion = "metadata.version";
inline constexpr std::int16_t kMetadataLevel = 30;
inline constexpr auto kSupportedFeatures = std::to_array<SupportedFeature>({
    {"eligible.leader.replicas.version", 0, 0},
    {"group.version", 0, 0},
    {"kraft.version", 0, 0},
    {kMetadataVersion, kMetadataLevel, kMetadataLevel},
    {"share.version", 0, 0},
    {"streams.version", 0, 0},
    {"transaction.version", 0, 0},
});

}  // namespace klamm::broker::image
