#include "consumer/group/classic.h"

#include <gtest/gtest.h>

#include "consumer/assignors/range.h"
#include "consumer/group/consumer_protocol.h"

namespace klamm::consumer {
namespace {

using namespace std::chrono_literals;
using protocol::HeartbeatRequest;
using protocol::HeartbeatResponse;
using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;
using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;
using Kind = GroupEvent::Kind;

client::Snapshot clusterOf(const std::map<std::string, int>& topics) {
  auto cluster = std::make_shared<client::ClusterSnapshot>();
  cluster->version = 1;
  for (const auto& [name, count] : topics) {
    auto topic = std::make_shared<client::TopicMetadata>();
    topic->name = name;
    for (int i = 0; i < count; ++i) topic->partitions.push_back({.partition = i, .leader = 1, .leaderEpoch = 0});
    cluster->topics[name] = topic;
  }
  return cluster;
}

/// A member and the conversation with its coordinator.
class ClassicMembershipTest : public ::testing::Test {
 protected:
  explicit ClassicMembershipTest(std::optional<std::string> instanceId = {}) : random_(seededRandom(1)) {
    GroupSettings settings;
    settings.groupId = "g";
    settings.instanceId = std::move(instanceId);
    member_ = std::make_unique<ClassicMembership>(settings, std::vector<std::shared_ptr<PartitionAssignor>>{std::make_shared<RangeAssignor>()}, *random_);
    member_->clusterChanged(clusterOf({{"t", 4}}), now_);
  }

  GroupActions poll() {
    GroupActions actions = member_->poll(now_);
    for (GroupEvent& event : actions.events) events_.push_back(std::move(event));
    if (actions.leave) leave_ = actions.leave;
    return actions;
  }
  /// The request of this kind that poll() wants to send; fails when there is none.
  template <class Request>
  Request expect() {
    for (GroupRequest& request : poll().requests) {
      if (auto* body = std::get_if<Request>(&request.body)) {
        token_ = request.token;
        return *body;
      }
    }
    ADD_FAILURE() << "no such request";
    return {};
  }
  void answer(GroupResponse response) { member_->answered(token_, std::move(response), now_); }
  template <class Response>
  void answerError(ErrorCode code) {
    Response response;
    response.errorCode = code;
    answer(response);
  }
  static JoinGroupResponse joined(const std::string& member, const std::string& leader, std::int32_t generation = 1) {
    JoinGroupResponse response;
    response.generationId = generation;
    response.protocolType = "consumer";
    response.protocolName = "range";
    response.memberId = member;
    response.leader = leader;
    if (member == leader) {
      for (const char* id : {"me", "other"}) {
        auto& entry = response.members.emplace_back();
        entry.memberId = id;
        entry.metadata = *encodeSubscription({.topics = {"t"}});
      }
    }
    return response;
  }
  static SyncGroupResponse assigned(const TopicPartitions& partitions) {
    SyncGroupResponse response;
    response.assignment = *encodeAssignment(partitions);
    return response;
  }
  /// From nothing to Stable as a follower with partition t-0.
  void becomeStable() {
    member_->subscribe({"t"}, now_);
    EXPECT_TRUE(poll().needsCoordinator);
    member_->coordinatorFound(now_);
    (void)expect<JoinGroupRequest>();
    answer(joined("me", "other"));
    (void)expect<SyncGroupRequest>();
    answer(assigned({{"t", 0}}));
    (void)poll();
    ASSERT_EQ(takeEvents(), (std::vector<Kind>{Kind::Assign}));
  }
  std::vector<Kind> takeEvents() {
    std::vector<Kind> kinds;
    for (const GroupEvent& event : std::exchange(events_, {})) kinds.push_back(event.kind);
    return kinds;
  }

