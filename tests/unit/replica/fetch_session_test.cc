#include "replica/fetch_session.h"

#include <gmock/gmock.h>

namespace klamm::broker {
namespace {

using Kind = FetchContext::Kind;
using testing::ElementsAre;

constexpr TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

protocol::FetchRequest request(std::int32_t id, std::int32_t epoch, const std::vector<std::pair<std::int32_t, std::int64_t>>& partitions) {
  protocol::FetchRequest fetch;
  fetch.sessionId = id;
  fetch.sessionEpoch = epoch;
  if (!partitions.empty()) fetch.topics.emplace_back().topic = "orders";
  for (const auto& [partition, offset] : partitions) {
    auto& asked = fetch.topics.back().partitions.emplace_back();
    asked.partition = partition;
    asked.fetchOffset = offset;
    asked.partitionMaxBytes = 1000;
  }
  return fetch;
}

class FetchSessionTest : public testing::Test {
 protected:
  /// A full fetch of these partitions; returns the id of its session.
  std::int32_t open(const std::vector<std::pair<std::int32_t, std::int64_t>>& partitions, int seconds = 0) {
    const FetchContext context = sessions_.begin(request(0, 0, partitions), false, at(seconds));
    EXPECT_EQ(context.kind, Kind::Full);
    return sessions_.finish(context, std::vector<SessionAnswer>(context.partitions.size(), quiet_), at(seconds)).sessionId;
  }
  static std::vector<std::int32_t> numbers(const FetchContext& context) {
    std::vector<std::int32_t> all;
    for (const SessionPartition& partition : context.partitions) all.push_back(partition.key.partition);
    return all;
  }
  std::unique_ptr<Random> random_ = seededRandom(7);
  FetchSessions sessions_{3, *random_};
  SessionAnswer quiet_{.highWatermark = 10, .logStartOffset = 0};
};

TEST_F(FetchSessionTest, AnIncrementalFetchReadsAllAndTellsOnlyWhatChanged) {
  const std::int32_t id = open({{0, 10}, {1, 10}, {2, 10}});
  ASSERT_NE(id, 0);
  FetchContext context = sessions_.begin(request(id, 1, {}), false, at(1));
  EXPECT_EQ(context.kind, Kind::Incremental);
  EXPECT_THAT(numbers(context), ElementsAre(0, 1, 2));
  SessionAnswer records = quiet_;
  records.hasRecords = true;
  records.highWatermark = 20;
  FetchAnswer answer = sessions_.finish(context, {quiet_, records, quiet_}, at(1));
  EXPECT_EQ(answer.sessionId, id);
  EXPECT_THAT(answer.tell, ElementsAre(false, true, false));

  context = sessions_.begin(request(id, 2, {{1, 20}}), false, at(2));
  EXPECT_THAT(numbers(context), ElementsAre(0, 2, 1)) << "who had records comes last";
  EXPECT_EQ(context.partitions.back().fetchOffset, 20);
}

TEST_F(FetchSessionTest, AMovedHighWatermarkOrStartOrAnErrorIsNews) {
  const std::int32_t id = open({{0, 10}, {1, 10}, {2, 10}, {3, 10}});
  FetchContext context = sessions_.begin(request(id, 1, {}), false, at(1));
  SessionAnswer moved = quiet_;
  moved.highWatermark = 11;
  SessionAnswer trimmed = quiet_;
  trimmed.logStartOffset = 3;
  SessionAnswer failed{.failed = true};
  EXPECT_THAT(sessions_.finish(context, {moved, trimmed, failed, quiet_}, at(1)).tell, ElementsAre(true, true, true, false));
  context = sessions_.begin(request(id, 2, {}), false, at(2));
  EXPECT_THAT(sessions_.finish(context, {moved, trimmed, quiet_, quiet_}, at(2)).tell, ElementsAre(false, false, true, false))
      << "after an error the partition is told once more";
}

TEST_F(FetchSessionTest, PartitionsAreAddedAndForgotten) {
  const std::int32_t id = open({{0, 10}, {1, 10}});
  protocol::FetchRequest change = request(id, 1, {{5, 50}});
  change.forgottenTopicsData.emplace_back().topic = "orders";
  change.forgottenTopicsData.back().partitions = {0};
  const FetchContext context = sessions_.begin(change, false, at(1));
  EXPECT_THAT(numbers(context), ElementsAre(1, 5));
}

TEST_F(FetchSessionTest, ForgettingTheLastPartitionEndsTheSession) {
  const std::int32_t id = open({{0, 10}});
  protocol::FetchRequest change = request(id, 1, {});
  change.forgottenTopicsData.emplace_back().topic = "orders";
  change.forgottenTopicsData.back().partitions = {0};
  EXPECT_EQ(sessions_.begin(change, false, at(1)).kind, Kind::Sessionless);
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(FetchSessionTest, WrongIdsAndEpochsAreRefused) {
  const std::int32_t id = open({{0, 10}});
  EXPECT_EQ(sessions_.begin(request(id + 1, 1, {}), false, at(1)).error, ErrorCode::FetchSessionIdNotFound);
  EXPECT_EQ(sessions_.begin(request(id, 2, {}), false, at(1)).error, ErrorCode::InvalidFetchSessionEpoch);
  EXPECT_EQ(sessions_.begin(request(id, 1, {}), true, at(1)).error, ErrorCode::FetchSessionTopicIdError);
  EXPECT_EQ(sessions_.begin(request(id, 1, {}), false, at(1)).kind, Kind::Incremental);
  EXPECT_EQ(sessions_.begin(request(id, 1, {}), false, at(1)).error, ErrorCode::InvalidFetchSessionEpoch) << "each epoch once";
}

TEST_F(FetchSessionTest, EpochZeroBeginsAnewAndMinusOneEnds) {
  const std::int32_t id = open({{0, 10}});
  EXPECT_EQ(sessions_.begin(request(id, -1, {{0, 10}}), false, at(1)).kind, Kind::Sessionless);
  EXPECT_EQ(sessions_.size(), 0U);
  const std::int32_t other = open({{0, 10}});
  EXPECT_EQ(sessions_.begin(request(other, 0, {{0, 10}}), false, at(1)).kind, Kind::Full);
  EXPECT_EQ(sessions_.begin(request(other, 1, {}), false, at(1)).error, ErrorCode::FetchSessionIdNotFound);
}

TEST_F(FetchSessionTest, AFullCacheKeepsYoungSessionsAndAnswersWithoutOne) {
  for (int i = 0; i < 3; ++i) ASSERT_NE(open({{0, 10}, {1, 10}}), 0);
  EXPECT_EQ(open({{0, 10}, {1, 10}, {2, 10}}, 1), 0);
  EXPECT_EQ(sessions_.size(), 3U);
}

TEST_F(FetchSessionTest, AFullCacheGivesUpWhatWasNotUsedForTwoMinutes) {
  const std::int32_t idle = open({{0, 10}}, 0);
  const std::int32_t busy = open({{0, 10}}, 0);
  ASSERT_NE(open({{0, 10}}, 0), 0);
  EXPECT_EQ(sessions_.begin(request(busy, 1, {}), false, at(100)).kind, Kind::Incremental);
  EXPECT_NE(open({{0, 10}}, 121), 0);
  EXPECT_EQ(sessions_.size(), 3U);
  EXPECT_EQ(sessions_.begin(request(busy, 2, {}), false, at(122)).kind, Kind::Incremental);
  (void)idle;
}

TEST_F(FetchSessionTest, ALargerFetchTakesThePlaceOfASmallerOldSession) {
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(open({{0, 10}, {1, 10}}, 0));
  for (const std::int32_t id : ids) ASSERT_EQ(sessions_.begin(request(id, 1, {}), false, at(110)).kind, Kind::Incremental);
  EXPECT_EQ(open({{0, 10}}, 121), 0) << "a smaller one does not";
  EXPECT_NE(open({{0, 10}, {1, 10}, {2, 10}}, 121), 0);
  EXPECT_EQ(sessions_.size(), 3U);
}

TEST_F(FetchSessionTest, ASessionThatIsReplacedWhileAFetchWaitsAnswersWithAnError) {
  const std::int32_t id = open({{0, 10}});
  const FetchContext waiting = sessions_.begin(request(id, 1, {}), false, at(1));
  ASSERT_EQ(sessions_.begin(request(id, 0, {{0, 10}}), false, at(1)).kind, Kind::Full);
  const FetchAnswer answer = sessions_.finish(waiting, {quiet_}, at(2));
  EXPECT_EQ(answer.error, ErrorCode::FetchSessionIdNotFound);
  EXPECT_THAT(answer.tell, ElementsAre(false));
}

}  // namespace
}  // namespace klamm::broker
