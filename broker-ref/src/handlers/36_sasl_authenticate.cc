// SaslAuthenticate: v0-2
// * No listener authenticates yet: IllegalSaslState (34), as Kafka answers on a plain listener

#include "handlers/handler.h"
#include "protocol/36_sasl_authenticate.h"

namespace klamm::broker::handlers {
namespace {

struct SaslAuthenticate {
  using Request = protocol::SaslAuthenticateRequest;

  static Request::Response handle(Context&, const Request&) {
    Request::Response refused;
    refused.errorCode = ErrorCode::IllegalSaslState;
    refused.errorMessage = "SaslAuthenticate request received after successful authentication";
    return refused;
  }
};

}  // namespace

KLAMM_HANDLER(SaslAuthenticate)

}  // namespace klamm::broker::handlers
