// Finding offsets: leaders first, then each leader about its partitions; what was at the wrong broker again.

#include <set>

#include "admin/core.h"
#include "protocol/02_list_offsets.h"
#include "protocol/03_metadata.h"

namespace klamm::admin {
namespace {

using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;
using protocol::MetadataRequest;
using protocol::MetadataResponse;
using OffsetGather = Gather<TopicPartition, ListedOffset>;

/// The first version that knows a special timestamp; asked with an older one a broker would look for a time.
std::int16_t firstVersionFor(std::int64_t timestamp) {
  if (timestamp == OffsetSpec::maxTimestamp().timestamp) return 7;
  if (timestamp == OffsetSpec::earliestLocal().timestamp) return 8;
  if (timestamp == OffsetSpec::latestTiered().timestamp) return 9;
  return 1;
}

/// Rounds of (leaders, offsets) until every partition has its answer. Keeps itself alive meanwhile.
class OffsetSearch final : public Sleeper, public std::enable_shared_from_this<OffsetSearch> {
 public:
  OffsetSearch(Router& router, std::map<TopicPartition, OffsetSpec> wanted, TimePoint deadline, bool readCommitted, std::shared_ptr<OffsetGather> gather)
      : router_(router),
        left_(std::move(wanted)),
        policy_(deadline, {router.client().settings().retryBackoff, router.client().settings().retryBackoffMax}),
        readCommitted_(readCommitted),
        gather_(std::move(gather)) {}

  void wake() override { round(); }
  void giveUp(const Error& error) override {
    for (const auto& [partition, spec] : left_) gather_->fail(partition, error);
    gather_.reset();
  }

  void round() {
    CallSpec<MetadataRequest> spec;
    spec.name = "listOffsets";
    spec.deadline = policy_.deadline();
    spec.minVersion = 4;  // older ones might create the topic
    std::set<std::string> names;
    for (const auto& [partition, wanted] : left_) names.insert(partition.topic);
    spec.build = [names](std::int16_t) -> Result<MetadataRequest> {
      MetadataRequest request;
      auto& topics = request.topics.emplace();
      for (const std::string& name : names) topics.emplace_back().name = name;
      request.allowAutoTopicCreation = false;
      return request;
    };
    spec.done = [self = shared_from_this()](Result<MetadataResponse> answer) {
      if (answer) self->onLeaders(*answer);
      else self->giveUp(answer.error());
    };
    RoutedCall<MetadataRequest>::start(router_, std::move(spec));
  }

