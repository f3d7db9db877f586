// Storms by seed: members that join, sync, commit, leave, fall silent and come back while the log refuses, delays and is
// restarted; and what must hold whatever happens. KLAMM_SEED=n repeats one seed.

#include <cstdlib>
#include <set>

#include "unit/coordinator/group_fixture.h"

namespace klamm::broker::coordinator {
namespace {

using namespace std::chrono_literals;

/// A client as far as the coordinator sees one: it knows what it was told, and has at most one request under way.
struct Client {
  std::optional<std::string> instance;
  std::int16_t version = 9;
  std::string id;
  std::int32_t generation = -1;
  bool leads = false;
  std::vector<std::string> others;  ///< told to the leader
  std::optional<Call<JoinGroupResponse>> joining;
  std::optional<Call<SyncGroupResponse>> syncing;
  bool assigned = false;
};

class Storm : public GroupFixture, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    const char* seed = std::getenv("KLAMM_SEED");
    random_ = seededRandom(seed == nullptr ? static_cast<std::uint64_t>(GetParam()) : std::strtoull(seed, nullptr, 10));
    config_.initialRebalanceDelay = pick(2) == 0 ? 0s : 3s;
    start();
    for (int i = 0; i < 6; ++i) {
      Client client;
      if (i < 2) client.instance = "i" + std::to_string(i);
      if (i == 5) client.version = 3;
      clients_.push_back(std::move(client));
    }
  }
  std::uint64_t pick(std::uint64_t bound) { return random_->below(bound); }

