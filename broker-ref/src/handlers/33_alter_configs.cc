// AlterConfigs: v0-2
// * Replaces all settings of a topic or a broker; IncrementalAlterConfigs changes single ones

#include "handlers/forward.h"
#include "protocol/33_alter_configs.h"

namespace klamm::broker::handlers {
namespace {

struct AlterConfigs {
  using Request = protocol::AlterConfigsRequest;
  using Response = protocol::AlterConfigsResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    alterConfigs(context, std::move(request), std::move(reply), [&](Request allowed, auto done) {
      context.broker.controller.alterConfigs(std::move(allowed), std::move(done));
    });
  }
};

}  // namespace

KLAMM_HANDLER(AlterConfigs)

}  // namespace klamm::broker::handlers
