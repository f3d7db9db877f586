// IncrementalAlterConfigs: v0-1
// * Sets, deletes, appends to and subtracts from single settings of topics and brokers (KIP-339)

#include "handlers/forward.h"
#include "protocol/44_incremental_alter_configs.h"

namespace klamm::broker::handlers {
namespace {

struct IncrementalAlterConfigs {
  using Request = protocol::IncrementalAlterConfigsRequest;
  using Response = protocol::IncrementalAlterConfigsResponse;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    alterConfigs(context, std::move(request), std::move(reply), [&](Request allowed, auto done) {
      context.broker.controller.incrementalAlterConfigs(std::move(allowed), std::move(done));
    });
  }
};

}  // namespace

KLAMM_HANDLER(IncrementalAlterConfigs)

}  // namespace klamm::broker::handlers
