#include "storage.h"

#include <charconv>
#include <ctime>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/properties.h"

namespace klamm::broker {
namespace {

[[nodiscard]] std::string pathOf(const std::string& folder) { return folder + "/meta.properties"; }

[[nodiscard]] bool isOurs(const std::string& name) noexcept { return name == ".lock" || name == "lost+found"; }

[[nodiscard]] Result<std::optional<MetaProperties>> readFolder(log::Disk& disk, const std::string& folder) {
  if (disk.exists(pathOf(folder))) {
    KLAMM_TRY_ASSIGN(const std::string text, disk.readText(pathOf(folder)));
    KLAMM_TRY_ASSIGN(MetaProperties properties, parseMetaProperties(text, pathOf(folder)));
    return properties;
  }
  if (!disk.exists(folder)) return std::nullopt;
  KLAMM_TRY_ASSIGN(const auto entries, disk.list(folder));
  for (const log::FolderEntry& entry : entries) {
    if (isOurs(entry.name)) continue;
    return fail(ErrorCode::InvalidConfig, fmt::format("data folder {} holds {} but no meta.properties: it is no Kafka data folder", folder, entry.name));
  }
  return std::nullopt;
}

[[nodiscard]] Status checkOwner(const std::string& folder, const MetaProperties& found, std::int32_t nodeId, const std::string& clusterId) {
  if (found.nodeId != nodeId) {
    return fail(ErrorCode::InvalidConfig, fmt::format("data folder {} belongs to node {}, not to node {}: set node.id or take another folder", folder,
                                                      found.nodeId, nodeId));
  }
  if (!clusterId.empty() && found.clusterId != clusterId) {
    return fail(ErrorCode::InconsistentClusterId, fmt::format("data folder {} belongs to cluster {}, the others to cluster {}", folder, found.clusterId, clusterId));
  }
  return {};
}

}  // namespace

Result<MetaProperties> parseMetaProperties(const std::string& text, const std::string& path) {
  const auto bad = [&path](std::string_view what) { return fail(ErrorCode::InvalidConfig, fmt::format("{}: {}", path, what)); };
  KLAMM_TRY_ASSIGN(const Properties properties, Properties::parse(text, path));
  const std::string* version = properties.find("version");
  if (version == nullptr || *version != "1") return bad("version is not 1: the folder was written by another program or version");
  MetaProperties result;
  const std::string* node = properties.find("node.id");
  if (node == nullptr) return bad("node.id is missing");
  const auto [end, error] = std::from_chars(node->data(), node->data() + node->size(), result.nodeId);
  if (error != std::errc{} || end != node->data() + node->size()) return bad("node.id is no number");
  const std::string* cluster = properties.find("cluster.id");
  if (cluster == nullptr || cluster->empty()) return bad("cluster.id is missing");
  result.clusterId = *cluster;
  if (const std::string* directory = properties.find("directory.id")) {
    auto id = Uuid::parse(*directory);
    if (!id) return bad("directory.id is no id");
    result.directoryId = *id;
  }
  return result;
}

std::string formatMetaProperties(const MetaProperties& properties, std::int64_t nowMillis) {
  const std::time_t seconds = static_cast<std::time_t>(nowMillis / 1000);
  return fmt::format("#\n#{:%a %b %d %H:%M:%S} UTC {:%Y}\nnode.id={}\ndirectory.id={}\nversion=1\ncluster.id={}\n", fmt::gmtime(seconds),
                     fmt::gmtime(seconds), properties.nodeId, properties.directoryId.toString(), properties.clusterId);
}

namespace {

/// What every folder says of itself; they agree.
[[nodiscard]] Result<std::vector<std::optional<MetaProperties>>> readAll(log::Disk& disk, const std::vector<std::string>& folders, std::int32_t nodeId) {
  std::vector<std::optional<MetaProperties>> found;
  std::string clusterId;
  for (const std::string& folder : folders) {
    KLAMM_TRY_ASSIGN(auto properties, readFolder(disk, folder));
    if (properties) {
      KLAMM_TRY(checkOwner(folder, *properties, nodeId, clusterId));
      clusterId = properties->clusterId;
    }
    found.push_back(std::move(properties));
  }
  return found;
}

}  // namespace

Status checkStorage(log::Disk& disk, const std::vector<std::string>& folders, std::int32_t nodeId) {
  KLAMM_TRY(readAll(disk, folders, nodeId));
  return {};
}

Result<StorageIdentity> openStorage(log::Disk& disk, const std::vector<std::string>& folders, std::int32_t nodeId, Random& random,
                                    std::int64_t nowMillis) {
  KLAMM_TRY_ASSIGN(const auto found, readAll(disk, folders, nodeId));
  StorageIdentity identity;
  for (const auto& properties : found) {
    if (properties) identity.clusterId = properties->clusterId;
  }
  identity.formatted = !found.front();
  if (identity.clusterId.empty()) identity.clusterId = Uuid::random(random).toString();
  for (std::size_t i = 0; i < folders.size(); ++i) {
    MetaProperties properties = found[i].value_or(MetaProperties{identity.clusterId, nodeId, {}});
    if (!found[i] || properties.directoryId.isZero()) {
      properties.directoryId = Uuid::random(random);
      KLAMM_TRY(disk.replace(pathOf(folders[i]), asBytes(std::string_view(formatMetaProperties(properties, nowMillis))), false));
    }
    identity.directoryIds.push_back(properties.directoryId);
  }
  return identity;
}

}  // namespace klamm::broker
