#pragma once
// A whole consumer on one thread: the real core and engine over a mock network with a small scripted broker.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "batches.h"
#include "consumer/assignors/range.h"
#include "consumer/core.h"
#include "consumer/group/consumer_protocol.h"
#include "protocol/03_metadata.h"
#include "support/manual_clock.h"
#include "support/mock_network_client.h"

namespace klamm::consumer {

/// Topic t with four partitions, led by node 1. Threading: the test's thread.
class FakeMetadata final : public client::Metadata {
 public:
  FakeMetadata() { setTopic("t", 4); }
  void setTopic(const std::string& name, int partitions, ErrorCode error = ErrorCode::None, std::int32_t epoch = 5) {
    auto next = std::make_shared<client::ClusterSnapshot>(*snapshot_);
    ++next->version;
    next->nodes[1] = {1, "one", 9092, {}};
    auto topic = std::make_shared<client::TopicMetadata>();
    topic->name = name;
    topic->error = error;
    topic->isInternal = name.rfind("__", 0) == 0;
    for (int i = 0; i < partitions; ++i) topic->partitions.push_back({.partition = i, .leader = 1, .leaderEpoch = epoch});
    next->topics[name] = topic;
    snapshot_ = next;
    for (const auto& listener : listeners_) {
      if (listener) listener(snapshot_);
    }
  }
  client::Snapshot snapshot() const override { return snapshot_; }
  std::uint64_t version() const noexcept override { return snapshot_->version; }
  void touch(std::string_view) override {}
  void setTopics(std::vector<std::string> topics) override { topics_ = std::move(topics); }
  void setAllTopics(bool all) override { all_ = all; }
  void requestUpdate(std::string_view) override { ++updates_; }
  void applyHints(const std::vector<client::LeaderHint>&, const std::vector<Node>&) override {}
  std::uint64_t addListener(Listener listener) override {
    listeners_.push_back(std::move(listener));
    return listeners_.size();
  }
  void removeListener(std::uint64_t id) override { listeners_[id - 1] = nullptr; }
  void await(std::uint64_t, TimePoint, Waiter) override {}

  std::vector<std::string> topics_;
  bool all_ = false;
  int updates_ = 0;

 private:
  std::shared_ptr<const client::ClusterSnapshot> snapshot_ = std::make_shared<client::ClusterSnapshot>();
  std::vector<Listener> listeners_;
};

/// Node 1 coordinates every group, unless it is unknown. Threading: the test's thread.
class FakeCoordinators final : public client::CoordinatorFinder {
 public:
  void find(client::CoordinatorType, std::string_view, TimePoint, Callback callback) override {
    if (error_) callback(klamm::fail(error_));
    else if (known_) callback(1);
    else waiting_ = std::move(callback);
  }
  std::optional<client::NodeId> known(client::CoordinatorType, std::string_view) const override { return known_ ? std::optional(1) : std::nullopt; }
  void markUnknown(client::CoordinatorType, std::string_view, client::NodeId) override { ++forgotten_; }
  bool known_ = true;
  Error error_;
  int forgotten_ = 0;
  Callback waiting_;
};

/// What the broker has and does. Threading: the test's thread.
struct FakeBroker {
  bool silent = false;
  std::map<TopicPartition, std::vector<Buffer>> logs = {};
  std::map<TopicPartition, std::int64_t> ends = {};
  OffsetMap committed = {};
  std::vector<OffsetMap> commits = {};
  std::vector<ErrorCode> commitErrors = {};  ///< for the next commits, first to last
  TopicPartitions assignment = {{"t", 0}};
  std::int32_t generation = 1;
  ErrorCode heartbeat = ErrorCode::None;
  std::optional<std::string> left = {};
  int joins = 0;
  ErrorCode fetchError = ErrorCode::None;
  int allTopicsLost = 0;  ///< answers about all topics that are lost first
  std::function<void()> onLost = {};
  std::optional<std::int64_t> epochEnd = {};  ///< what OffsetForLeaderEpoch answers

  void append(const TopicPartition& partition, int count) {
    std::int64_t& end = ends[partition];
    logs[partition].push_back(makeBatch({.baseOffset = end, .count = count}));
    end += count;
  }
  /// Answers what can be answered; a Fetch without data waits.
  void pump(testing::MockNetworkClient& network) {
    while (!silent && (join(network) || topics(network) || group(network) || offsets(network) || fetches(network))) {
    }
  }
  /// The long polls that wait have waited long enough.
  void expireFetches(testing::MockNetworkClient& network) {
    pump(network);
    if (silent) return;
    expired_ = true;
    pump(network);
    expired_ = false;
  }

