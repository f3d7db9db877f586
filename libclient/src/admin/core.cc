#include "admin/core.h"

#include <klamm/config_keys.h>

#include "client/client_config.h"
#include "client/config_table.h"

namespace klamm {
namespace admin {

void NetworkAdminCore::close() {
  client_->loop().post([this] { router_.shutDown(); });  // before what client_->close() posts
  client_->close();
}

namespace {

Result<std::unique_ptr<detail::AdminCore>> make(const Config& config) {
  const Log log = client::logOf(config);
  KLAMM_TRY(client::checkConfig(config, ClientKind::Admin, log));
  KLAMM_TRY_ASSIGN(auto settings, client::clientSettings(config, ClientKind::Admin, "adminclient-1"));
  // Metadata holds brokers only; who asks for topics says itself whether they may be made.
  settings.allowAutoTopicCreation = false;
  const auto timeout = Duration(config.get(config::defaultApiTimeoutMs, ClientKind::Admin));
  KLAMM_TRY_ASSIGN(auto client, client::Client::start(std::move(settings), log));
  return std::make_unique<NetworkAdminCore>(std::move(client), timeout);
}

}  // namespace
}  // namespace admin

std::unique_ptr<detail::AdminCore> detail::makeAdminCore(const Config& config, Error& error) {
  auto made = admin::make(config);
  if (made) return *std::move(made);
  error = made.error();
  return nullptr;
}

}  // namespace klamm
