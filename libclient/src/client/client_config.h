#pragma once
// From a Config to the settings that every client object has.

#include <string_view>

#include <klamm/config.h>

#include "base/result.h"
#include "client/client.h"

namespace klamm::client {

/// The settings that all clients share. `defaultClientId` is used without a client.id. Fails with InvalidClientConfig.
[[nodiscard]] Result<ClientSettings> clientSettings(const Config& config, ClientKind client, std::string_view defaultClientId);

}  // namespace klamm::client