  std::unique_ptr<Random> random_;
  TimePoint now_ = TimePoint(1h);
  std::unique_ptr<ClassicMembership> member_;
  std::vector<GroupEvent> events_;
  std::optional<protocol::LeaveGroupRequest> leave_;
  std::uint64_t token_ = 0;
};

class StaticMembershipTest : public ClassicMembershipTest {
 protected:
  StaticMembershipTest() : ClassicMembershipTest("instance-1") {}
};

TEST_F(ClassicMembershipTest, JoinsAgainAtOnceWithTheIdThatItIsGiven) {
  member_->subscribe({"t"}, now_);
  (void)poll();
  member_->coordinatorFound(now_);
  const auto first = expect<JoinGroupRequest>();
  EXPECT_EQ(first.memberId, "");
  EXPECT_EQ(first.protocolType, "consumer");
  EXPECT_EQ(first.rebalanceTimeoutMs, 300'000);
  EXPECT_EQ(first.sessionTimeoutMs, 45'000);
  ASSERT_EQ(first.protocols.size(), 1U);
  EXPECT_EQ(first.protocols[0].name, "range");
  EXPECT_EQ(decodeSubscription(first.protocols[0].metadata)->topics, (std::vector<std::string>{"t"}));
  JoinGroupResponse required;
  required.errorCode = ErrorCode::MemberIdRequired;
  required.memberId = "given";
  answer(required);
  EXPECT_EQ(expect<JoinGroupRequest>().memberId, "given");
}

TEST_F(ClassicMembershipTest, AFollowerSendsNoAssignmentsAndTakesItsOwn) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  answer(joined("me", "other", 7));
  const auto sync = expect<SyncGroupRequest>();
  EXPECT_EQ(sync.generationId, 7);
  EXPECT_EQ(sync.memberId, "me");
  EXPECT_TRUE(sync.assignments.empty());
  answer(assigned({{"t", 2}, {"t", 3}}));
  (void)poll();
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].partitions, (TopicPartitions{{"t", 2}, {"t", 3}}));
  EXPECT_EQ(member_->metadata().generationId, 7);
}

TEST_F(ClassicMembershipTest, TheLeaderAssignsByRange) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  answer(joined("me", "me"));
  const auto sync = expect<SyncGroupRequest>();
  ASSERT_EQ(sync.assignments.size(), 2U);
  EXPECT_EQ(sync.assignments[0].memberId, "me");
  EXPECT_EQ(*decodeAssignment(sync.assignments[0].assignment), (TopicPartitions{{"t", 0}, {"t", 1}}));
  EXPECT_EQ(*decodeAssignment(sync.assignments[1].assignment), (TopicPartitions{{"t", 2}, {"t", 3}}));
}

TEST_F(ClassicMembershipTest, TheLeaderWaitsForTheMetadataOfOthersTopicsButNotForever) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  JoinGroupResponse response = joined("me", "me");
  response.members[1].metadata = *encodeSubscription({.topics = {"u"}});
  answer(response);
  EXPECT_TRUE(poll().requests.empty());
  EXPECT_EQ(member_->groupTopics(), (std::set<std::string>{"t", "u"}));
  member_->clusterChanged(clusterOf({{"t", 4}, {"u", 2}}), now_);
  const auto sync = expect<SyncGroupRequest>();
  EXPECT_EQ(*decodeAssignment(sync.assignments[1].assignment), (TopicPartitions{{"u", 0}, {"u", 1}}));
  answer(assigned({{"t", 0}}));

  answerError<HeartbeatResponse>(ErrorCode::None);
  member_->rebalance("again", now_);
  (void)poll();
  member_->released(now_);
  (void)expect<JoinGroupRequest>();
  response.members[1].metadata = *encodeSubscription({.topics = {"never"}});
  answer(response);
  EXPECT_TRUE(poll().requests.empty());
  now_ += 6s;
  EXPECT_EQ(expect<SyncGroupRequest>().assignments.size(), 2U);
}

TEST_F(ClassicMembershipTest, BeatsItsHeartAtTheInterval) {
  becomeStable();
  now_ += 2s;
  EXPECT_TRUE(poll().requests.empty());
  now_ += 1s;
  const auto heartbeat = expect<HeartbeatRequest>();
  EXPECT_EQ(heartbeat.memberId, "me");
  EXPECT_EQ(heartbeat.generationId, 1);
  now_ += 4s;
  EXPECT_TRUE(poll().requests.empty()) << "one is under way";
  answerError<HeartbeatResponse>(ErrorCode::None);
  (void)expect<HeartbeatRequest>();
}

TEST_F(ClassicMembershipTest, ReleasesItsPartitionsBeforeItRejoins) {
  becomeStable();
  now_ += 3s;
  (void)expect<HeartbeatRequest>();
  answerError<HeartbeatResponse>(ErrorCode::RebalanceInProgress);
  EXPECT_TRUE(poll().requests.empty());
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Revoke}));
  EXPECT_FALSE(member_->rebalancing()) << "the listener may still commit";
  EXPECT_EQ(member_->metadata().generationId, 1);
  now_ += 3s;
  (void)expect<HeartbeatRequest>();  // while the listener works
  member_->released(now_);
  const auto join = expect<JoinGroupRequest>();
  EXPECT_EQ(join.memberId, "me");
  EXPECT_TRUE(member_->rebalancing());
}

