#pragma once
// The admin client over the network.

#include <memory>
#include <string>
#include <utility>

#include <klamm/detail/admin_core.h>

#include "admin/call.h"
#include "base/uuid.h"

namespace klamm::admin {

using detail::Nothing;
using detail::Outcome;
using detail::OutcomeCallback;
using detail::Outcomes;
using detail::OutcomesCallback;

/// Each area has its file: topics.cc, describe_topics.cc, list_offsets.cc, cluster.cc, groups.cc, group_offsets.cc.
/// Threading: see AdminCore.
class NetworkAdminCore final : public detail::AdminCore {
 public:
  NetworkAdminCore(std::unique_ptr<client::Client> client, Duration defaultTimeout)
      : client_(std::move(client)), router_(*client_), defaultTimeout_(defaultTimeout) {}
  ~NetworkAdminCore() override { NetworkAdminCore::close(); }

  void createTopics(std::vector<NewTopic> topics, const AdminOptions& options, OutcomesCallback<std::string, CreatedTopic> done) override;
  void deleteTopics(std::vector<std::string> names, const AdminOptions& options, TextOutcomes done) override;
  void deleteTopicsById(std::vector<std::string> ids, const AdminOptions& options, TextOutcomes done) override;
  void listTopics(const AdminOptions& options, OutcomeCallback<std::map<std::string, TopicListing>> done) override;
  void describeTopics(std::vector<std::string> names, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) override;
  void describeTopicsById(std::vector<std::string> ids, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done) override;
  void createPartitions(std::map<std::string, NewPartitions> topics, const AdminOptions& options, TextOutcomes done) override;
  void listPartitionReassignments(std::optional<TopicPartitions> partitions, const AdminOptions& options,
                                  OutcomeCallback<std::map<TopicPartition, PartitionReassignment>> done) override;
  void listOffsets(std::map<TopicPartition, OffsetSpec> partitions, const AdminOptions& options,
                   OutcomesCallback<TopicPartition, ListedOffset> done) override;

  void describeConfigs(std::vector<ConfigResource> resources, const AdminOptions& options,
                       OutcomesCallback<ConfigResource, std::vector<ConfigEntry>> done) override;
  void describeCluster(const AdminOptions& options, OutcomeCallback<ClusterDescription> done) override;

  void listGroups(const AdminOptions& options, OutcomeCallback<std::vector<GroupListing>> done) override;
  void describeConsumerGroups(std::vector<std::string> groups, const AdminOptions& options,
                              OutcomesCallback<std::string, ConsumerGroupDescription> done) override;
  void listConsumerGroupOffsets(std::map<std::string, std::optional<TopicPartitions>> groups, const AdminOptions& options,
                                OutcomesCallback<std::string, OffsetMap> done) override;
  void deleteConsumerGroups(std::vector<std::string> groups, const AdminOptions& options, TextOutcomes done) override;
  void deleteConsumerGroupOffsets(std::string group, TopicPartitions partitions, const AdminOptions& options,
                                  OutcomesCallback<TopicPartition, Nothing> done) override;
  void alterConsumerGroupOffsets(std::string group, OffsetMap offsets, const AdminOptions& options,
                                 OutcomesCallback<TopicPartition, Nothing> done) override;

  void close() override;

 private:
  /// A call with its name, route and deadline.
  template <class Request>
  [[nodiscard]] CallSpec<Request> specOf(std::string name, Route route, const AdminOptions& options) {
    CallSpec<Request> spec;
    spec.name = std::move(name);
    spec.route = std::move(route);
    spec.deadline = deadlineOf(options);
    return spec;
  }
  [[nodiscard]] TimePoint deadlineOf(const AdminOptions& options) const {
    const Duration timeout = options.timeout ? Duration(*options.timeout) : defaultTimeout_;
    const TimePoint now = client_->loop().now();
    return timeout < TimePoint::max() - now ? now + timeout : TimePoint::max();
  }
  /// What a request tells the broker about its time (timeout.ms).
  [[nodiscard]] std::int32_t brokerTimeout(const AdminOptions& options) const;

  void describeByMetadata(std::vector<std::string> names, const AdminOptions& options, OutcomesCallback<std::string, TopicDescription> done);

  std::unique_ptr<client::Client> client_;
  Router router_;
  Duration defaultTimeout_;
};

/// Gathers the answers of several calls into one map; calls back when the last holder of a share has let go.
///
///     auto gather = std::make_shared<Gather<K, T>>(keys, done);   // each call holds `gather` and sets its keys
///
/// A key that nobody set gets Error(UnknownServerError, "the broker did not answer for it").
/// Threading: one thread at a time.
template <class Key, class T>
class Gather {
 public:
  explicit Gather(OutcomesCallback<Key, T> done) : done_(std::move(done)) {}
  ~Gather() { done_(std::move(outcomes_)); }
  Gather(const Gather&) = delete;
  Gather& operator=(const Gather&) = delete;

  void expect(const Key& key) {
    outcomes_.try_emplace(key, Outcome<T>{Error(ErrorCode::UnknownServerError, "the broker did not answer for it"), {}});
  }
  void set(const Key& key, T value) { outcomes_[key] = {Error(), std::move(value)}; }
  void fail(const Key& key, Error error) { outcomes_[key] = {std::move(error), {}}; }
  void failAll(const Error& error) {
    for (auto& [key, outcome] : outcomes_) outcome = {error, {}};
  }
  [[nodiscard]] const Outcomes<Key, T>& outcomes() const noexcept { return outcomes_; }

 private:
  Outcomes<Key, T> outcomes_;
  OutcomesCallback<Key, T> done_;
};

/// Fails the names that no request can carry, as Kafka's client does without asking a broker, and takes them out.
template <class Names, class NameOf, class T>
void refuseEmptyNames(Names& names, NameOf nameOf, Gather<std::string, T>& gather) {
  const auto refused = std::erase_if(names, [&](const auto& one) { return nameOf(one).empty(); });
  if (refused > 0) gather.fail("", Error(ErrorCode::InvalidTopicException, "The given topic name '' cannot be represented in a request."));
}

/// The error of a part of an answer, with the broker's words.
[[nodiscard]] inline Error errorOf(ErrorCode code, const std::optional<std::string>& message) {
  return code == ErrorCode::None ? Error() : Error(code, message.value_or(""));
}

[[nodiscard]] inline std::string idText(const Uuid& id) { return id.isZero() ? std::string() : id.toString(); }

}  // namespace klamm::admin