 private:
  void onLeaders(const MetadataResponse& answer) {
    std::vector<Node> nodes;
    for (const auto& broker : answer.brokers) nodes.push_back({broker.nodeId, broker.host, broker.port, broker.rack});
    router_.client().network().learn(nodes);
    std::map<NodeId, std::map<std::string, std::vector<std::int32_t>>> byLeader;
    for (const auto& topic : answer.topics) {
      if (!topic.name) continue;
      if (topic.errorCode != ErrorCode::None) cannot(*topic.name, Error(topic.errorCode));
      for (const auto& one : topic.partitions) {
        const TopicPartition partition{*topic.name, one.partitionIndex};
        if (!left_.contains(partition)) continue;
        if (one.leaderId < 0) last_ = Error(ErrorCode::LeaderNotAvailable, partition.toString());
        else byLeader[one.leaderId][*topic.name].push_back(one.partitionIndex);
      }
    }
    running_ = byLeader.size();
    if (running_ == 0) return endRound();
    for (auto& [leader, topics] : byLeader) ask(leader, std::move(topics));
  }
  /// All of a topic's partitions; an error that may pass leaves them for the next round.
  void cannot(const std::string& topic, const Error& error) {
    last_ = Error(error.code(), "topic '" + topic + "'");
    if (error.retriable()) return;
    std::erase_if(left_, [&](const auto& one) {
      if (one.first.topic == topic) gather_->fail(one.first, last_);
      return one.first.topic == topic;
    });
  }
  void ask(NodeId leader, std::map<std::string, std::vector<std::int32_t>> topics) {
    ListOffsetsRequest request;
    request.replicaId = -1;
    request.isolationLevel = readCommitted_ ? 1 : 0;
    std::int16_t minVersion = 1;
    for (auto& [name, partitions] : topics) {
      auto& topic = request.topics.emplace_back();
      topic.name = name;
      for (const std::int32_t partition : partitions) {
        auto& one = topic.partitions.emplace_back();
        one.partitionIndex = partition;
        one.timestamp = left_.at({name, partition}).timestamp;
        minVersion = std::max(minVersion, firstVersionFor(one.timestamp));
      }
    }
    if (readCommitted_) minVersion = std::max<std::int16_t>(minVersion, 2);
    client::Client& client = router_.client();
    const Duration remaining = std::max<Duration>(policy_.deadline() - client.loop().now(), Millis(1));
    const client::CallOptions options{.timeout = std::min(client.settings().requestTimeout, remaining), .minVersion = minVersion};
    request.timeoutMs = static_cast<std::int32_t>(std::chrono::duration_cast<Millis>(options.timeout).count());
    client.network().send(leader, client::Channel::General, request, options,
                          [self = shared_from_this(), request](Result<ListOffsetsResponse> answer) { self->onOffsets(request, std::move(answer)); });
  }
  void onOffsets(const ListOffsetsRequest& asked, Result<ListOffsetsResponse> answer) {
    if (answer) {
      for (const auto& topic : answer->topics) {
        for (const auto& one : topic.partitions) take({topic.name, one.partitionIndex}, one);
      }
    } else if (answer.error().retriable()) {
      last_ = answer.error();
    } else {
      for (const auto& topic : asked.topics) {
        for (const auto& one : topic.partitions) settle({topic.name, one.partitionIndex}, answer.error());
      }
    }
    if (--running_ == 0) endRound();
  }
  void take(const TopicPartition& partition, const ListOffsetsResponse::ListOffsetsPartitionResponse& from) {
    if (!left_.contains(partition)) return;
    const Error error(from.errorCode, partition.toString());
    if (!error) {
      left_.erase(partition);
      gather_->set(partition, {from.offset, from.timestamp, from.leaderEpoch >= 0 ? std::optional(from.leaderEpoch) : std::nullopt});
    } else if (error.retriable()) {
      last_ = error;
    } else {
      settle(partition, error);
    }
  }
  void settle(const TopicPartition& partition, const Error& error) {
    left_.erase(partition);
    gather_->fail(partition, error);
  }
  void endRound() {
    if (left_.empty()) return gather_.reset();
    // A partition that the topic does not have is missing in the answers: it may be on its way.
    if (!last_) last_ = Error(ErrorCode::UnknownTopicOrPartition, left_.begin()->first.toString());
    const auto again = policy_.again(last_, router_.client().loop().now(), systemRandom());
    if (again) router_.sleep(*again, shared_from_this());
    else giveUp(policy_.verdict("listOffsets", last_));
  }

  Router& router_;
  std::map<TopicPartition, OffsetSpec> left_;
  RetryPolicy policy_;
  const bool readCommitted_;
  std::shared_ptr<OffsetGather> gather_;
  std::size_t running_ = 0;
  Error last_;
};

}  // namespace

void NetworkAdminCore::listOffsets(std::map<TopicPartition, OffsetSpec> partitions, const AdminOptions& options,
                                   OutcomesCallback<TopicPartition, ListedOffset> done) {
  auto gather = std::make_shared<OffsetGather>(std::move(done));
  if (partitions.empty()) return;
  for (const auto& [partition, spec] : partitions) gather->expect(partition);
  std::make_shared<OffsetSearch>(router_, std::move(partitions), deadlineOf(options), options.readCommitted, std::move(gather))->round();
}

}  // namespace klamm::admin
