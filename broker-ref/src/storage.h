#pragma once
// The folders of log.dirs as a whole: to whom they belong.

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/uuid.h"
#include "log/disk.h"
#include "log/log_manager.h"

namespace klamm::broker {

/// meta.properties, version 1:
///
///     #
///     #Sat Nov 21 10:36:49 UTC 2026
///     node.id=1
///     directory.id=stN7rU_S-GZODVJ7fx4YSg
///     version=1
///     cluster.id=qdlfAC-ITXaMp-6-C4sKSQ
struct MetaProperties {
  std::string clusterId = {};
  std::int32_t nodeId = -1;
  Uuid directoryId = {};
};

/// What the folders say together. Threading: a value.
struct StorageIdentity {
  std::string clusterId = {};
  std::vector<Uuid> directoryIds = {};  ///< in the order of log.dirs
  bool formatted = false;               ///< the first folder was empty
};

/// Checks that every folder is absent, empty, or belongs to this node of one cluster. Touches nothing. Refuses, with one
/// sentence, a folder of another node or cluster, of another version, and one that is neither empty nor formatted.
[[nodiscard]] Status checkStorage(log::Disk& disk, const std::vector<std::string>& folders, std::int32_t nodeId);
/// Checks the same again, now that the folders are locked, and formats those that are empty.
[[nodiscard]] Result<StorageIdentity> openStorage(log::Disk& disk, const std::vector<std::string>& folders, std::int32_t nodeId, Random& random,
                                                  std::int64_t nowMillis);
[[nodiscard]] Result<MetaProperties> parseMetaProperties(const std::string& text, const std::string& path);
[[nodiscard]] std::string formatMetaProperties(const MetaProperties& properties, std::int64_t nowMillis);

}  // namespace klamm::broker
