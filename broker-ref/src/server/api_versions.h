#pragma once
// The list of served APIs as ApiVersions tells it, made from the handler table.

#include "image/cluster_image.h"
#include "protocol/18_api_versions.h"
#include "server/handler_table.h"

namespace klamm::broker::server {

/// Keys and versions alone: the body of the answer to a version that is not known (KIP-511), in version 0.
[[nodiscard]] protocol::ApiVersionsResponse unsupportedApiVersions(const HandlerTable& table);
/// The whole answer in `version`.
[[nodiscard]] protocol::ApiVersionsResponse apiVersions(const HandlerTable& table, const image::ClusterImage& image, std::int16_t version);
/// KIP-511: letters, digits, '-' and '.', beginning and ending with a letter or digit.
[[nodiscard]] bool isSoftwareName(std::string_view text) noexcept;

}  // namespace klamm::broker::server
