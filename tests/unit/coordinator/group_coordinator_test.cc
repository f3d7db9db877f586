// The front: shards where the metadata put them, loading beside the work, deadlines, deleted topics.

#include "coordinator/group_coordinator.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "image/image_builder.h"
#include "protocol/records/partition_record.h"
#include "protocol/records/remove_topic_record.h"
#include "protocol/records/topic_record.h"
#include "support/manual_loop.h"
#include "support/memory_partition_writer.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kThisBroker = 1;
constexpr std::int32_t kPartitions = 8;

class Coordinator : public ::testing::Test {
 protected:
  Coordinator() {
    auto writer = std::make_unique<test::MemoryPartitionWriter>();
    writer_ = writer.get();
    coordinator_ = std::make_unique<GroupCoordinator>(kThisBroker, config_, std::move(writer), loop_, *random_, Log());
  }

  template <class Record>
  static void replay(image::ImageBuilder& builder, const Record& record) {
    const auto bytes = protocol::encodeMetadata(record, 0);
    ASSERT_TRUE(bytes) << bytes.error().message();
    const Status replayed = builder.replay(*bytes, 1);
    ASSERT_TRUE(replayed) << replayed.error().message();
  }
  void addTopic(const std::string& name, std::uint64_t id, std::int32_t partitions, const std::function<std::int32_t(std::int32_t)>& leaderOf) {
    image::ImageBuilder builder(image_);
    protocol::TopicRecord topic;
    topic.name = name;
    topic.topicId = {.high = id, .low = 1};
    replay(builder, topic);
    for (std::int32_t i = 0; i < partitions; ++i) {
      protocol::PartitionRecord partition;
      partition.partitionId = i;
      partition.topicId = topic.topicId;
      partition.leader = leaderOf(i);
      partition.replicas = partition.isr = {leaderOf(i)};
      partition.leaderEpoch = partition.partitionEpoch = 0;
      replay(builder, partition);
    }
    image_ = builder.finish(0).first;
  }
  void removeTopic(std::uint64_t id) {
    image::ImageBuilder builder(image_);
    protocol::RemoveTopicRecord removed;
    removed.topicId = {.high = id, .low = 1};
    replay(builder, removed);
    image_ = builder.finish(0).first;
  }
  void publish() {
    coordinator_->onImage(*image_);
    loop_.runPosted();
  }
  void lead(const std::function<std::int32_t(std::int32_t)>& leaderOf = [](std::int32_t) { return kThisBroker; }) {
    addTopic(std::string(kOffsetsTopic), 100, kPartitions, leaderOf);
    publish();
  }

  ErrorCode heartbeat(const std::string& group) {
    protocol::HeartbeatRequest request;
    request.groupId = group;
    std::optional<ErrorCode> error;
    coordinator_->heartbeat(request, [&](const protocol::HeartbeatResponse& response) { error = response.errorCode; });
    return error.value();
  }
  protocol::JoinGroupResponse join(const std::string& group, std::int16_t version = 3, std::int32_t session = 10'000) {
    protocol::JoinGroupRequest request;
    request.groupId = group;
    request.sessionTimeoutMs = request.rebalanceTimeoutMs = session;
    request.protocolType = "consumer";
    request.protocols.emplace_back();
    request.protocols.back().name = "range";
    std::optional<protocol::JoinGroupResponse> answered;
    coordinator_->join({.version = version, .clientId = "c"}, request, [&](protocol::JoinGroupResponse response) { answered = std::move(response); });
    return answered.value();
  }
  ErrorCode commit(const std::string& group, const std::string& topic = "t") {
    protocol::OffsetCommitRequest request;
    request.groupId = group;
    request.topics.emplace_back();
    request.topics.back().name = topic;
    request.topics.back().partitions.emplace_back();
    request.topics.back().partitions.back().committedOffset = 5;
    std::optional<ErrorCode> error;
    coordinator_->commitOffsets({.version = 9}, request,
                                [&](const protocol::OffsetCommitResponse& response) { error = response.topics[0].partitions[0].errorCode; });
    return error.value();
  }
  /// Topics in which the groups have offsets, and the groups' errors.
  std::vector<std::pair<ErrorCode, std::size_t>> fetch(const std::vector<std::string>& groups) {
    std::vector<protocol::OffsetFetchRequest::OffsetFetchRequestGroup> requests(groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      requests[i].groupId = groups[i];
      requests[i].topics.reset();
    }
    std::vector<std::pair<ErrorCode, std::size_t>> found;
    coordinator_->fetchOffsets(requests, [&](const std::vector<protocol::OffsetFetchResponse::OffsetFetchResponseGroup>& answered) {
      for (const auto& group : answered) found.emplace_back(group.errorCode, group.topics.size());
    });
    return found;
  }
  /// A group id that lives on the partition.
  static std::string groupOn(std::int32_t partition) {
    for (int i = 0;; ++i)
      if (const std::string id = "group-" + std::to_string(i); partitionOfGroup(id, kPartitions) == partition) return id;
  }