 private:
  bool join(testing::MockNetworkClient& network) {
    auto call = network.find<protocol::JoinGroupRequest>();
    if (!call) return false;
    ++joins;
    protocol::JoinGroupResponse response;
    response.generationId = generation;
    response.protocolName = "range";
    response.memberId = "m1";
    response.leader = "other";
    call.respond(response);
    return true;
  }
  bool topics(testing::MockNetworkClient& network) {
    auto call = network.find<protocol::MetadataRequest>();
    if (!call) return false;
    if (allTopicsLost > 0) {
      --allTopicsLost;
      if (onLost) onLost();
      call.fail(ErrorCode::NetworkException);
      return true;
    }
    protocol::MetadataResponse response;
    response.topics.emplace_back().name = "t";
    call.respond(response);
    return true;
  }
  bool group(testing::MockNetworkClient& network) {
    if (auto call = network.find<protocol::SyncGroupRequest>()) {
      protocol::SyncGroupResponse response;
      response.assignment = *encodeAssignment(assignment);
      call.respond(response);
      return true;
    }
    if (auto call = network.find<protocol::HeartbeatRequest>()) {
      protocol::HeartbeatResponse response;
      response.errorCode = std::exchange(heartbeat, ErrorCode::None);
      call.respond(response);
      return true;
    }
    if (auto call = network.find<protocol::LeaveGroupRequest>()) {
      left = call.request.members.at(0).memberId;
      call.respond({});
      return true;
    }
    return false;
  }
  bool offsets(testing::MockNetworkClient& network) {
    if (auto call = network.find<protocol::OffsetCommitRequest>()) {
      OffsetMap offsets;
      ErrorCode error = ErrorCode::None;
      if (!commitErrors.empty()) {
        error = commitErrors.front();
        commitErrors.erase(commitErrors.begin());
      }
      protocol::OffsetCommitResponse response;
      for (const auto& topic : call.request.topics) {
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const auto& one : topic.partitions) {
          offsets[{topic.name, one.partitionIndex}] = {one.committedOffset, one.committedLeaderEpoch, *one.committedMetadata};
          auto& entry = answer.partitions.emplace_back();
          entry.partitionIndex = one.partitionIndex;
          entry.errorCode = error;
        }
      }
      if (error == ErrorCode::None) {
        commits.push_back(offsets);
        for (const auto& [partition, offset] : offsets) committed[partition] = offset;
      }
      call.respond(response);
      return true;
    }
    if (auto call = network.find<protocol::OffsetFetchRequest>()) {
      protocol::OffsetFetchResponse response;
      auto& answer = response.groups.emplace_back();
      for (const auto& topic : *call.request.groups.at(0).topics) {
        auto& entry = answer.topics.emplace_back();
        entry.name = topic.name;
        for (const std::int32_t partition : topic.partitionIndexes) {
          auto& one = entry.partitions.emplace_back();
          one.partitionIndex = partition;
          const auto found = committed.find({topic.name, partition});
          one.committedOffset = found == committed.end() ? -1 : found->second.offset;
          one.committedLeaderEpoch = found == committed.end() ? -1 : found->second.leaderEpoch.value_or(-1);
          one.metadata = found == committed.end() ? "" : found->second.metadata;
        }
      }
      call.respond(response);
      return true;
    }
    if (auto call = network.find<protocol::ListOffsetsRequest>()) {
      protocol::ListOffsetsResponse response;
      for (const auto& topic : call.request.topics) {
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const auto& one : topic.partitions) {
          auto& entry = answer.partitions.emplace_back();
          entry.partitionIndex = one.partitionIndex;
          entry.offset = one.timestamp == -2 ? 0 : ends[{topic.name, one.partitionIndex}];
          entry.leaderEpoch = 5;
        }
      }
      call.respond(response);
      return true;
    }
    if (auto call = network.find<protocol::OffsetForLeaderEpochRequest>()) {
      protocol::OffsetForLeaderEpochResponse response;
      for (const auto& topic : call.request.topics) {
        auto& answer = response.topics.emplace_back();
        answer.topic = topic.topic;
        for (const auto& one : topic.partitions) {
          auto& entry = answer.partitions.emplace_back();
          entry.partition = one.partition;
          entry.leaderEpoch = one.leaderEpoch;
          entry.endOffset = epochEnd.value_or(ends[{topic.topic, one.partition}]);
        }
      }
      call.respond(response);
      return true;
    }
    return false;
  }
  bool fetches(testing::MockNetworkClient& network) {
    while (auto call = network.find<protocol::FetchRequest>()) parked_.push_back(std::move(call));
    for (auto at = parked_.begin(); at != parked_.end(); ++at) {
      protocol::FetchResponse response;
      bool any = at->request.sessionEpoch < 0 || fetchError != ErrorCode::None || std::exchange(expired_, false);
      for (const auto& topic : at->request.topics) {
        auto& answer = response.responses.emplace_back();
        answer.topic = topic.topic;
        for (const auto& one : topic.partitions) {
          auto& entry = answer.partitions.emplace_back();
          entry.partitionIndex = one.partition;
          entry.highWatermark = ends[{topic.topic, one.partition}];
          entry.errorCode = fetchError;
          if (fetchError != ErrorCode::None) continue;
          std::vector<Buffer> found;
          for (const Buffer& batch : logs[{topic.topic, one.partition}]) {
            if (record::BatchHeader::parse(batch)->nextOffset() > one.fetchOffset) found.push_back(batch);
          }
          any = any || !found.empty();
          entry.records = Parts(joined(found));
        }
      }
      if (!any) continue;
      auto call = std::move(*at);
      parked_.erase(at);
      fetchError = ErrorCode::None;
      call.respond(response);
      return true;
    }
    return false;
  }
  std::vector<testing::MockNetworkClient::Taken<protocol::FetchRequest>> parked_;
  bool expired_ = false;
};

