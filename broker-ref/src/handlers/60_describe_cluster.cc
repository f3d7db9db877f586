// DescribeCluster: v0-2
// * The cluster's id and brokers
// Version notes:
// * v1: endpoint type; only brokers (1) are described on a broker's listener
// * v2: fenced brokers on request

#include "handlers/cluster_view.h"
#include "protocol/60_describe_cluster.h"

namespace klamm::broker::handlers {
namespace {

enum EndpointType : std::int8_t { kBrokers = 1, kControllers = 2 };

struct DescribeCluster {
  using Request = protocol::DescribeClusterRequest;
  using Response = protocol::DescribeClusterResponse;

  static Response handle(Context& context, const Request& request) {
    Response response;
    if (request.endpointType != kBrokers) {
      const bool known = request.endpointType == kControllers;
      response.errorCode = known ? ErrorCode::MismatchedEndpointType : ErrorCode::UnsupportedEndpointType;
      response.errorMessage = known ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
                                    : "Unsupported endpoint type " + std::to_string(request.endpointType);
      return response;
    }
    response.clusterId = context.broker.clusterId;
    response.controllerId = context.broker.nodeId;
    for (const auto& [id, node] : context.broker.image->brokers()) {
      const auto endpoint = endpointOf(context.broker, id, context.request);
      if (!endpoint || (node.fenced && !request.includeFencedBrokers)) continue;
      Response::DescribeClusterBroker broker;
      broker.brokerId = id;
      broker.host = endpoint->host;
      broker.port = endpoint->port;
      broker.rack = node.rack;
      broker.isFenced = node.fenced;
      response.brokers.push_back(std::move(broker));
    }
    if (request.includeClusterAuthorizedOperations) {
      response.clusterAuthorizedOperations = authorizedOperations(context.request, server::ResourceType::Cluster, kClusterName);
    }
    return response;
  }
};

}  // namespace

KLAMM_HANDLER(DescribeCluster)

}  // namespace klamm::broker::handlers