  GroupConfig config_;
  testing::ManualLoop loop_;
  std::unique_ptr<Random> random_ = seededRandom(1);
  test::MemoryPartitionWriter* writer_ = nullptr;
  std::unique_ptr<GroupCoordinator> coordinator_;
  std::shared_ptr<const image::ClusterImage> image_ = std::make_shared<image::ClusterImage>();
};

TEST_F(Coordinator, WithoutItsTopicCoordinatesNothing) {
  publish();
  EXPECT_EQ(heartbeat("g"), ErrorCode::NotCoordinator);
  EXPECT_EQ(join("g").errorCode, ErrorCode::NotCoordinator);
  EXPECT_EQ(commit("g"), ErrorCode::NotCoordinator);
  EXPECT_EQ(fetch({"g"}).front().first, ErrorCode::NotCoordinator);
}

TEST_F(Coordinator, CoordinatesTheGroupsOfThePartitionsThatItLeads) {
  lead([](std::int32_t partition) { return partition % 2 == 0 ? kThisBroker : 2; });
  EXPECT_EQ(join(groupOn(0)).errorCode, ErrorCode::None);
  EXPECT_EQ(join(groupOn(3)).errorCode, ErrorCode::NotCoordinator);
  EXPECT_EQ(coordinator_->groupCount(), 1U);
}

TEST_F(Coordinator, ChecksWhatEveryGroupMustHave) {
  lead();
  EXPECT_EQ(join("").errorCode, ErrorCode::InvalidGroupId);
  EXPECT_EQ(heartbeat(""), ErrorCode::InvalidGroupId);
  EXPECT_EQ(join("g", 3, 5'999).errorCode, ErrorCode::InvalidSessionTimeout);
  EXPECT_EQ(join("g", 3, 1'800'001).errorCode, ErrorCode::InvalidSessionTimeout);
  EXPECT_EQ(join("g", 3, 1'800'000).errorCode, ErrorCode::None);
  EXPECT_EQ(commit(""), ErrorCode::None);
}

TEST_F(Coordinator, AnswersForGroupsOfSeveralShardsInTheOrderAsked) {
  lead();
  EXPECT_EQ(commit(groupOn(5)), ErrorCode::None);
  const auto found = fetch({groupOn(2), groupOn(5), groupOn(7)});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].second, 0U);
  EXPECT_EQ(found[1].second, 1U);
  EXPECT_EQ(found[2].second, 0U);
  EXPECT_TRUE(fetch({}).empty());
}

TEST_F(Coordinator, ListsTheGroupsOfAllItsShards) {
  lead();
  for (std::int32_t partition = 0; partition < kPartitions; ++partition) EXPECT_EQ(commit(groupOn(partition)), ErrorCode::None);
  std::optional<std::size_t> listed;
  coordinator_->list({}, [&](const protocol::ListGroupsResponse& response) { listed = response.groups.size(); });
  EXPECT_EQ(listed, static_cast<std::size_t>(kPartitions));
}

