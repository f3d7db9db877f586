// InitProducerId: v0-5
// * Gives an idempotent producer an id that nobody had before, epoch 0
// * Until transactions are served, a transactional id is refused with UNSUPPORTED_VERSION, which Java's producer takes as
//   fatal at once; an empty one is INVALID_REQUEST
// Version notes:
// * v3: the id and epoch that the producer has had; one without the other is INVALID_REQUEST

#include "handlers/handler.h"
#include "protocol/22_init_producer_id.h"
#include "protocol/67_allocate_producer_ids.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

using server::Operation;
using server::ResourceType;

void askForBlock(BrokerContext& broker) {
  protocol::AllocateProducerIdsRequest request;
  request.brokerId = broker.nodeId;
  if (const auto* self = broker.image->broker(broker.nodeId)) request.brokerEpoch = self->epoch;
  broker.controller.allocateProducerIds(std::move(request), [&broker](const protocol::AllocateProducerIdsResponse& block) {
    ProducerIds& ids = broker.replicas.producerIds();
    if (block.errorCode != ErrorCode::None || block.producerIdLen <= 0) {
      const ErrorCode code = block.errorCode != ErrorCode::None ? block.errorCode : ErrorCode::UnknownServerError;
      return ids.blockRefused({code, "the controller gave no producer ids"});
    }
    ids.blockArrived(block.producerIdStart, block.producerIdLen, [&broker] { askForBlock(broker); });
  });
}

struct InitProducerId {
  using Request = protocol::InitProducerIdRequest;
  using Response = protocol::InitProducerIdResponse;

  static void handle(Context& context, const Request& request, Reply<Response> reply) {
    if (const ErrorCode refused = judge(context, request); refused != ErrorCode::None) return reply(refusal(refused));
    BrokerContext& broker = context.broker;
    broker.replicas.producerIds().take([&broker] { askForBlock(broker); }, [reply = std::move(reply)](const Result<std::int64_t>& id) mutable {
      // A client tries again on COORDINATOR_LOAD_IN_PROGRESS, whatever kept the controller.
      if (!id) return reply(refusal(ErrorCode::CoordinatorLoadInProgress));
      Response response;
      response.producerId = *id;
      response.producerEpoch = 0;
      reply(response);
    });
  }

  static ErrorCode judge(const Context& context, const Request& request) {
    if (request.transactionalId) {
      context.broker.log.warn("client '{}' asks for transactions (transactional.id '{}'), which this broker does not serve",
                              context.request.clientId, *request.transactionalId);
      return request.transactionalId->empty() ? ErrorCode::InvalidRequest : ErrorCode::UnsupportedVersion;
    }
    if ((request.producerId == -1) != (request.producerEpoch == -1)) return ErrorCode::InvalidRequest;
    const bool allowed = context.request.allows(Operation::IdempotentWrite, ResourceType::Cluster, "kafka-cluster");
    return allowed ? ErrorCode::None : ErrorCode::ClusterAuthorizationFailed;
  }

  static Response refusal(ErrorCode code) {
    Response response;
    response.errorCode = code;
    response.producerId = -1;
    response.producerEpoch = -1;
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(InitProducerId)

}  // namespace klamm::broker::handlers
