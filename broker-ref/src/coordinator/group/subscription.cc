#include "coordinator/group/subscription.h"

#include "protocol/records/consumer_protocol_subscription.h"
#include "protocol/stored_record.h"

namespace klamm::broker::coordinator {

std::optional<std::vector<std::string>> subscribedTopics(const Buffer& metadata) {
  auto subscription =
      protocol::decodeVersioned<protocol::ConsumerProtocolSubscription>(metadata, protocol::NewerVersions::ReadAsNewest);
  if (!subscription) return std::nullopt;
  return std::move(subscription->topics);
}

}  // namespace klamm::broker::coordinator
