#include "consumer/fetch_session.h"

#include <gtest/gtest.h>

namespace klamm::consumer {
namespace {

const Uuid kA{1, 1};
const Uuid kB{2, 2};

FetchTargets targets(std::int64_t offsetA, std::int64_t offsetB) {
  return {{{"a", 0}, {kA, offsetA, 100, 1}}, {{"b", 0}, {kB, offsetB, 100, 1}}};
}

protocol::FetchRequest next(FetchSession& session, const FetchTargets& wanted) {
  protocol::FetchRequest request;
  session.fill(request, wanted);
  return request;
}

protocol::FetchResponse answer(std::int32_t sessionId, const std::vector<std::pair<Uuid, int>>& partitions = {}) {
  protocol::FetchResponse response;
  response.sessionId = sessionId;
  for (const auto& [id, partition] : partitions) {
    auto& topic = response.responses.emplace_back();
    topic.topicId = id;
    topic.partitions.emplace_back().partitionIndex = partition;
  }
  return response;
}

std::vector<std::string> topicsOf(const protocol::FetchRequest& request) {
  std::vector<std::string> names;
  for (const auto& topic : request.topics) names.push_back(topic.topic);
  return names;
}

TEST(FetchSession, NamesEverythingFirstAndThenOnlyWhatChanged) {
  FetchSession session;
  const auto full = next(session, targets(0, 0));
  EXPECT_EQ(full.sessionId, 0);
  EXPECT_EQ(full.sessionEpoch, 0);
  EXPECT_EQ(topicsOf(full), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(full.topics[0].topicId, kA);
  ASSERT_TRUE(session.answered(answer(77, {{kA, 0}, {kB, 0}})));
  const auto incremental = next(session, targets(0, 5));
  EXPECT_EQ(incremental.sessionId, 77);
  EXPECT_EQ(incremental.sessionEpoch, 1);
  EXPECT_EQ(topicsOf(incremental), (std::vector<std::string>{"b"}));
  ASSERT_TRUE(session.answered(answer(77)));
  const auto same = next(session, targets(0, 5));
  EXPECT_EQ(same.sessionEpoch, 2);
  EXPECT_TRUE(same.topics.empty());
}

TEST(FetchSession, ForgetsPartitionsThatAreNoLongerWanted) {
  FetchSession session;
  (void)next(session, targets(0, 0));
  ASSERT_TRUE(session.answered(answer(77, {{kA, 0}, {kB, 0}})));
  const auto request = next(session, {{{"a", 0}, {kA, 0, 100, 1}}});
  EXPECT_TRUE(request.topics.empty());
  ASSERT_EQ(request.forgottenTopicsData.size(), 1U);
  EXPECT_EQ(request.forgottenTopicsData[0].topicId, kB);
  EXPECT_EQ(request.forgottenTopicsData[0].topic, "b");
  EXPECT_EQ(request.forgottenTopicsData[0].partitions, std::vector<std::int32_t>{0});
}

TEST(FetchSession, ATopicThatWasMadeAnewIsForgottenAndNamedAgain) {
  FetchSession session;
  (void)next(session, targets(3, 0));
  ASSERT_TRUE(session.answered(answer(77, {{kA, 0}, {kB, 0}})));
  FetchTargets wanted = targets(0, 0);
  wanted[{"a", 0}].topicId = Uuid{9, 9};
  const auto request = next(session, wanted);
  ASSERT_EQ(request.forgottenTopicsData.size(), 1U);
  EXPECT_EQ(request.forgottenTopicsData[0].topicId, kA);
  ASSERT_EQ(request.topics.size(), 1U);
  EXPECT_EQ(request.topics[0].topicId, (Uuid{9, 9}));
}

TEST(FetchSession, BeginsAnewWhenTheBrokerHasLostTheSession) {
  FetchSession session;
  (void)next(session, targets(0, 0));
  ASSERT_TRUE(session.answered(answer(77, {{kA, 0}, {kB, 0}})));
  (void)next(session, targets(1, 0));
  auto lost = answer(0);
  lost.errorCode = ErrorCode::FetchSessionIdNotFound;
  EXPECT_FALSE(session.answered(lost));
  const auto request = next(session, targets(1, 0));
  EXPECT_EQ(request.sessionId, 0);
  EXPECT_EQ(request.sessionEpoch, 0);
  EXPECT_EQ(request.topics.size(), 2U);
}

TEST(FetchSession, ClosesTheOldSessionWhenEpochsDisagreeOrNoAnswerCame) {
  for (const bool disagree : {true, false}) {
    FetchSession session;
    (void)next(session, targets(0, 0));
    ASSERT_TRUE(session.answered(answer(77, {{kA, 0}, {kB, 0}})));
    (void)next(session, targets(1, 0));
    auto refused = answer(77);
    refused.errorCode = ErrorCode::InvalidFetchSessionEpoch;
    if (disagree) EXPECT_FALSE(session.answered(refused));
    else session.failed();
    const auto request = next(session, targets(1, 0));
    EXPECT_EQ(request.sessionId, 77);
    EXPECT_EQ(request.sessionEpoch, 0);
    EXPECT_EQ(request.topics.size(), 2U);
  }
}

TEST(FetchSession, GoesOnWithoutASessionWhenTheBrokerGivesNone) {
  FetchSession session;
  for (int i = 0; i < 3; ++i) {
    const auto request = next(session, targets(i, 0));
    EXPECT_EQ(request.sessionEpoch, 0);
    EXPECT_EQ(request.topics.size(), 2U);
    ASSERT_TRUE(session.answered(answer(0, {{kA, 0}, {kB, 0}})));
  }
}

TEST(FetchSession, ThrowsAwayAnAnswerThatNamesWhatWasNotAskedFor) {
  FetchSession session;
  (void)next(session, targets(0, 0));
  EXPECT_FALSE(session.answered(answer(77, {{Uuid{5, 5}, 0}})));
  EXPECT_FALSE(session.answered(answer(77, {{kA, 1}})));
  EXPECT_EQ(next(session, targets(0, 0)).sessionEpoch, 0);
}

TEST(FetchSession, SpeaksOfTopicsByNameWhenOneHasNoId) {
  FetchSession session;
  FetchTargets wanted = targets(0, 0);
  wanted[{"a", 0}].topicId = {};
  (void)next(session, wanted);
  EXPECT_FALSE(session.usesTopicIds());
  protocol::FetchResponse response;
  response.sessionId = 5;
  auto& topic = response.responses.emplace_back();
  topic.topic = "b";
  topic.partitions.emplace_back();
  EXPECT_TRUE(session.answered(response));
  const auto request = next(session, targets(0, 0));
  EXPECT_TRUE(session.usesTopicIds());
  EXPECT_EQ(request.sessionEpoch, 0) << "a session speaks of topics in one way only";
  EXPECT_EQ(request.sessionId, 5);
}

}  // namespace
}  // namespace klamm::consumer