TEST_F(Coordinator, ServesOthersWhileAShardIsLoadedStepByStep) {
  config_.loadChunkBytes = 1;
  coordinator_ = std::make_unique<GroupCoordinator>(kThisBroker, config_, std::make_unique<test::MemoryPartitionWriter>(), loop_, *random_, Log());
  lead();
  const std::string group = groupOn(4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(commit(group), ErrorCode::None);
  lead([](std::int32_t) { return 2; });
  EXPECT_EQ(commit(group), ErrorCode::NotCoordinator);
  addTopic(std::string(kOffsetsTopic), 100, kPartitions, [](std::int32_t) { return kThisBroker; });
  coordinator_->onImage(*image_);  // the first step alone
  EXPECT_EQ(commit(group), ErrorCode::CoordinatorLoadInProgress);
  EXPECT_EQ(heartbeat(group), ErrorCode::None) << "a member goes on while its group is loaded";
  EXPECT_EQ(commit(groupOn(0)), ErrorCode::None);
  loop_.runPosted();
  EXPECT_EQ(fetch({group}).front(), std::pair(ErrorCode::None, std::size_t{1}));
}

TEST_F(Coordinator, RemovesASilentMemberWhenItsTimeIsUp) {
  lead();
  const auto joined = join("g");
  ASSERT_EQ(joined.errorCode, ErrorCode::None);
  std::optional<std::string> state;
  const auto describe = [&] {
    coordinator_->describe({.version = 5}, {"g"}, [&](const auto& groups) { state = groups.front().groupState; });
    return state.value();
  };
  loop_.advance(9'999ms);
  EXPECT_EQ(describe(), "CompletingRebalance");
  loop_.advance(1ms);
  EXPECT_EQ(describe(), "Empty");
}

TEST_F(Coordinator, ForgetsOffsetsOfDeletedTopicsAndOfTopicsMadeAnew) {
  lead();
  addTopic("t", 7, 1, [](std::int32_t) { return kThisBroker; });
  addTopic("u", 8, 1, [](std::int32_t) { return kThisBroker; });
  publish();
  commit("g", "t");
  commit("g", "u");
  EXPECT_EQ(fetch({"g"}).front().second, 2U);
  removeTopic(7);
  publish();
  EXPECT_EQ(fetch({"g"}).front().second, 1U);
  removeTopic(8);
  addTopic("u", 9, 1, [](std::int32_t) { return kThisBroker; });
  publish();
  EXPECT_EQ(fetch({"g"}).front().second, 0U);
}

TEST_F(Coordinator, LosesItsGroupsWithItsTopic) {
  lead();
  EXPECT_EQ(commit("g"), ErrorCode::None);
  removeTopic(100);
  publish();
  EXPECT_EQ(commit("g"), ErrorCode::NotCoordinator);
  EXPECT_EQ(coordinator_->groupCount(), 0U);
}

TEST_F(Coordinator, LoadsAgainAfterALostLog) {
  lead();
  const std::string group = groupOn(2);
  EXPECT_EQ(commit(group), ErrorCode::None);
  writer_->lose(2);
  EXPECT_EQ(commit(group), ErrorCode::NotCoordinator);
  loop_.advance(1s);
  EXPECT_EQ(fetch({group}).front(), std::pair(ErrorCode::None, std::size_t{1}));
}

TEST_F(Coordinator, AnswersEverybodyWhenTheBrokerStops) {
  lead();
  ASSERT_EQ(join("g").errorCode, ErrorCode::None);
  protocol::JoinGroupRequest request;
  request.groupId = "g";
  request.sessionTimeoutMs = request.rebalanceTimeoutMs = 10'000;
  request.protocolType = "consumer";
  request.protocols.emplace_back();
  request.protocols.back().name = "range";
  std::optional<ErrorCode> waiting;
  coordinator_->join({.version = 3}, request, [&](const protocol::JoinGroupResponse& response) { waiting = response.errorCode; });
  EXPECT_FALSE(waiting);
  coordinator_->close();
  EXPECT_EQ(waiting, ErrorCode::NotCoordinator);
  EXPECT_EQ(loop_.timers(), 0U);
}

}  // namespace
}  // namespace klamm::broker::coordinator
