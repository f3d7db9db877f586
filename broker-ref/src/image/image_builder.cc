#include "image/image_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/records/abort_transaction_record.h"
#include "protocol/records/begin_transaction_record.h"
#include "protocol/records/broker_registration_change_record.h"
#include "protocol/records/clear_elr_record.h"
#include "protocol/records/config_record.h"
#include "protocol/records/end_transaction_record.h"
#include "protocol/records/feature_level_record.h"
#include "protocol/records/fence_broker_record.h"
#include "protocol/records/partition_change_record.h"
#include "protocol/records/partition_record.h"
#include "protocol/records/producer_ids_record.h"
#include "protocol/records/register_broker_record.h"
#include "protocol/records/remove_topic_record.h"
#include "protocol/records/topic_record.h"
#include "protocol/records/unfence_broker_record.h"
#include "protocol/records/unregister_broker_record.h"

namespace klamm::broker::image {
namespace {

constexpr std::int32_t kNoLeaderChange = -2;

[[nodiscard]] tl::unexpected<Error> damaged(std::string what) { return fail(ErrorCode::MalformedResponse, "metadata log: " + std::move(what)); }

}  // namespace

/// What has changed against the base so far.
struct ImageBuilder::State {
  std::unordered_map<Uuid, std::shared_ptr<TopicImage>> touched = {};
  std::set<Uuid> removed = {};
  std::map<std::int32_t, BrokerImage> brokers = {};
  std::map<ConfigResource, std::shared_ptr<const ConfigMap>> configs = {};
  std::set<ConfigResource> changedConfigs = {};
  std::map<std::string, std::int16_t> features = {};
  std::int64_t nextProducerId = 0;
  std::int64_t offset = -1;
  bool brokersChanged = false;
  bool featuresChanged = false;
};

/// One function per record type.
struct Replayer {
  const ClusterImage& base;
  ImageBuilder::State& state;

  [[nodiscard]] TopicImage* topic(const Uuid& id) {
    if (state.removed.contains(id)) return nullptr;
    auto& slot = state.touched[id];
    if (slot == nullptr) {
      const TopicImage* known = base.topic(id);
      if (known == nullptr) {
        state.touched.erase(id);
        return nullptr;
      }
      slot = std::make_shared<TopicImage>(*known);
    }
    return slot.get();
  }

  [[nodiscard]] Result<PartitionImage*> partition(const Uuid& id, std::int32_t number) {
    TopicImage* found = topic(id);
    if (found == nullptr || number < 0 || static_cast<std::size_t>(number) >= found->partitions.size()) {
      return damaged(fmt::format("a change of partition {} of topic {}, which does not exist", number, id.toString()));
    }
    return &found->partitions[static_cast<std::size_t>(number)];
  }

  Status operator()(const protocol::TopicRecord& record) {
    auto created = std::make_shared<TopicImage>();
    created->name = record.name;
    created->id = record.topicId;
    state.touched[record.topicId] = std::move(created);
    return {};
  }

  Status operator()(protocol::PartitionRecord& record) {
    TopicImage* found = topic(record.topicId);
    if (found == nullptr || record.partitionId < 0 || static_cast<std::size_t>(record.partitionId) > found->partitions.size()) {
      return damaged(fmt::format("partition {} of topic {} is out of order", record.partitionId, record.topicId.toString()));
    }
    const auto at = static_cast<std::size_t>(record.partitionId);
    if (at == found->partitions.size()) found->partitions.emplace_back();
    PartitionImage& partition = found->partitions[at];
    partition.leader = record.leader;
    partition.leaderEpoch = record.leaderEpoch;
    partition.partitionEpoch = record.partitionEpoch;
    partition.leaderRecoveryState = record.leaderRecoveryState;
    partition.replicas = std::move(record.replicas);
    partition.isr = std::move(record.isr);
    partition.addingReplicas = std::move(record.addingReplicas);
    partition.removingReplicas = std::move(record.removingReplicas);
    partition.directories = std::move(record.directories);
    partition.eligibleLeaderReplicas = record.eligibleLeaderReplicas.value_or(std::vector<std::int32_t>());
    partition.lastKnownElr = record.lastKnownElr.value_or(std::vector<std::int32_t>());
    return {};
  }

  Status operator()(protocol::PartitionChangeRecord& record) {
    KLAMM_TRY_ASSIGN(PartitionImage* const partition, this->partition(record.topicId, record.partitionId));
    const auto take = [](auto& changed, auto& target) {
      if (changed) target = *std::move(changed);
    };
    take(record.isr, partition->isr);
    take(record.replicas, partition->replicas);
    take(record.addingReplicas, partition->addingReplicas);
    take(record.removingReplicas, partition->removingReplicas);
    take(record.directories, partition->directories);
    take(record.eligibleLeaderReplicas, partition->eligibleLeaderReplicas);
    take(record.lastKnownElr, partition->lastKnownElr);
    if (record.leader != kNoLeaderChange) {  // naming a leader, even the same one, begins a new epoch
      partition->leader = record.leader;
      ++partition->leaderEpoch;
    }
    if (record.leaderRecoveryState >= 0) partition->leaderRecoveryState = record.leaderRecoveryState;
    ++partition->partitionEpoch;
    return {};
  }

