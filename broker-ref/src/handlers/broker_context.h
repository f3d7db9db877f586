#pragma once
// The parts of a broker that handlers reach.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/inline_function.h"
#include "base/logging.h"
#include "config/broker_config.h"
#include "controller/controller_client.h"
#include "image/cluster_image.h"
#include "net/loop.h"

namespace klamm::broker {

class ReplicaManager;
namespace coordinator {
class GroupCoordinator;
}
namespace log {
class LogManager;
}

/// Makes topics that a request asks for without a CreateTopics: auto.create.topics.enable and the internal topics. Several
/// requests that want the same topic lead to one creation. Threading: the loop.
class TopicCreator {
 public:
  virtual ~TopicCreator() = default;
  /// Starts to create the topics and returns at once; those that exist or are being created are left alone. Internal ones
  /// (__consumer_offsets) get the settings that Kafka gives them. `done` comes when all of them are in the image, or could
  /// not be created; it may be empty.
  virtual void create(const std::vector<std::string>& topics, InlineFunction<void(), 64> done) = 0;
  /// Why this name is not that of a topic that may be created, or None.
  [[nodiscard]] virtual ErrorCode check(std::string_view topic) const = 0;
};

/// What handlers share. Threading: all of it belongs to the loop; the image is immutable.
struct BrokerContext {
  std::int32_t nodeId = 0;
  std::string clusterId = {};
  const config::BrokerConfig& config;
  net::Loop& loop;
  const Clock& clock;
  Log log = {};
  /// The newest image; keep the pointer for as long as its topics are looked at.
  std::shared_ptr<const image::ClusterImage> image = {};
  controller::ControllerClient& controller;
  TopicCreator& topicCreator;
  log::LogManager& logs;
  ReplicaManager& replicas;
  coordinator::GroupCoordinator& groups;
};

}  // namespace klamm::broker
