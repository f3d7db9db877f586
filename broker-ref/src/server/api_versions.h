#pragma once
// The list of served APIs as ApiVersions tells it, made from the handler table.

#include "image/cluster_image.h"
#include "protocol/18_api_versions.h"
#include "server/handler_table.h"

namespace klamm::broker::server {

/// The versions of ApiVersions itself: the body of the answer, in version 0, to one that is not known (KIP-511).
[[nodiscard]] protocol::ApiVersionsResponse unsupportedApiVersions(const HandlerTable& table);
/// The whole answer in `version`.
[[nodiscard]] protocol::ApiVersionsResponse apiVersions(const HandlerTable& table, const image::ClusterImage& image, std::int16_t version);
/// KIP-511: letters, digits, '-' and '.', beginning and ending with a letter or digit.
[[nodiscard]] bool isSoftwareName(std::string_view text) noexcept;

}  // namespace klamm::broker::server
