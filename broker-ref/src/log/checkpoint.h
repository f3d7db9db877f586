#pragma once
// Kafka's small text files: a version, a number of rows, the rows.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "log/disk.h"

namespace klamm::broker::log {

/// A whole decimal number.
[[nodiscard]] std::optional<std::int64_t> parseNumber(std::string_view text);

/// The rows of a checkpoint of version 0:
///
///     0                       version
///     2                       rows
///     orders 0 4711           `columns` words, split by blanks
///     orders 1 42
///
/// nullopt when the version, the number of rows or of words is another.
[[nodiscard]] std::optional<std::vector<std::vector<std::string_view>>> parseCheckpoint(std::string_view text, std::size_t columns);

/// A checkpoint of offsets by partition ("topic partition offset"), keyed "topic-partition". A file that is absent or
/// damaged counts as empty: everything in it can be found out again.
[[nodiscard]] std::map<std::string, std::int64_t> readOffsetCheckpoint(Disk& disk, const std::string& path);
[[nodiscard]] Status writeOffsetCheckpoint(Disk& disk, const std::string& path, const std::map<std::string, std::int64_t>& offsets, bool sync);

}  // namespace klamm::broker::log