TEST_F(ClassicMembershipTest, LosesItsPartitionsWhenTheCoordinatorDoesNotKnowIt) {
  for (const ErrorCode code : {ErrorCode::UnknownMemberId, ErrorCode::IllegalGeneration}) {
    member_->leave("", now_);
    member_->coordinatorLost();
    becomeStable();
    now_ += 3s;
    (void)expect<HeartbeatRequest>();
    answerError<HeartbeatResponse>(code);
    (void)poll();
    EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Lose}));
    EXPECT_EQ(member_->metadata().generationId, -1);
    member_->released(now_);
    EXPECT_EQ(expect<JoinGroupRequest>().memberId, code == ErrorCode::UnknownMemberId ? "" : "me");
  }
}

TEST_F(ClassicMembershipTest, LeavesWhenTheApplicationIsSilentAndComesBackWhenItPolls) {
  becomeStable();
  const TimePoint silentSince = now_;
  while (now_ + 3s < silentSince + 5min) {
    now_ += 3s;
    for (const GroupRequest& request : poll().requests) {
      token_ = request.token;
      answerError<HeartbeatResponse>(ErrorCode::None);
    }
  }
  EXPECT_FALSE(leave_);
  now_ = silentSince + 5min;
  EXPECT_TRUE(poll().requests.empty());
  ASSERT_TRUE(leave_);
  EXPECT_EQ(leave_->members.at(0).memberId, "me");
  EXPECT_TRUE(member_->silent());
  now_ += 1min;
  EXPECT_TRUE(poll().requests.empty()) << "no heartbeats";
  member_->polled(now_);
  (void)poll();
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Lose}));
  member_->released(now_);
  EXPECT_EQ(expect<JoinGroupRequest>().memberId, "");
}

TEST_F(StaticMembershipTest, KeepsItsPlaceWhenItIsSilentOrLeaves) {
  becomeStable();
  now_ += 5min;
  (void)poll();
  EXPECT_FALSE(leave_);
  EXPECT_TRUE(member_->silent());
  member_->polled(now_);
  (void)poll();
  member_->released(now_);
  EXPECT_EQ(expect<JoinGroupRequest>().groupInstanceId, "instance-1");
  member_->leave("bye", now_);
  (void)poll();
  EXPECT_FALSE(leave_);
}

TEST_F(StaticMembershipTest, IsFencedForGoodByItsTwin) {
  becomeStable();
  now_ += 3s;
  (void)expect<HeartbeatRequest>();
  answerError<HeartbeatResponse>(ErrorCode::FencedInstanceId);
  (void)poll();
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[0].kind, Kind::Lose);
  EXPECT_EQ(events_[1].error.code(), ErrorCode::FencedInstanceId);
  member_->released(now_);
  now_ += 1min;
  events_.clear();
  member_->polled(now_);
  EXPECT_TRUE(poll().requests.empty());
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Fail})) << "every poll says so";
}

TEST_F(ClassicMembershipTest, AsksForTheCoordinatorAgainWhenItHasMoved) {
  becomeStable();
  now_ += 3s;
  (void)expect<HeartbeatRequest>();
  answerError<HeartbeatResponse>(ErrorCode::NotCoordinator);
  const GroupActions actions = poll();
  EXPECT_TRUE(actions.forgetCoordinator);
  EXPECT_TRUE(actions.needsCoordinator);
  EXPECT_TRUE(takeEvents().empty()) << "the membership itself is not touched";
  member_->coordinatorFound(now_);
  now_ += 3s;
  (void)expect<HeartbeatRequest>();
}

TEST_F(ClassicMembershipTest, DoubtsACoordinatorThatIsSilentForTheSessionTimeout) {
  becomeStable();
  now_ += 3s;
  (void)expect<HeartbeatRequest>();  // never answered
  now_ += 43s;
  EXPECT_TRUE(poll().forgetCoordinator);
}

TEST_F(ClassicMembershipTest, BacksOffBetweenFailedJoins) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  answerError<JoinGroupResponse>(ErrorCode::CoordinatorLoadInProgress);
  const GroupActions actions = poll();
  EXPECT_TRUE(actions.requests.empty());
  EXPECT_GE(actions.wakeAt, now_ + 80ms);
  EXPECT_LE(actions.wakeAt, now_ + 120ms);
  now_ = actions.wakeAt;
  (void)expect<JoinGroupRequest>();
}

TEST_F(ClassicMembershipTest, TellsTheApplicationOfErrorsThatWillNotPass) {
  for (const ErrorCode code : {ErrorCode::GroupAuthorizationFailed, ErrorCode::InconsistentGroupProtocol, ErrorCode::InvalidSessionTimeout,
                               ErrorCode::GroupMaxSizeReached, ErrorCode::InvalidGroupId}) {
    member_->leave("", now_);
    member_->subscribe({"t"}, now_);
    member_->coordinatorFound(now_);
    (void)expect<JoinGroupRequest>();
    answerError<JoinGroupResponse>(code);
    (void)poll();
    ASSERT_EQ(events_.size(), 1U);
    EXPECT_EQ(events_[0].error.code(), code);
    events_.clear();
    now_ += 1min;
    EXPECT_TRUE(poll().requests.empty()) << "not before the application polls";
    member_->polled(now_);
    now_ += 2s;
    (void)expect<JoinGroupRequest>();
  }
}