  void step() {
    Client& client = clients_[pick(clients_.size())];
    switch (pick(20)) {
      case 0: advance(Millis(pick(12'000))); break;
      case 1: writer_.refuseWith = ErrorCode::NotEnoughReplicas; break;
      case 2: writer_.autoCommit = pick(2) == 0; break;
      case 3: if (pick(4) == 0) restartBroker(); break;
      case 4: if (pick(3) == 0) forget(client); break;
      case 5: if (!client.id.empty() && pick(3) == 0) { leave(client.id, client.instance); forget(client); } break;
      case 6: writer_.commitAll(); break;
      case 7: if (pick(6) == 0) advance(config_.commitTimeout); break;
      default: act(client); break;
    }
    if (pick(3) != 0) writer_.refuseWith.reset();
    if (writer_.autoCommit) writer_.commitAll();
    collect();
    checkInvariants();
  }

  /// What a client does next.
  void act(Client& client) {
    if (client.joining || client.syncing) return;
    if (client.generation < 0) {
      client.joining = GroupFixture::join({.memberId = client.id, .instance = client.instance, .version = client.version, .rebalance = 20'000});
    } else if (!client.assigned) {
      std::vector<std::pair<std::string, std::string>> assignments;
      if (client.leads)
        for (const std::string& id : client.others) assignments.emplace_back(id, "to " + id + " in " + std::to_string(client.generation));
      client.syncing = sync(client.id, client.generation, assignments);
    } else if (pick(4) == 0) {
      const auto call = commit(client.id, client.generation, static_cast<std::int64_t>(pick(1'000)));
      EXPECT_TRUE(!call.answered() || outcome(call) != ErrorCode::None || isCurrent(client));
    } else {
      heartbeatOf(client);
    }
  }
  void heartbeatOf(Client& client) {
    HeartbeatRequest request;
    request.groupId = "g";
    request.memberId = client.id;
    request.generationId = client.generation;
    request.groupInstanceId = client.instance;
    Call<HeartbeatResponse> call;
    runtime_->run([&](GroupShard& shard, Moment now) { return shard.heartbeat(request, call.answer(), now); });
    if (call.answered()) heard(client, call->errorCode);
  }
  /// A crash of the client: what it waits for comes to nobody.
  void forget(Client& client) {
    if (client.joining) abandonedJoins_.push_back(*client.joining);
    if (client.syncing) abandonedSyncs_.push_back(*client.syncing);
    Client fresh;
    fresh.instance = client.instance;
    fresh.version = client.version;
    client = std::move(fresh);
  }
  void restartBroker() {
    writer_.refuseWith.reset();
    writer_.autoCommit = true;
    writer_.commitAll();
    collect();
    const std::string before = durableState();
    restart();
    // A rebalance that was under way is forgotten; all else is as it was.
    const std::string after = durableState();
    EXPECT_TRUE(before.empty() || after == before) << before << " became " << after;
    for (const auto& call : abandonedJoins_) EXPECT_TRUE(call.answered());
    for (const auto& call : abandonedSyncs_) EXPECT_TRUE(call.answered());
    for (const Client& client : clients_) {
      EXPECT_TRUE(!client.joining || client.joining->answered());
      EXPECT_TRUE(!client.syncing || client.syncing->answered());
    }
    abandonedJoins_.clear();
    abandonedSyncs_.clear();
    lastGeneration_ = 0;
    leaders_.clear();
  }
  /// The group as its record would say it, when no rebalance is under way.
  std::string durableState() {
    const ClassicGroup* now = group();
    if (now == nullptr || (now->state() != GroupState::Stable && now->state() != GroupState::Empty)) return "";
    if (refusedSinceRecord_) return "";
    return std::string(groupStateName(now->state())) + describeRecord(now->toRecord()) + " offset " + std::to_string(fetch());
  }
  static std::string describeRecord(const protocol::GroupMetadataValue& value) {
    std::string text = " generation " + std::to_string(value.generation) + " leader " + value.leader.value_or("null") + " protocol " +
                       value.protocol.value_or("null") + " since " + std::to_string(value.currentStateTimestamp);
    for (const auto& member : value.members)
      text += " [" + member.memberId + " " + member.groupInstanceId.value_or("-") + " " + std::string(member.assignment.text()) + " " +
              std::string(member.subscription.text()) + " " + std::to_string(member.sessionTimeout) + "]";
    return text;
  }

  void collect() {
    for (Client& client : clients_) {
      if (client.joining && client.joining->answered()) {
        const JoinGroupResponse answer = **client.joining;
        client.joining.reset();
        joined(client, answer);
      }
      if (client.syncing && client.syncing->answered()) {
        const SyncGroupResponse answer = **client.syncing;
        client.syncing.reset();
        if (answer.errorCode == ErrorCode::None) {
          client.assigned = true;
          const std::string given(answer.assignment.text());
          EXPECT_TRUE(given.empty() || given.rfind("to ", 0) == 0U) << given;
        } else {
          heard(client, answer.errorCode);
        }
      }
    }
  }
  void joined(Client& client, const JoinGroupResponse& answer) {
    if (answer.errorCode == ErrorCode::MemberIdRequired) {
      client.id = answer.memberId;
      return;
    }
    if (answer.errorCode != ErrorCode::None) return heard(client, answer.errorCode);
    client.id = answer.memberId;
    client.generation = answer.generationId;
    client.assigned = false;
    client.leads = answer.leader == answer.memberId;
    client.others.clear();
    for (const auto& member : answer.members) client.others.push_back(member.memberId);
    if (!client.leads) {
      EXPECT_TRUE(answer.members.empty());
      return;
    }
    if (answer.skipAssignment) return;
    // A generation has one leader, except that a static one may have come back under another id.
    const auto [it, isNew] = leaders_.try_emplace(answer.generationId, client.instance.value_or(answer.memberId));
    EXPECT_EQ(it->second, client.instance.value_or(answer.memberId)) << "two leaders in generation " << answer.generationId;
  }
  void heard(Client& client, ErrorCode error) {
    if (error == ErrorCode::None) return;
    client.assigned = false;
    client.generation = -1;
    if (error == ErrorCode::UnknownMemberId || error == ErrorCode::FencedInstanceId) client.id.clear();
  }
  [[nodiscard]] bool isCurrent(const Client& client) const {
    return group() != nullptr && group()->generation() == client.generation && group()->hasMember(client.id);
  }

  void checkInvariants() {
    const ClassicGroup* now = group();
    if (now == nullptr) return;
    refusedSinceRecord_ = refusedSinceRecord_ || writer_.refuseWith.has_value();
    if (now->isIn(GroupState::Stable) && !writer_.refuseWith) refusedSinceRecord_ = false;
    EXPECT_GE(now->generation(), lastGeneration_) << "a generation came back";
    lastGeneration_ = now->generation();
    if (now->members().empty()) {
      EXPECT_FALSE(now->leaderId());
    } else {
      ASSERT_TRUE(now->leaderId());
      EXPECT_TRUE(now->hasMember(*now->leaderId())) << "the leader is no member";
    }
    std::set<std::string> instances;
    for (const auto& [id, member] : now->members()) {
      EXPECT_EQ(id, member.memberId);
      if (member.groupInstanceId) {
        EXPECT_TRUE(instances.insert(*member.groupInstanceId).second) << "one instance twice";
        ASSERT_NE(now->staticMemberId(*member.groupInstanceId), nullptr);
        EXPECT_EQ(*now->staticMemberId(*member.groupInstanceId), id);
      }
      EXPECT_FALSE(now->pendingJoin().contains(id)) << "a member that is still to join";
      // Requests wait only in the phase that will answer them.
      EXPECT_TRUE(!member.isAwaitingJoin() || now->isIn(GroupState::PreparingRebalance));
      EXPECT_TRUE(!member.isAwaitingSync() || now->isIn(GroupState::CompletingRebalance));
    }
    if (now->isIn(GroupState::Stable)) {
      EXPECT_TRUE(now->protocolName());
    }
  }

  std::vector<Client> clients_;
  std::vector<Call<JoinGroupResponse>> abandonedJoins_;
  std::vector<Call<SyncGroupResponse>> abandonedSyncs_;
  std::map<std::int32_t, std::string> leaders_;
  std::int32_t lastGeneration_ = 0;
  bool refusedSinceRecord_ = false;
};

TEST_P(Storm, KeepsOneGenerationOneLeaderAndAnswersEverybodyOnce) {
  for (int i = 0; i < 2'000 && !HasFailure(); ++i) step();
  // Calm: everybody carries on until the group is Stable.
  writer_.refuseWith.reset();
  writer_.autoCommit = true;
  writer_.commitAll();
  const auto settled = [&] {
    for (const Client& client : clients_)
      if (!client.assigned || !isCurrent(client)) return false;
    return state() == GroupState::Stable;
  };
  for (int round = 0; round < 200 && !settled(); ++round) {
    for (Client& client : clients_) {
      collect();
      act(client);
    }
    collect();
    advance(1s);
  }
  EXPECT_TRUE(settled()) << "the group did not settle; state " << groupStateName(state());
  for (const auto& call : abandonedJoins_) EXPECT_TRUE(call.answered());
  for (const auto& call : abandonedSyncs_) EXPECT_TRUE(call.answered());
  if (HasFailure()) ADD_FAILURE() << "repeat with KLAMM_SEED=" << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Storm, ::testing::Range(1, 61));

}  // namespace
}  // namespace klamm::broker::coordinator
