#include <gtest/gtest.h>

#include "client/coordinator_driver.h"
#include "client/metadata_core.h"
#include "client/metadata_driver.h"
#include "support/manual_loop.h"
#include "support/mock_network_client.h"

namespace klamm::client {
namespace {

using klamm::testing::ManualLoop;
using klamm::testing::MockNetworkClient;
using protocol::FindCoordinatorRequest;
using protocol::FindCoordinatorResponse;
using protocol::MetadataRequest;
using protocol::MetadataResponse;

MetadataResponse clusterOf(std::vector<NodeId> nodes) {
  MetadataResponse response;
  response.clusterId = "cluster";
  response.controllerId = nodes.empty() ? -1 : nodes.front();
  for (const NodeId id : nodes) {
    auto& broker = response.brokers.emplace_back();
    broker.nodeId = id;
    broker.host = "host" + std::to_string(id);
    broker.port = 9000 + id;
  }
  return response;
}

void addTopic(MetadataResponse& response, const std::string& name, Uuid id, std::vector<std::pair<NodeId, std::int32_t>> leadersAndEpochs) {
  auto& topic = response.topics.emplace_back();
  topic.name = name;
  topic.topicId = id;
  for (const auto& [leader, epoch] : leadersAndEpochs) {
    auto& partition = topic.partitions.emplace_back();
    partition.partitionIndex = static_cast<std::int32_t>(topic.partitions.size()) - 1;
    partition.leaderId = leader;
    partition.leaderEpoch = epoch;
    partition.replicaNodes = {leader};
    partition.isrNodes = {leader};
  }
}

MetadataResponse failedTopic(const std::string& name, ErrorCode code) {
  MetadataResponse response = clusterOf({1});
  auto& topic = response.topics.emplace_back();
  topic.name = name;
  topic.errorCode = code;
  return response;
}

std::vector<std::string> namesIn(const MetadataRequest& request) {
  std::vector<std::string> names;
  if (!request.topics) return {"(all)"};
  for (const auto& topic : *request.topics) names.push_back(topic.name.value_or(""));
  return names;
}

constexpr Uuid kIdA{0, 1};
constexpr Uuid kIdB{0, 2};

class MetadataCoreTest : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;
  /// What is asked now, if anything.
  std::optional<MetadataRequest> poll() {
    if (!core_.shouldSend(now_)) return std::nullopt;
    return core_.request();
  }
  MetadataCore::Outcome answer(const MetadataResponse& response) { return core_.onResponse(response, now_, *random_); }
  void know(const MetadataResponse& response) {
    core_.requestUpdate();
    now_ += std::chrono::seconds(2);
    ASSERT_TRUE(poll());
    ASSERT_EQ(answer(response), MetadataCore::Outcome::Updated);
  }

  ClientSettings settings_;
  MetadataCore core_{settings_};
  std::unique_ptr<Random> random_ = seededRandom(5);
  TimePoint now_ = TimePoint(std::chrono::hours(1));
};

TEST_F(MetadataCoreTest, AsksForNothingUntilSomebodyIsInterested) {
  EXPECT_FALSE(poll());
  EXPECT_EQ(core_.nextAttempt(), TimePoint::max());
  core_.requestUpdate();
  EXPECT_EQ(namesIn(*poll()), Names{});  // brokers only
  EXPECT_FALSE(poll());                  // one at a time
}

TEST_F(MetadataCoreTest, ANewTopicIsAskedForAtOnceAndAllOfThemTogether) {
  know(clusterOf({1}));
  EXPECT_TRUE(core_.touch("b", now_));
  EXPECT_FALSE(core_.touch("b", now_));
  EXPECT_EQ(namesIn(*poll()), Names{"b"});
  core_.setTopics({"a", "b"});  // while a request is in flight: another must follow
  MetadataResponse response = clusterOf({1});
  addTopic(response, "b", kIdB, {{1, 0}});
  EXPECT_EQ(answer(response), MetadataCore::Outcome::Updated);
  EXPECT_EQ(namesIn(*poll()), (Names{"a", "b"}));
}

TEST_F(MetadataCoreTest, AsksForAllWhenPatternsNeedThat) {
  core_.setAllTopics(true);
  EXPECT_EQ(namesIn(*poll()), Names{"(all)"});
}

TEST_F(MetadataCoreTest, ATopicThatIsNotTouchedIsForgotten) {
  core_.touch("old", now_);
  now_ += settings_.metadataMaxIdle - std::chrono::seconds(1);
  core_.touch("new", now_);
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(namesIn(*poll()), Names{"new"});
}

TEST_F(MetadataCoreTest, AsksAgainWhenTheAnswerIsOld) {
  know(clusterOf({1}));
  EXPECT_EQ(core_.nextAttempt(), now_ + settings_.metadataMaxAge);
  now_ += settings_.metadataMaxAge - Millis(1);
  EXPECT_FALSE(poll());
  now_ += Millis(1);
  EXPECT_TRUE(poll());
}

TEST_F(MetadataCoreTest, UpdatesOnDemandKeepADistance) {
  know(clusterOf({1}));
  core_.requestUpdate();
  EXPECT_FALSE(poll());
  now_ += Millis(120);
  EXPECT_TRUE(poll());
}

TEST_F(MetadataCoreTest, FailuresAreRepeatedWithGrowingDistance) {
  core_.requestUpdate();
  Duration before = {};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(poll());
    EXPECT_EQ(core_.onFailure(now_, *random_), MetadataCore::Outcome::Failed);
    const Duration wait = core_.nextAttempt() - now_;
    EXPECT_GT(wait, before);
    before = wait;
    now_ = core_.nextAttempt();
  }
}