  Status operator()(const protocol::RemoveTopicRecord& record) {
    const TopicImage* found = topic(record.topicId);
    if (found == nullptr) return damaged(fmt::format("removal of topic {}, which does not exist", record.topicId.toString()));
    const ConfigResource resource{ConfigResourceType::Topic, found->name};
    if (state.configs.erase(resource) != 0) state.changedConfigs.insert(resource);
    state.touched.erase(record.topicId);
    if (base.topic(record.topicId) != nullptr) state.removed.insert(record.topicId);
    return {};
  }

  Status operator()(protocol::ConfigRecord& record) {
    ConfigResource resource{static_cast<ConfigResourceType>(record.resourceType), std::move(record.resourceName)};
    auto& slot = state.configs[resource];
    auto changed = slot == nullptr ? std::make_shared<ConfigMap>() : std::make_shared<ConfigMap>(*slot);
    if (record.value) changed->insert_or_assign(std::move(record.name), *std::move(record.value));
    else if (const auto at = changed->find(record.name); at != changed->end()) changed->erase(at);
    if (changed->empty()) state.configs.erase(resource);
    else slot = std::move(changed);
    state.changedConfigs.insert(std::move(resource));
    return {};
  }

  Status operator()(protocol::RegisterBrokerRecord& record) {
    BrokerImage broker;
    broker.id = record.brokerId;
    broker.epoch = record.brokerEpoch;
    broker.incarnation = record.incarnationId;
    for (auto& endpoint : record.endPoints) {
      broker.endpoints.push_back({std::move(endpoint.name), std::move(endpoint.host), endpoint.port, endpoint.securityProtocol});
    }
    for (auto& feature : record.features) {
      broker.features.emplace(std::move(feature.name), FeatureRange{feature.minSupportedVersion, feature.maxSupportedVersion});
    }
    broker.rack = std::move(record.rack);
    broker.logDirs = std::move(record.logDirs);
    broker.fenced = record.fenced;
    broker.inControlledShutdown = record.inControlledShutdown;
    state.brokers.insert_or_assign(record.brokerId, std::move(broker));
    state.brokersChanged = true;
    return {};
  }

  [[nodiscard]] Result<BrokerImage*> broker(std::int32_t id) {
    const auto found = state.brokers.find(id);
    if (found == state.brokers.end()) return damaged(fmt::format("a change of broker {}, which is not registered", id));
    state.brokersChanged = true;
    return &found->second;
  }

  Status operator()(protocol::BrokerRegistrationChangeRecord& record) {
    KLAMM_TRY_ASSIGN(BrokerImage* const changed, broker(record.brokerId));
    if (record.fenced != 0) changed->fenced = record.fenced > 0;
    if (record.inControlledShutdown != 0) changed->inControlledShutdown = record.inControlledShutdown > 0;
    if (!record.logDirs.empty()) changed->logDirs = std::move(record.logDirs);
    return {};
  }

  Status operator()(const protocol::FenceBrokerRecord& record) {
    KLAMM_TRY_ASSIGN(BrokerImage* const changed, broker(record.id));
    changed->fenced = true;
    return {};
  }

  Status operator()(const protocol::UnfenceBrokerRecord& record) {
    KLAMM_TRY_ASSIGN(BrokerImage* const changed, broker(record.id));
    changed->fenced = false;
    return {};
  }

  Status operator()(const protocol::UnregisterBrokerRecord& record) {
    KLAMM_TRY(broker(record.brokerId));
    state.brokers.erase(record.brokerId);
    return {};
  }

  Status operator()(const protocol::FeatureLevelRecord& record) {
    if (record.featureLevel == 0) state.features.erase(record.name);
    else state.features.insert_or_assign(record.name, record.featureLevel);
    state.featuresChanged = true;
    return {};
  }

  Status operator()(const protocol::ProducerIdsRecord& record) {
    state.nextProducerId = record.nextProducerId;
    return {};
  }

  Status operator()(const protocol::ClearElrRecord& record) {
    const auto clear = [](TopicImage& topic) {
      for (PartitionImage& partition : topic.partitions) {
        partition.eligibleLeaderReplicas.clear();
        partition.lastKnownElr.clear();
      }
    };
    for (const auto& known : base.topics()) {
      if (!record.topicName.empty() && known->name != record.topicName) continue;
      if (TopicImage* found = topic(known->id)) clear(*found);
    }
    for (auto& [id, touched] : state.touched) {
      if (record.topicName.empty() || touched->name == record.topicName) clear(*touched);
    }
    return {};
  }

