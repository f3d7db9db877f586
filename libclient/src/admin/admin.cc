// Admin: futures and exceptions over AdminCore.

#include <klamm/admin.h>

#include <utility>

namespace klamm {
namespace {

using detail::Nothing;
using detail::Outcome;
using detail::Outcomes;

template <class T>
using ValueOf = std::conditional_t<std::is_void_v<T>, Nothing, T>;

/// Promises for keys that are known before the call. Shared by the call and its callback.
template <class Key, class T>
struct Promises {
  std::map<Key, std::promise<T>> values;
  std::promise<void> all;

  void settle(Outcomes<Key, ValueOf<T>> outcomes) {
    Error first;
    for (auto& [key, promise] : values) {
      auto& outcome = outcomes[key];
      if (outcome.error) {
        if (!first) first = outcome.error;
        promise.set_exception(exceptionOf(std::move(outcome.error)));
      } else if constexpr (std::is_void_v<T>) {
        promise.set_value();
      } else {
        promise.set_value(std::move(outcome.value));
      }
    }
    if (first) all.set_exception(exceptionOf(std::move(first)));
    else all.set_value();
  }
};

/// Calls `start` with a callback that settles the futures of the result.
template <class Key, class T, class Keys, class Start>
AdminResult<Key, T> keyed(const Keys& keys, Start start) {
  auto promises = std::make_shared<Promises<Key, T>>();
  AdminResult<Key, T> result;
  for (const Key& key : keys) {
    if (const auto [at, added] = promises->values.try_emplace(key); added) result.values.emplace(key, at->second.get_future().share());
  }
  result.all = promises->all.get_future().share();
  start([promises](Outcomes<Key, ValueOf<T>> outcomes) { promises->settle(std::move(outcomes)); });
  return result;
}

template <class T, class Start>
std::future<T> single(Start start) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  start([promise](Outcome<T> outcome) {
    if (outcome.error) promise->set_exception(exceptionOf(std::move(outcome.error)));
    else promise->set_value(std::move(outcome.value));
  });
  return future;
}

template <class Map>
std::vector<typename Map::key_type> keysOf(const Map& map) {
  std::vector<typename Map::key_type> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

std::unique_ptr<detail::AdminCore> coreFor(const Config& config) {
  Error error;
  auto core = detail::makeAdminCore(config, error);
  throwIfError(std::move(error));
  return core;
}

}  // namespace

Admin::Admin(const Config& config) : core_(coreFor(config)) {}
Admin::Admin(std::unique_ptr<detail::AdminCore> core) : core_(std::move(core)) {}
Admin::~Admin() {
  if (core_) core_->close();
}
Admin::Admin(Admin&&) noexcept = default;
Admin& Admin::operator=(Admin&&) noexcept = default;

AdminResult<std::string, CreatedTopic> Admin::createTopics(std::vector<NewTopic> topics, AdminOptions options) {
  std::vector<std::string> names;
  for (const NewTopic& topic : topics) names.push_back(topic.name);
  return keyed<std::string, CreatedTopic>(names, [&](auto done) { core_->createTopics(std::move(topics), options, std::move(done)); });
}

AdminResult<std::string, void> Admin::deleteTopics(std::vector<std::string> names, AdminOptions options) {
  return keyed<std::string, void>(names, [&](auto done) { core_->deleteTopics(names, options, std::move(done)); });
}

AdminResult<std::string, void> Admin::deleteTopicsById(std::vector<std::string> ids, AdminOptions options) {
  return keyed<std::string, void>(ids, [&](auto done) { core_->deleteTopicsById(ids, options, std::move(done)); });
}

std::future<std::map<std::string, TopicListing>> Admin::listTopics(AdminOptions options) {
  return single<std::map<std::string, TopicListing>>([&](auto done) { core_->listTopics(options, std::move(done)); });
}

AdminResult<std::string, TopicDescription> Admin::describeTopics(std::vector<std::string> names, AdminOptions options) {
  return keyed<std::string, TopicDescription>(names, [&](auto done) { core_->describeTopics(names, options, std::move(done)); });
}

AdminResult<std::string, TopicDescription> Admin::describeTopicsById(std::vector<std::string> ids, AdminOptions options) {
  return keyed<std::string, TopicDescription>(ids, [&](auto done) { core_->describeTopicsById(ids, options, std::move(done)); });
}

AdminResult<std::string, void> Admin::createPartitions(std::map<std::string, NewPartitions> topics, AdminOptions options) {
  return keyed<std::string, void>(keysOf(topics), [&](auto done) { core_->createPartitions(topics, options, std::move(done)); });
}

std::future<std::map<TopicPartition, PartitionReassignment>> Admin::listPartitionReassignments(std::optional<TopicPartitions> partitions,
                                                                                               AdminOptions options) {
  return single<std::map<TopicPartition, PartitionReassignment>>(
      [&](auto done) { core_->listPartitionReassignments(std::move(partitions), options, std::move(done)); });
}

AdminResult<TopicPartition, ListedOffset> Admin::listOffsets(std::map<TopicPartition, OffsetSpec> partitions, AdminOptions options) {
  return keyed<TopicPartition, ListedOffset>(keysOf(partitions), [&](auto done) { core_->listOffsets(partitions, options, std::move(done)); });
}

AdminResult<ConfigResource, std::vector<ConfigEntry>> Admin::describeConfigs(std::vector<ConfigResource> resources, AdminOptions options) {
  return keyed<ConfigResource, std::vector<ConfigEntry>>(resources, [&](auto done) { core_->describeConfigs(resources, options, std::move(done)); });
}

std::future<ClusterDescription> Admin::describeCluster(AdminOptions options) {
  return single<ClusterDescription>([&](auto done) { core_->describeCluster(options, std::move(done)); });
}

std::future<std::vector<GroupListing>> Admin::listGroups(AdminOptions options) {
  return single<std::vector<GroupListing>>([&](auto done) { core_->listGroups(options, std::move(done)); });
}

std::future<std::vector<GroupListing>> Admin::listConsumerGroups(AdminOptions options) {
  auto promise = std::make_shared<std::promise<std::vector<GroupListing>>>();
  auto future = promise->get_future();
  core_->listGroups(options, [promise](Outcome<std::vector<GroupListing>> outcome) {
    if (outcome.error) return promise->set_exception(exceptionOf(std::move(outcome.error)));
    std::erase_if(outcome.value, [](const GroupListing& group) {
      return !group.protocolType.empty() && group.protocolType != "consumer";
    });
    promise->set_value(std::move(outcome.value));
  });
  return future;
}

AdminResult<std::string, ConsumerGroupDescription> Admin::describeConsumerGroups(std::vector<std::string> groups, AdminOptions options) {
  return keyed<std::string, ConsumerGroupDescription>(groups, [&](auto done) { core_->describeConsumerGroups(groups, options, std::move(done)); });
}

AdminResult<std::string, OffsetMap> Admin::listConsumerGroupOffsets(std::map<std::string, std::optional<TopicPartitions>> groups, AdminOptions options) {
  return keyed<std::string, OffsetMap>(keysOf(groups), [&](auto done) { core_->listConsumerGroupOffsets(groups, options, std::move(done)); });
}

AdminResult<std::string, void> Admin::deleteConsumerGroups(std::vector<std::string> groups, AdminOptions options) {
  return keyed<std::string, void>(groups, [&](auto done) { core_->deleteConsumerGroups(groups, options, std::move(done)); });
}

AdminResult<TopicPartition, void> Admin::deleteConsumerGroupOffsets(std::string group, TopicPartitions partitions, AdminOptions options) {
  return keyed<TopicPartition, void>(
      partitions, [&](auto done) { core_->deleteConsumerGroupOffsets(std::move(group), partitions, options, std::move(done)); });
}

AdminResult<TopicPartition, void> Admin::alterConsumerGroupOffsets(std::string group, OffsetMap offsets, AdminOptions options) {
  return keyed<TopicPartition, void>(
      keysOf(offsets), [&](auto done) { core_->alterConsumerGroupOffsets(std::move(group), offsets, options, std::move(done)); });
}

void Admin::close() {
  if (core_) core_->close();
}

}  // namespace klamm