TEST_F(MetadataCoreTest, AnErrorOfATopicThatMayPassIsAskedAgainAndAnyOtherNot) {
  core_.touch("t", now_);
  ASSERT_TRUE(poll());
  answer(failedTopic("t", ErrorCode::UnknownTopicOrPartition));
  EXPECT_EQ(core_.snapshot()->topic("t")->error, ErrorCode::UnknownTopicOrPartition);
  EXPECT_LT(core_.nextAttempt(), now_ + std::chrono::seconds(1));
  now_ = core_.nextAttempt();
  ASSERT_TRUE(poll());
  answer(failedTopic("t", ErrorCode::TopicAuthorizationFailed));
  EXPECT_EQ(core_.nextAttempt(), now_ + settings_.metadataMaxAge);
}

TEST_F(MetadataCoreTest, AnOlderLeaderEpochIsNotTakenOver) {
  MetadataResponse fresh = clusterOf({1, 2});
  addTopic(fresh, "t", kIdA, {{2, 7}, {1, 3}});
  know(fresh);
  MetadataResponse stale = clusterOf({1, 2});
  addTopic(stale, "t", kIdA, {{1, 6}, {2, 4}});
  know(stale);
  EXPECT_EQ(core_.snapshot()->partition("t", 0)->leader, 2);
  EXPECT_EQ(core_.snapshot()->partition("t", 1)->leader, 2);
  MetadataResponse remade = clusterOf({1, 2});
  addTopic(remade, "t", kIdB, {{1, 0}});
  know(remade);
  EXPECT_EQ(core_.snapshot()->partition("t", 0)->leaderEpoch, 0);
  EXPECT_EQ(core_.snapshot()->topic(kIdB)->name, "t");
  EXPECT_EQ(core_.snapshot()->topic(kIdA), nullptr);
}

TEST_F(MetadataCoreTest, HintsOfANewerLeaderAreTakenAtOnce) {
  MetadataResponse response = clusterOf({1, 2});
  addTopic(response, "t", kIdA, {{1, 3}});
  know(response);
  const auto version = core_.snapshot()->version;
  EXPECT_FALSE(core_.applyHints({{"t", 0, 2, 3}, {"t", 1, 2, 9}, {"other", 0, 2, 9}, {"t", 0, 9, 9}}, {}));
  EXPECT_TRUE(core_.applyHints({{"t", 0, 3, 4}}, {{.id = 3, .host = "host3", .port = 9003}}));
  EXPECT_EQ(core_.snapshot()->version, version + 1);
  EXPECT_EQ(core_.snapshot()->partition("t", 0)->leader, 3);
  EXPECT_EQ(core_.snapshot()->partitionInfos("t").front().leader->host, "host3");
}

