#include "auto_topic_creator.h"

#include <algorithm>

#include "controller/control.h"

namespace klamm::broker {
namespace {

using Topic = protocol::CreateTopicsRequest::CreatableTopic;

void configure(Topic& topic, std::string_view name, std::string value) {
  auto& config = topic.configs.emplace_back();
  config.name = name;
  config.value = std::move(value);
}

}  // namespace

AutoTopicCreator::~AutoTopicCreator() {
  for (auto& [topic, waiters] : inProgress_) {
    for (const auto& waiter : waiters) waiter->done = {};
  }
}

ErrorCode AutoTopicCreator::check(std::string_view topic) const {
  if (const Status legal = controller::checkTopicName(topic); !legal) return legal.error().code();
  return controller::collidingTopic(*context_->image, topic) == nullptr ? ErrorCode::None : ErrorCode::InvalidTopicException;
}

Topic AutoTopicCreator::settingsOf(const std::string& name) const {
  const config::BrokerConfig& config = context_->config;
  Topic topic;
  topic.name = name;
  topic.numPartitions = -1;
  topic.replicationFactor = -1;
  const auto brokers = static_cast<std::int64_t>(context_->image->liveBrokers().size());
  const auto internal = [&](std::int64_t partitions, std::int64_t replicas, std::string_view policy, std::string_view compression, std::string_view segment) {
    topic.numPartitions = static_cast<std::int32_t>(partitions);
    topic.replicationFactor = static_cast<std::int16_t>(std::min(replicas, brokers));
    configure(topic, "cleanup.policy", std::string(policy));
    configure(topic, "compression.type", std::string(compression));
    configure(topic, "segment.bytes", std::string(segment));
  };
  if (name == "__consumer_offsets") {
    internal(config.number("offsets.topic.num.partitions"), config.number("offsets.topic.replication.factor"), "compact", "producer",
             config.text("offsets.topic.segment.bytes"));
  } else if (name == "__transaction_state") {
    internal(config.number("transaction.state.log.num.partitions"), config.number("transaction.state.log.replication.factor"), "compact",
             "uncompressed", config.text("transaction.state.log.segment.bytes"));
    configure(topic, "min.insync.replicas", std::to_string(std::min(config.number("transaction.state.log.min.isr"), brokers)));
    configure(topic, "unclean.leader.election.enable", "false");
  } else if (name == "__share_group_state") {
    internal(config.number("share.coordinator.state.topic.num.partitions"), config.number("share.coordinator.state.topic.replication.factor"),
             "delete", "producer", config.text("share.coordinator.state.topic.segment.bytes"));
    configure(topic, "min.insync.replicas", std::to_string(std::min(config.number("share.coordinator.state.topic.min.isr"), brokers)));
  }
  return topic;
}

void AutoTopicCreator::create(const std::vector<std::string>& topics, InlineFunction<void(), 64> done) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  for (const std::string& name : topics) {
    if (context_->image->topic(name) != nullptr) continue;
    auto& waiting = inProgress_[name];
    waiting.push_back(waiter);
    if (waiting.size() > 1) continue;
    protocol::CreateTopicsRequest request;
    request.topics.push_back(settingsOf(name));
    request.timeoutMs = static_cast<std::int32_t>(context_->config.number("request.timeout.ms"));
    context_->controller.createTopics(std::move(request), [this, topic = std::string(name)](protocol::CreateTopicsResponse response) {
      const auto& result = response.topics.front();
      if (result.errorCode != ErrorCode::None && result.errorCode != ErrorCode::TopicAlreadyExists) {
        context_->log.warn("topic {} could not be created on demand: {}", topic, result.errorMessage.value_or(""));
      }
      const auto finished = inProgress_.extract(topic);  // waiters that wait for nothing else call back when this goes
    });
  }
}

}  // namespace klamm::broker
