#pragma once
// What consumers tell each other inside JoinGroup metadata, as far as the broker must look into it.

#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"

namespace klamm::broker::coordinator {

/// The topics of a ConsumerProtocolSubscription; nullopt when the bytes are none. A version that is not known yet is read as
/// the newest known one: newer ones only add at the end.
[[nodiscard]] std::optional<std::vector<std::string>> subscribedTopics(const Buffer& metadata);

}  // namespace klamm::broker::coordinator
