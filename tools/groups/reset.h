#pragma once
// klamm consumer-groups --reset-offsets.

#include <klamm/admin.h>

#include "common/arguments.h"

namespace klamm::tools {

/// Plans new offsets for the groups named, carries them out with --execute and prints them. False when a group could not be
/// reset.
bool resetOffsets(Admin& admin, const Arguments& arguments);

/// Milliseconds of an ISO 8601 duration of days and smaller units: PnDTnHnMnS. UsageError for anything else.
[[nodiscard]] std::int64_t parseDuration(const std::string& text);
/// Milliseconds since 1970 of YYYY-MM-DDTHH:mm:ss[.sss][Z|+hh:mm]; without a zone the local one. UsageError otherwise.
[[nodiscard]] std::int64_t parseDateTime(const std::string& text);
/// "orders" or "orders:0,2" taken apart. UsageError for numbers that are none.
[[nodiscard]] std::pair<std::string, std::vector<std::int32_t>> parseTopicPartitions(const std::string& text);

}  // namespace klamm::tools
