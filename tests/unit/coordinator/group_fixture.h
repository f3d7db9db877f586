#pragma once
// A shard with its runtime over a log in memory, and members that talk to it.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "coordinator/shard_runtime.h"
#include "support/manual_clock.h"
#include "support/memory_partition_writer.h"

namespace klamm::broker::coordinator {

using protocol::HeartbeatRequest;
using protocol::HeartbeatResponse;
using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;
using protocol::LeaveGroupRequest;
using protocol::LeaveGroupResponse;
using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;
using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;
using DescribedGroup = protocol::DescribeGroupsResponse::DescribedGroup;
using FetchedGroup = protocol::OffsetFetchResponse::OffsetFetchResponseGroup;

/// What came back for a request: nothing yet, or one answer. A second one fails the test.
template <class Response>
class Call {
 public:
  [[nodiscard]] Answer<Response> answer() {
    return [state = state_](Response response) {
      EXPECT_FALSE(state->has_value()) << "answered twice";
      *state = std::move(response);
    };
  }
  [[nodiscard]] bool answered() const { return state_->has_value(); }
  [[nodiscard]] const Response& operator*() const { return state_->value(); }
  [[nodiscard]] const Response* operator->() const { return &state_->value(); }

 private:
  std::shared_ptr<std::optional<Response>> state_ = std::make_shared<std::optional<Response>>();
};

struct JoinOptions {
  std::string group = "g";
  std::string memberId = {};
  std::optional<std::string> instance = {};
  std::int16_t version = 9;
  std::int32_t session = 10'000;
  std::int32_t rebalance = 60'000;
  std::string type = "consumer";
  std::vector<std::pair<std::string, std::string>> protocols = {{"range", "m"}};
};

/// A member that is through with JoinGroup and SyncGroup.
struct Joined {
  std::string id;
  std::int32_t generation = 0;
};

class GroupFixture : public ::testing::Test {
 protected:
  GroupFixture() { start(); }

  /// A broker that begins: everything but the log is new.
  void start() {
    runtime_ = std::make_unique<ShardRuntime>(kPartition, writer_, config_, clock_, *random_, Log());
    runtime_->elect();
    while (runtime_->load()) {
    }
  }
  void restart() {
    runtime_->resign();
    start();
  }
  void advance(Millis by) {
    clock_.advance(by);
    runtime_->runTimers();
  }

