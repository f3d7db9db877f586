#include "consumer/group/consumer_protocol.h"

#include <algorithm>
#include <map>
#include <utility>

#include "protocol/records/consumer_protocol_assignment.h"
#include "protocol/records/consumer_protocol_subscription.h"
#include "protocol/stored_record.h"

namespace klamm::consumer {
namespace {

constexpr std::int16_t kVersion = 3;

template <class Entry>
std::vector<Entry> groupedByTopic(const TopicPartitions& partitions) {
  std::map<std::string, std::vector<std::int32_t>> byTopic;
  for (const TopicPartition& one : partitions) byTopic[one.topic].push_back(one.partition);
  std::vector<Entry> result;
  for (auto& [topic, numbers] : byTopic) {
    std::sort(numbers.begin(), numbers.end());
    Entry entry;
    entry.topic = topic;
    entry.partitions = std::move(numbers);
    result.push_back(std::move(entry));
  }
  return result;
}

template <class Entry>
TopicPartitions flattened(const std::vector<Entry>& entries) {
  TopicPartitions result;
  for (const Entry& entry : entries) {
    for (const std::int32_t partition : entry.partitions) result.push_back({entry.topic, partition});
  }
  return result;
}

}  // namespace

Result<Buffer> encodeSubscription(const MemberSubscription& subscription) {
  using Message = protocol::ConsumerProtocolSubscription;
  Message message;
  message.topics = subscription.topics;
  std::sort(message.topics.begin(), message.topics.end());
  if (!subscription.userData.empty()) message.userData = Buffer::copyOf(BytesView(subscription.userData));
  message.ownedPartitions = groupedByTopic<Message::TopicPartition>(subscription.ownedPartitions);
  message.generationId = subscription.generationId;
  message.rackId = subscription.rackId;
  return protocol::encodeVersioned(message, kVersion);
}

Result<MemberSubscription> decodeSubscription(const Buffer& bytes) {
  KLAMM_TRY_ASSIGN(auto message, protocol::decodeVersioned<protocol::ConsumerProtocolSubscription>(bytes, protocol::NewerVersions::ReadAsNewest));
  MemberSubscription subscription;
  subscription.topics = std::move(message.topics);
  if (message.userData) subscription.userData.assign(message.userData->view().begin(), message.userData->view().end());
  subscription.ownedPartitions = flattened(message.ownedPartitions);
  subscription.generationId = message.generationId;
  subscription.rackId = std::move(message.rackId);
  return subscription;
}

Result<Buffer> encodeAssignment(const TopicPartitions& partitions) {
  using Message = protocol::ConsumerProtocolAssignment;
  Message message;
  for (const TopicPartition& one : partitions) {  // in the order that the assignor chose, as Java
    auto& topics = message.assignedPartitions;
    auto entry = std::find_if(topics.begin(), topics.end(), [&](const auto& topic) { return topic.topic == one.topic; });
    if (entry == topics.end()) {
      topics.emplace_back().topic = one.topic;
      entry = topics.end() - 1;
    }
    entry->partitions.push_back(one.partition);
  }
  return protocol::encodeVersioned(message, kVersion);
}

Result<TopicPartitions> decodeAssignment(const Buffer& bytes) {
  if (bytes.empty()) return TopicPartitions{};
  KLAMM_TRY_ASSIGN(const auto message, protocol::decodeVersioned<protocol::ConsumerProtocolAssignment>(bytes, protocol::NewerVersions::ReadAsNewest));
  return flattened(message.assignedPartitions);
}

}  // namespace klamm::consumer