TEST_F(MetadataCoreTest, AnAnswerWithoutBrokersChangesNothing) {
  know(clusterOf({1}));
  core_.requestUpdate();
  now_ += std::chrono::seconds(1);
  ASSERT_TRUE(poll());
  EXPECT_EQ(answer(MetadataResponse()), MetadataCore::Outcome::Failed);
  EXPECT_EQ(core_.snapshot()->nodes.size(), 1U);
}

TEST_F(MetadataCoreTest, BootstrapsAgainWhenTheBrokerSaysSoOrNothingHasWorkedForLong) {
  core_.requestUpdate();
  ASSERT_TRUE(poll());
  MetadataResponse response = clusterOf({1});
  response.errorCode = ErrorCode::RebootstrapRequired;
  EXPECT_EQ(answer(response), MetadataCore::Outcome::Rebootstrap);
  now_ = core_.nextAttempt() + settings_.rebootstrapTrigger;
  ASSERT_TRUE(poll());
  EXPECT_EQ(core_.onFailure(now_, *random_), MetadataCore::Outcome::Rebootstrap);
}

TEST_F(MetadataCoreTest, AHoleAmongThePartitionsEndsTheListBeforeIt) {
  MetadataResponse response = clusterOf({1});
  addTopic(response, "t", kIdA, {{1, 0}, {1, 0}, {1, 0}});
  response.topics[0].partitions[1].partitionIndex = 1'000'000;
  know(response);
  EXPECT_EQ(core_.snapshot()->topic("t")->partitions.size(), 1U);
  EXPECT_EQ(core_.snapshot()->partition("t", 1), nullptr);
  EXPECT_EQ(core_.snapshot()->partition("t", -1), nullptr);
}

class MetadataDriverTest : public ::testing::Test {
 protected:
  Metadata::Waiter note() {
    return [this](Result<Snapshot> result) {
      results_.push_back(result ? "v" + std::to_string((*result)->version) : std::string(errorName(result.error().code())));
      if (!result) last_ = result.error();
    };
  }
  TimePoint in(Duration time) { return loop_.now() + time; }

  ManualLoop loop_;
  MockNetworkClient network_;
  ClientSettings settings_;
  std::unique_ptr<Random> random_ = seededRandom(6);
  MetadataDriver metadata_{settings_, loop_, network_, *random_, Log()};
  std::vector<std::string> results_;
  Error last_;
};

TEST_F(MetadataDriverTest, TellsListenersFirstAndThenThoseWhoWait) {
  metadata_.addListener([this](const Snapshot& snapshot) { results_.push_back("listener v" + std::to_string(snapshot->version)); });
  metadata_.await(0, in(std::chrono::seconds(1)), note());
  metadata_.await(1, in(std::chrono::seconds(1)), note());
  loop_.runPosted();
  network_.take<MetadataRequest>().respond(clusterOf({1, 2}));
  loop_.runPosted();
  EXPECT_EQ(results_, (std::vector<std::string>{"listener v1", "v1"}));
  EXPECT_EQ(metadata_.version(), 1U);
  EXPECT_EQ(network_.nodes().at(2).host, "host2");
  metadata_.await(0, in(std::chrono::seconds(1)), note());
  loop_.runPosted();
  EXPECT_EQ(results_, (std::vector<std::string>{"listener v1", "v1", "v1"}));  // at once, and nothing new for listeners
}

TEST_F(MetadataDriverTest, WhoWaitsHearsAtTheDeadlineWhyNothingCame) {
  metadata_.await(0, in(std::chrono::seconds(1)), note());
  loop_.runPosted();
  network_.take<MetadataRequest>().fail(Error(ErrorCode::NetworkException, "connecting to a:1: refused"));
  loop_.advance(std::chrono::seconds(1));
  EXPECT_EQ(results_, std::vector<std::string>{"REQUEST_TIMED_OUT"});
  EXPECT_NE(last_.message().find("refused"), std::string::npos);
  EXPECT_FALSE(network_.pending().empty());  // and it was tried again
}

TEST_F(MetadataDriverTest, AnErrorThatWillNotPassEndsTheWaitAtOnce) {
  metadata_.await(0, in(std::chrono::seconds(60)), note());
  loop_.runPosted();
  network_.take<MetadataRequest>().fail(ErrorCode::SaslAuthenticationFailed);
  loop_.runPosted();
  EXPECT_EQ(results_, std::vector<std::string>{"SASL_AUTHENTICATION_FAILED"});
}

