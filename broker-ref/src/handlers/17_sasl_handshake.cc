// SaslHandshake: v0-1
// * No listener authenticates yet: IllegalSaslState (34), as Kafka answers on a plain listener

#include "handlers/handler.h"
#include "protocol/17_sasl_handshake.h"

namespace klamm::broker::handlers {
namespace {

struct SaslHandshake {
  using Request = protocol::SaslHandshakeRequest;

  static Request::Response handle(Context&, const Request&) {
    Request::Response refused;
    refused.errorCode = ErrorCode::IllegalSaslState;
    return refused;
  }
};

}  // namespace

KLAMM_HANDLER(SaslHandshake)

}  // namespace klamm::broker::handlers
