// ApiVersions: v0-4
// * Answers the served APIs and the features; made from the handler table, so that there is no second list.
// * A version that is not known never gets here: the connection answers it with error 35 in a v0 body (KIP-511).
// Version notes:
// * v3: the client's software name and version; a bad one is InvalidRequest (42)
// * v4: supported features with a minimum of 0 are listed as well

#include "handlers/handler.h"
#include "server/api_versions.h"

namespace klamm::broker::handlers {
namespace {

struct ApiVersions {
  using Request = protocol::ApiVersionsRequest;

  static Request::Response handle(Context& context, const Request& request) {
    if (context.version() >= 3 && !(server::isSoftwareName(request.clientSoftwareName) && server::isSoftwareName(request.clientSoftwareVersion))) {
      Request::Response refused;
      refused.errorCode = ErrorCode::InvalidRequest;
      return refused;
    }
    return server::apiVersions(handlerTable(), *context.broker.image, context.version());
  }
};

}  // namespace

KLAMM_HANDLER(ApiVersions)

}  // namespace klamm::broker::handlers