  Call<JoinGroupResponse> join(const JoinOptions& options) {
    JoinGroupRequest request;
    request.groupId = options.group;
    request.memberId = options.memberId;
    request.groupInstanceId = options.instance;
    request.sessionTimeoutMs = options.session;
    request.rebalanceTimeoutMs = options.rebalance;
    request.protocolType = options.type;
    for (const auto& [name, metadata] : options.protocols) {
      request.protocols.emplace_back();
      request.protocols.back().name = name;
      request.protocols.back().metadata = Buffer::copyOf(metadata);
    }
    Call<JoinGroupResponse> call;
    const RequestInfo info{.version = options.version, .clientId = "client", .clientHost = "/127.0.0.1"};
    runtime_->run([&](GroupShard& shard, Moment now) { return shard.join(info, request, call.answer(), now); });
    return call;
  }
  /// Joins with the id that MEMBER_ID_REQUIRED hands out.
  Call<JoinGroupResponse> joinTwice(JoinOptions options) {
    const auto first = join(options);
    if (!first.answered() || first->errorCode != ErrorCode::MemberIdRequired) return first;
    options.memberId = first->memberId;
    return join(options);
  }
  Call<SyncGroupResponse> sync(const std::string& member, std::int32_t generation,
                               const std::vector<std::pair<std::string, std::string>>& assignments = {}, const std::string& group = "g") {
    SyncGroupRequest request;
    request.groupId = group;
    request.memberId = member;
    request.generationId = generation;
    for (const auto& [id, assignment] : assignments) {
      request.assignments.emplace_back();
      request.assignments.back().memberId = id;
      request.assignments.back().assignment = Buffer::copyOf(assignment);
    }
    return sync(request);
  }
  Call<SyncGroupResponse> sync(const SyncGroupRequest& request) {
    Call<SyncGroupResponse> call;
    runtime_->run([&](GroupShard& shard, Moment now) { return shard.sync(request, call.answer(), now); });
    return call;
  }
  ErrorCode heartbeat(const std::string& member, std::int32_t generation, std::optional<std::string> instance = {}) {
    HeartbeatRequest request;
    request.groupId = "g";
    request.memberId = member;
    request.generationId = generation;
    request.groupInstanceId = std::move(instance);
    Call<HeartbeatResponse> call;
    runtime_->run([&](GroupShard& shard, Moment now) { return shard.heartbeat(request, call.answer(), now); });
    return call->errorCode;
  }
  Call<LeaveGroupResponse> leave(const std::string& member, std::optional<std::string> instance = {}) {
    LeaveGroupRequest request;
    request.groupId = "g";
    request.members.emplace_back();
    request.members.back().memberId = member;
    request.members.back().groupInstanceId = std::move(instance);
    Call<LeaveGroupResponse> call;
    runtime_->run([&](GroupShard& shard, Moment now) { return shard.leave(request, call.answer(), now); });
    return call;
  }
  /// Commits `offset` in partition 0 of topic "t".
  Call<OffsetCommitResponse> commit(const std::string& member, std::int32_t generation, std::int64_t offset = 5,
                                    std::int16_t version = 8, const std::string& metadata = "") {
    OffsetCommitRequest request;
    request.groupId = "g";
    request.memberId = member;
    request.generationIdOrMemberEpoch = generation;
    request.topics.emplace_back();
    request.topics.back().name = "t";
    request.topics.back().partitions.emplace_back();
    request.topics.back().partitions.back().committedOffset = offset;
    request.topics.back().partitions.back().committedMetadata = metadata;
    return commit(request, version);
  }
  Call<OffsetCommitResponse> commit(const OffsetCommitRequest& request, std::int16_t version) {
    Call<OffsetCommitResponse> call;
    runtime_->run([&](GroupShard& shard, Moment now) { return shard.commitOffsets({.version = version}, request, call.answer(), now); });
    return call;
  }
  static ErrorCode outcome(const Call<OffsetCommitResponse>& call) { return call->topics.front().partitions.front().errorCode; }
  /// The committed offset of partition 0 of topic "t"; -1 for none.
  std::int64_t fetch(const std::string& group = "g") {
    protocol::OffsetFetchRequest::OffsetFetchRequestGroup request;
    request.groupId = group;
    request.topics.emplace();
    request.topics->emplace_back();
    request.topics->back().name = "t";
    request.topics->back().partitionIndexes = {0};
    Call<FetchedGroup> call;
    runtime_->run([&](GroupShard& shard, Moment) { return shard.fetchOffsets(request, call.answer()); });
    return call->topics.front().partitions.front().committedOffset;
  }
  DescribedGroup describe(const std::string& group = "g", std::int16_t version = 6) {
    Call<DescribedGroup> call;
    runtime_->run([&](GroupShard& shard, Moment) { return shard.describe({.version = version}, group, call.answer()); });
    return *call;
  }
  ErrorCode deleteGroup(const std::string& group = "g") {
    Call<protocol::DeleteGroupsResponse::DeletableGroupResult> call;
    runtime_->run([&](GroupShard& shard, Moment) { return shard.deleteGroup(group, call.answer()); });
    return call->errorCode;
  }

  /// A group of one member, Stable, with assignment "A".
  Joined stableMember(JoinOptions options = {}) {
    const auto joined = joinTwice(std::move(options));
    EXPECT_TRUE(joined.answered());
    EXPECT_EQ(joined->errorCode, ErrorCode::None);
    const auto synced = sync(joined->memberId, joined->generationId, {{joined->memberId, "A"}});
    EXPECT_EQ(synced->errorCode, ErrorCode::None);
    return {.id = joined->memberId, .generation = joined->generationId};
  }
  /// A Stable group of two; the first one leads.
  std::pair<Joined, Joined> stablePair() {
    const Joined first = stableMember();
    const auto second = joinTwice({});
    const auto again = join({.memberId = first.id});
    EXPECT_TRUE(second.answered() && again.answered());
    const auto waiting = sync(second->memberId, second->generationId);
    EXPECT_EQ(sync(first.id, again->generationId, {{first.id, "A"}, {second->memberId, "B"}})->errorCode, ErrorCode::None);
    EXPECT_EQ(waiting->assignment.text(), "B");
    return {{.id = first.id, .generation = again->generationId}, {.id = second->memberId, .generation = second->generationId}};
  }
  const ClassicGroup* group(const std::string& id = "g") const {
    const auto it = runtime_->shard().groups().find(id);
    return it == runtime_->shard().groups().end() ? nullptr : &it->second;
  }
  GroupState state() const { return group() == nullptr ? GroupState::Dead : group()->state(); }

  static constexpr std::int32_t kPartition = 7;
  GroupConfig config_;
  test::ManualClock clock_;
  std::unique_ptr<Random> random_ = seededRandom(1);
  test::MemoryPartitionWriter writer_;
  std::unique_ptr<ShardRuntime> runtime_;
};

}  // namespace klamm::broker::coordinator