TEST_F(ClassicMembershipTest, RejoinsWhenItsTopicsChange) {
  becomeStable();
  member_->subscribe({"t"}, now_);
  (void)poll();
  EXPECT_TRUE(takeEvents().empty()) << "nothing has changed";
  member_->subscribe({"t", "u"}, now_);
  (void)poll();
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Revoke}));
  member_->released(now_);
  EXPECT_EQ(decodeSubscription(expect<JoinGroupRequest>().protocols[0].metadata)->topics, (std::vector<std::string>{"t", "u"}));
}

TEST_F(ClassicMembershipTest, RejoinsOnceMoreWhenItsTopicsChangedWhileItJoined) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  member_->subscribe({"u"}, now_);
  answer(joined("me", "other"));
  (void)expect<SyncGroupRequest>();
  answer(assigned({{"t", 0}}));
  (void)poll();
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Assign, Kind::Revoke}));
}

TEST_F(ClassicMembershipTest, OnlyTheLeaderRejoinsWhenATopicGrows) {
  becomeStable();
  member_->clusterChanged(clusterOf({{"t", 8}}), now_);
  (void)poll();
  EXPECT_TRUE(takeEvents().empty());

  member_->rebalance("", now_);
  (void)poll();
  takeEvents();
  member_->released(now_);
  (void)expect<JoinGroupRequest>();
  answer(joined("me", "me", 2));
  (void)expect<SyncGroupRequest>();
  answer(assigned({{"t", 0}}));
  (void)poll();
  takeEvents();
  member_->clusterChanged(clusterOf({{"t", 8}, {"unrelated", 3}}), now_);
  (void)poll();
  EXPECT_TRUE(takeEvents().empty());
  member_->clusterChanged(clusterOf({{"t", 9}}), now_);
  (void)poll();
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Revoke}));
}

TEST_F(ClassicMembershipTest, JoinsAgainWhenTheGroupRebalancesWhileItSynchronises) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  answer(joined("me", "other"));
  (void)expect<SyncGroupRequest>();
  answerError<SyncGroupResponse>(ErrorCode::RebalanceInProgress);
  EXPECT_EQ(expect<JoinGroupRequest>().memberId, "me");
  EXPECT_TRUE(takeEvents().empty()) << "nothing was owned";
}

TEST_F(ClassicMembershipTest, IgnoresAnAnswerToARequestOfAStateThatItHasLeft) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  const std::uint64_t old = token_;
  member_->leave("", now_);
  member_->subscribe({"t"}, now_);
  (void)expect<JoinGroupRequest>();
  member_->answered(old, GroupResponse(joined("ghost", "other", 99)), now_);
  EXPECT_EQ(member_->metadata().generationId, -1);
  answer(joined("me", "other", 2));
  EXPECT_EQ(expect<SyncGroupRequest>().memberId, "me");
}

TEST_F(ClassicMembershipTest, DoesNotTrustMembersAndAssignmentsItCannotRead) {
  member_->subscribe({"t"}, now_);
  member_->coordinatorFound(now_);
  (void)expect<JoinGroupRequest>();
  JoinGroupResponse response = joined("me", "me");
  response.members[1].metadata = Buffer::copyOf("\x00\x03\x7f");
  answer(response);
  (void)poll();
  ASSERT_EQ(takeEvents(), (std::vector<Kind>{Kind::Fail}));

  member_->subscribe({"t"}, now_);
  (void)expect<JoinGroupRequest>();
  answer(joined("me", "other"));
  (void)expect<SyncGroupRequest>();
  SyncGroupResponse broken;
  broken.assignment = Buffer::copyOf("garbage");
  answer(broken);
  (void)poll();
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Fail}));
}

TEST_F(ClassicMembershipTest, ARefusedCommitOfAnOldGenerationChangesNothing) {
  becomeStable();
  member_->commitRefused(ErrorCode::IllegalGeneration, 0, now_);
  (void)poll();
  EXPECT_TRUE(takeEvents().empty());
  member_->commitRefused(ErrorCode::IllegalGeneration, 1, now_);
  (void)poll();
  EXPECT_EQ(takeEvents(), (std::vector<Kind>{Kind::Lose}));
}

}  // namespace
}  // namespace klamm::consumer