TEST_F(MetadataDriverTest, ClosingEndsEveryWait) {
  metadata_.await(0, in(std::chrono::seconds(60)), note());
  metadata_.shutDown();
  metadata_.await(0, in(std::chrono::seconds(60)), note());
  EXPECT_EQ(results_, (std::vector<std::string>{"CLOSED", "CLOSED"}));
}

class CoordinatorDriverTest : public ::testing::Test {
 protected:
  void find(const std::string& group, Duration timeout = std::chrono::seconds(30)) {
    finder_.find(CoordinatorType::Group, group, loop_.now() + timeout, [this](Result<NodeId> found) {
      results_.push_back(found ? std::to_string(*found) : std::string(errorName(found.error().code())));
    });
    loop_.runPosted();
  }
  static FindCoordinatorResponse at(NodeId node) {
    FindCoordinatorResponse response;
    auto& one = response.coordinators.emplace_back();
    one.nodeId = node;
    one.host = "host";
    one.port = 9;
    return response;
  }
  static FindCoordinatorResponse failed(ErrorCode code) {
    FindCoordinatorResponse response = at(-1);
    response.coordinators[0].host.clear();
    response.coordinators[0].errorCode = code;
    return response;
  }

  ManualLoop loop_;
  MockNetworkClient network_;
  ClientSettings settings_;
  std::unique_ptr<Random> random_ = seededRandom(6);
  CoordinatorDriver finder_{settings_, loop_, network_, *random_, Log()};
  std::vector<std::string> results_;
};

using Results = std::vector<std::string>;

TEST_F(CoordinatorDriverTest, LooksUpOnceForAllWhoAskAndRemembers) {
  find("g");
  find("g");
  auto request = network_.take<FindCoordinatorRequest>();
  EXPECT_EQ(request.request.coordinatorKeys, std::vector<std::string>{"g"});
  EXPECT_TRUE(network_.pending().empty());
  request.respond(at(3));
  EXPECT_EQ(results_, (Results{"3", "3"}));
  EXPECT_EQ(network_.nodes().at(3).host, "host");
  find("g");
  EXPECT_EQ(results_.size(), 3U);
  finder_.markUnknown(CoordinatorType::Group, "g", 2);  // somebody else was meant
  EXPECT_EQ(finder_.known(CoordinatorType::Group, "g"), 3);
  finder_.markUnknown(CoordinatorType::Group, "g", 3);
  find("g");
  network_.take<FindCoordinatorRequest>().respond(at(4));
  EXPECT_EQ(results_.back(), "4");
}

TEST_F(CoordinatorDriverTest, AsksOldBrokersForOneKey) {
  network_.setVersion(kAnyNode, protocol::ApiKey::FindCoordinator, 2);
  find("g");
  auto request = network_.take<FindCoordinatorRequest>();
  EXPECT_EQ(request.request.key, "g");
  EXPECT_TRUE(request.request.coordinatorKeys.empty());
  FindCoordinatorResponse response;
  response.nodeId = 5;
  response.host = "old";
  response.port = 1;
  request.respond(response);
  EXPECT_EQ(results_, Results{"5"});
}

TEST_F(CoordinatorDriverTest, TriesAgainWhatMayPassUntilTheDeadline) {
  find("g", std::chrono::seconds(1));
  network_.take<FindCoordinatorRequest>().respond(failed(ErrorCode::CoordinatorNotAvailable));
  EXPECT_TRUE(network_.pending().empty());
  loop_.advance(Millis(130));
  network_.take<FindCoordinatorRequest>().fail(ErrorCode::NetworkException);
  EXPECT_TRUE(results_.empty());
  loop_.advance(std::chrono::seconds(1));
  EXPECT_EQ(results_, Results{"REQUEST_TIMED_OUT"});
}

TEST_F(CoordinatorDriverTest, GivesUpOnWhatWillNotPass) {
  find("g");
  network_.take<FindCoordinatorRequest>().respond(failed(ErrorCode::GroupAuthorizationFailed));
  EXPECT_EQ(results_, Results{"GROUP_AUTHORIZATION_FAILED"});
  finder_.shutDown();
  find("g");
  EXPECT_EQ(results_.back(), "CLOSED");
}

}  // namespace
}  // namespace klamm::client