/// A manual clock on which every look may take time: for what ends by the clock alone. Threading: one thread.
class BenchClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override {
    clock_.advance(perLook);
    return clock_.now();
  }
  [[nodiscard]] std::int64_t wallMillis() const noexcept override { return clock_.wallMillis(); }
  void advance(Duration by) noexcept { clock_.advance(by); }
  Duration perLook{0};

 private:
  mutable test::ManualClock clock_;
};

/// Everything that one consumer stands on. Threading: the test's thread.
struct CoreBench {
  explicit CoreBench(ConsumerSettings base = {}, bool group = true) {
    settings = std::move(base);
    settings.hasGroup = group;
    settings.group.groupId = "g";
    settings.assignors = {std::make_shared<RangeAssignor>()};
    if (!group) settings.autoCommit = false;
    auto owned = std::make_unique<ConsumerShared>(settings.reset, clock);
    auto thread = std::make_unique<Thread>(*this, *owned);
    engine_ = &thread->engine();
    shared = owned.get();
    core = std::make_unique<Core>(settings, std::move(owned), std::move(thread));
  }
  ~CoreBench() {
    broker.silent = false;
    run();
    core.reset();
  }

  /// Runs tasks at once, and lets the broker answer. Threading: the test's thread.
  struct Thread final : EngineThread {
    Thread(CoreBench& bench, ConsumerShared& shared)
        : bench(bench), engine_(bench.settings, shared, EngineParts{bench.network, bench.metadata, bench.coordinators, bench.clock, *bench.random, {}, {}}) {}
    Engine& engine() override { return engine_; }
    client::Metadata& metadata() override { return bench.metadata; }
    const Clock& clock() const override { return bench.clock; }
    bool post(net::Task task) override {
      if (stopped) return false;
      task();
      bench.broker.pump(bench.network);
      return true;
    }
    void stop() override { stopped = true; }
    CoreBench& bench;
    Engine engine_;
    bool stopped = false;
  };

  /// Time passes, timers run, the broker answers.
  void advance(Millis by) {
    clock.advance(by);
    run();
  }
  void run() {
    engine().run();
    broker.pump(network);
  }
  Engine& engine() { return *engine_; }
  /// fetch.max.wait.ms is over.
  void expireFetches() { broker.expireFetches(network); }
  /// The values' offsets of one poll that does not wait.
  std::vector<std::int64_t> poll(Error* error = nullptr) {
    detail::FetchedRecords out;
    const Error result = core->poll(Millis(0), out);
    if (error != nullptr) *error = result;
    else EXPECT_FALSE(result) << result.message();
    std::vector<std::int64_t> offsets;
    for (const detail::RecordRun& run : out.runs) {
      const std::byte* at = run.first;
      for (int i = 0; i < run.count; ++i, at = detail::recordEnd(at)) offsets.push_back(detail::decodeRecord(run, at).offset);
    }
    EXPECT_EQ(offsets.size(), out.count);
    return offsets;
  }
  Error pollError() {
    Error error;
    (void)poll(&error);
    return error;
  }

  BenchClock clock;
  std::unique_ptr<Random> random = seededRandom(3);
  testing::MockNetworkClient network;
  FakeMetadata metadata;
  FakeCoordinators coordinators;
  FakeBroker broker;
  ConsumerSettings settings;
  ConsumerShared* shared = nullptr;
  Engine* engine_ = nullptr;
  std::unique_ptr<Core> core;
};

}  // namespace klamm::consumer
