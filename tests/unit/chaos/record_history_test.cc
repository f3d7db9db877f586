#include "chaos/record_history.h"

#include <set>

#include <gtest/gtest.h>

namespace klamm::chaos {
namespace {

using Kind = SendOutcome::Kind;

/// A run without fault: one producer, two partitions, even numbers in partition 0, odd ones in 1. Tests plant anomalies.
class RecordHistoryTest : public testing::Test {
 protected:
  RecordHistoryTest() {
    for (std::int64_t n = 0; n < 10; ++n) {
      outcomes_.push_back({{0, n}, {Kind::Acked, static_cast<std::int32_t>(n % 2), n / 2}});
      logs_[static_cast<std::size_t>(n % 2)].records.push_back({n / 2, {{0, n}}});
    }
    logs_[1].partition = 1;
    reading_ = {"reader", 0, {logs_[0].records.begin() + 1, logs_[0].records.end()}};
  }
  std::set<AnomalyKind> found() const {
    RecordHistory history;
    for (std::int64_t n = 0; n < sent_; ++n) history.sent({0, n});
    for (const auto& [id, outcome] : outcomes_) history.completed(id, outcome);
    for (const Reading& log : logs_) history.addLog(log);
    history.addReading(reading_);
    std::set<AnomalyKind> kinds;
    for (const Anomaly& anomaly : history.check()) kinds.insert(anomaly.kind);
    return kinds;
  }
  auto& records(std::size_t partition) { return logs_[partition].records; }
  void renumber(std::size_t partition) {
    for (std::size_t i = 0; i < records(partition).size(); ++i) records(partition)[i].first = static_cast<std::int64_t>(i);
  }
  using Kinds = std::set<AnomalyKind>;

  std::int64_t sent_ = 10;
  std::vector<std::pair<RecordId, SendOutcome>> outcomes_;
  std::vector<Reading> logs_{2};
  Reading reading_;
};

TEST_F(RecordHistoryTest, FindsNothingInAGoodRun) { EXPECT_EQ(found(), Kinds{}); }

TEST_F(RecordHistoryTest, AllowsARecordOfUnknownOutcomeToBeThereOrNot) {
  outcomes_.back().second = {Kind::Unknown};
  EXPECT_EQ(found(), Kinds{});
  records(1).pop_back();
  EXPECT_EQ(found(), Kinds{});
}

TEST_F(RecordHistoryTest, FindsALostRecord) {
  records(1).pop_back();
  EXPECT_EQ(found(), Kinds{AnomalyKind::Lost});
}

TEST_F(RecordHistoryTest, FindsARecordLostInTheMiddleThoughOffsetsClosedUp) {
  records(1).erase(records(1).begin() + 2);
  renumber(1);
  EXPECT_EQ(found(), (Kinds{AnomalyKind::Lost, AnomalyKind::Misplaced}));
}

TEST_F(RecordHistoryTest, FindsAHoleInTheLog) {
  outcomes_[5].second = {Kind::Unknown};
  records(1).erase(records(1).begin() + 2);
  EXPECT_EQ(found(), Kinds{AnomalyKind::OffsetsNotAscending});
}

TEST_F(RecordHistoryTest, FindsADuplicate) {
  records(1).push_back({5, records(1)[0].second});
  EXPECT_EQ(found(), Kinds{AnomalyKind::Duplicated});
}

TEST_F(RecordHistoryTest, FindsADuplicateInAnotherPartition) {
  records(1).push_back({5, records(0)[0].second});
  EXPECT_EQ(found(), Kinds{AnomalyKind::Duplicated});
}

TEST_F(RecordHistoryTest, FindsADuplicateOfARecordThatWasReportedAsFailed) {
  outcomes_[9].second = {Kind::Unknown};
  records(1).push_back({5, records(1)[4].second});
  EXPECT_EQ(found(), Kinds{AnomalyKind::Duplicated});
}

TEST_F(RecordHistoryTest, FindsTwoRecordsThatChangedPlaces) {
  std::swap(records(1)[1].second, records(1)[2].second);
  std::swap(outcomes_[3].second, outcomes_[5].second);  // the acknowledgements say the same
  EXPECT_EQ(found(), Kinds{AnomalyKind::Reordered});
}

TEST_F(RecordHistoryTest, FindsAnInventedRecord) {
  records(1).push_back({5, {{3, 77}}});
  EXPECT_EQ(found(), Kinds{AnomalyKind::Invented});
}

TEST_F(RecordHistoryTest, FindsARecordThatSendHadRefused) {
  outcomes_[9].second = {Kind::NeverSent};
  EXPECT_EQ(found(), Kinds{AnomalyKind::Invented});
}

TEST_F(RecordHistoryTest, FindsADamagedRecord) {
  records(1)[2].second.intact = false;
  EXPECT_EQ(found(), Kinds{AnomalyKind::Damaged});
}

TEST_F(RecordHistoryTest, FindsAnAcknowledgementWithTheWrongPlace) {
  outcomes_[9].second.offset = 3;
  EXPECT_EQ(found(), Kinds{AnomalyKind::Misplaced});
  outcomes_[9].second = {Kind::Acked, 0, 4};
  EXPECT_EQ(found(), Kinds{AnomalyKind::Misplaced});
  outcomes_[9].second = {Kind::Acked, 1, -1};
  EXPECT_EQ(found(), Kinds{}) << "a duplicate whose offset the broker has forgotten";
}

TEST_F(RecordHistoryTest, FindsAMissingAndASecondCallback) {
  const auto last = outcomes_.back();
  outcomes_.pop_back();
  EXPECT_EQ(found(), Kinds{AnomalyKind::CallbackMissing});
  outcomes_.push_back(last);
  outcomes_.push_back(last);
  EXPECT_EQ(found(), Kinds{AnomalyKind::CallbackTwice});
}

TEST_F(RecordHistoryTest, FindsCallbacksOutOfOrder) {
  std::swap(outcomes_[3], outcomes_[5]);
  EXPECT_EQ(found(), Kinds{AnomalyKind::CallbackReordered});
}

TEST_F(RecordHistoryTest, FindsAReaderThatSkips) {
  reading_.records.erase(reading_.records.begin() + 1);
  EXPECT_EQ(found(), Kinds{AnomalyKind::ReaderSkipped});
}

TEST_F(RecordHistoryTest, FindsAReaderThatGoesBack) {
  reading_.records.push_back(reading_.records.back());
  EXPECT_EQ(found(), Kinds{AnomalyKind::OffsetsNotAscending});
}

TEST_F(RecordHistoryTest, FindsAReaderThatSawAnotherRecordThanTheLogHas) {
  reading_.records[1].second.id = {0, 9};
  EXPECT_EQ(found(), Kinds{AnomalyKind::ReaderDisagrees});
}

TEST_F(RecordHistoryTest, FindsAReaderThatSawARecordWhichIsGone) {
  outcomes_[8].second = {Kind::Unknown};
  records(0).pop_back();
  EXPECT_EQ(found(), Kinds{AnomalyKind::ReaderDisagrees});
}

}  // namespace
}  // namespace klamm::chaos
