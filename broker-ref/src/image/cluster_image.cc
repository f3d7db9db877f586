#include "image/cluster_image.h"

#include <algorithm>

namespace klamm::broker::image {

const BrokerEndpoint* BrokerImage::endpoint(std::string_view listener) const noexcept {
  for (const BrokerEndpoint& endpoint : endpoints) {
    if (endpoint.listener == listener) return &endpoint;
  }
  return nullptr;
}

bool isInternalTopic(std::string_view name) noexcept {
  return name == "__consumer_offsets" || name == "__transaction_state" || name == "__share_group_state";
}

const TopicImage* ClusterImage::topic(std::string_view name) const noexcept {
  const auto at = std::lower_bound(topicsByName_.begin(), topicsByName_.end(), name,
                                   [](const TopicPtr& topic, std::string_view wanted) { return topic->name < wanted; });
  return at != topicsByName_.end() && (*at)->name == name ? at->get() : nullptr;
}

const TopicImage* ClusterImage::topic(const Uuid& id) const noexcept {
  const auto at = std::lower_bound(topicsById_.begin(), topicsById_.end(), id,
                                   [](const TopicPtr& topic, const Uuid& wanted) { return topic->id < wanted; });
  return at != topicsById_.end() && (*at)->id == id ? at->get() : nullptr;
}

const PartitionImage* ClusterImage::partition(std::string_view name, std::int32_t partition) const noexcept {
  const TopicImage* found = topic(name);
  if (found == nullptr || partition < 0 || static_cast<std::size_t>(partition) >= found->partitions.size()) return nullptr;
  return &found->partitions[static_cast<std::size_t>(partition)];
}

const BrokerImage* ClusterImage::broker(std::int32_t id) const noexcept {
  const auto found = brokers_.find(id);
  return found == brokers_.end() ? nullptr : &found->second;
}

std::vector<std::int32_t> ClusterImage::liveBrokers() const {
  std::vector<std::int32_t> live;
  for (const auto& [id, broker] : brokers_) {
    if (!broker.fenced) live.push_back(id);
  }
  return live;
}

const ConfigMap& ClusterImage::configs(const ConfigResource& resource) const noexcept {
  static const ConfigMap kNone;
  const auto found = configs_.find(resource);
  return found == configs_.end() ? kNone : *found->second;
}

}  // namespace klamm::broker::image