  /// Decodes and replays a record of type R if the frame holds one.
  template <class R>
  [[nodiscard]] std::optional<Status> tryAs(const protocol::MetadataFrame& frame) {
    if (frame.type != R::kApiKey) return std::nullopt;
    auto record = protocol::decodeMetadata<R>(frame);
    if (!record) return Status(fail(record.error()));
    return (*this)(*record);
  }

  template <class... Rs>
  [[nodiscard]] Status dispatch(const protocol::MetadataFrame& frame) {
    std::optional<Status> done;
    (void)((done = tryAs<Rs>(frame)) || ...);
    return done ? *std::move(done) : Status();
  }
};

ImageBuilder::ImageBuilder(std::shared_ptr<const ClusterImage> base) : base_(std::move(base)), state_(std::make_unique<State>()) {
  state_->brokers = base_->brokers_;
  state_->configs = base_->configs_;
  state_->features = base_->features_;
  state_->nextProducerId = base_->nextProducerId_;
  state_->offset = base_->offset_;
}

ImageBuilder::~ImageBuilder() = default;

Status ImageBuilder::replay(const Buffer& record, std::int64_t offset) {
  KLAMM_TRY_ASSIGN(const protocol::MetadataFrame frame, protocol::parseMetadataFrame(record));
  return replay(frame, offset);
}

Status ImageBuilder::replay(const protocol::MetadataFrame& frame, std::int64_t offset) {
  using namespace protocol;
  if (frame.type == BeginTransactionRecord::kApiKey) {
    beforeTransaction_ = std::make_unique<State>(*state_);
    for (auto& [id, topic] : beforeTransaction_->touched) topic = std::make_shared<TopicImage>(*topic);
  } else if (frame.type == EndTransactionRecord::kApiKey) {
    beforeTransaction_.reset();
  } else if (frame.type == AbortTransactionRecord::kApiKey) {
    if (beforeTransaction_ != nullptr) state_ = std::move(beforeTransaction_);
  } else {
    Replayer replayer{*base_, *state_};
    const Status replayed = replayer.dispatch<TopicRecord, PartitionRecord, PartitionChangeRecord, RemoveTopicRecord, ConfigRecord, RegisterBrokerRecord,
                                              BrokerRegistrationChangeRecord, FeatureLevelRecord, ProducerIdsRecord, FenceBrokerRecord,
                                              UnfenceBrokerRecord, UnregisterBrokerRecord, ClearElrRecord>(frame);
    if (!replayed) return fail(replayed.error().code(), fmt::format("offset {}: {}", offset, replayed.error().context()));
  }
  state_->offset = offset;
  return {};
}

std::pair<std::shared_ptr<const ClusterImage>, ImageDelta> ImageBuilder::finish(std::int32_t epoch) {
  auto image = std::make_shared<ClusterImage>();
  ImageDelta delta;
  std::vector<ClusterImage::TopicPtr> added;
  for (auto& [id, topic] : state_->touched) {
    delta.changedTopics.push_back(topic);
    if (base_->topic(id) == nullptr) added.push_back(topic);
  }
  const auto byName = [](const auto& a, const auto& b) { return a->name < b->name; };
  const auto byId = [](const auto& a, const auto& b) { return a->id < b->id; };
  std::vector<ClusterImage::TopicPtr> kept;
  const auto merge = [&](const std::vector<ClusterImage::TopicPtr>& before, std::vector<ClusterImage::TopicPtr>& into, const auto& order) {
    kept.clear();
    kept.reserve(before.size());
    for (const auto& topic : before) {
      if (state_->removed.contains(topic->id)) continue;
      const auto touched = state_->touched.find(topic->id);
      kept.push_back(touched == state_->touched.end() ? topic : touched->second);
    }
    std::sort(added.begin(), added.end(), order);
    into.reserve(kept.size() + added.size());
    std::merge(kept.begin(), kept.end(), added.begin(), added.end(), std::back_inserter(into), order);
  };
  merge(base_->topicsByName_, image->topicsByName_, byName);
  merge(base_->topicsById_, image->topicsById_, byId);
  std::sort(delta.changedTopics.begin(), delta.changedTopics.end(), byName);
  for (const auto& topic : base_->topicsById_) {
    if (state_->removed.contains(topic->id)) delta.removedTopics.push_back(topic);
  }
  delta.changedConfigs = std::move(state_->changedConfigs);
  delta.brokersChanged = state_->brokersChanged;
  delta.featuresChanged = state_->featuresChanged;
  image->brokers_ = std::move(state_->brokers);
  image->configs_ = std::move(state_->configs);
  image->features_ = std::move(state_->features);
  image->nextProducerId_ = state_->nextProducerId;
  image->offset_ = state_->offset;
  image->epoch_ = epoch;
  return {std::move(image), std::move(delta)};
}

}  // namespace klamm::broker::image
