#include "log/leader_epochs.h"

#include <gmock/gmock.h>

#include "support/memory_disk.h"

namespace klamm::broker::log {
namespace {

using klamm::test::MemoryDisk;
using testing::ElementsAre;

constexpr const char* kPath = "/data/t-0/leader-epoch-checkpoint";

TEST(LeaderEpochs, AreWrittenAsKafkaWritesThem) {
  MemoryDisk disk;
  LeaderEpochs epochs(disk, kPath);
  EXPECT_TRUE(epochs.assign(0, 0));
  EXPECT_TRUE(epochs.assign(2, 100));
  EXPECT_FALSE(epochs.assign(2, 150));
  ASSERT_TRUE(epochs.save());
  EXPECT_EQ(disk.text(kPath), "0\n2\n0 0\n2 100\n");
  LeaderEpochs again(disk, kPath);
  EXPECT_TRUE(again.load());
  EXPECT_EQ(again.entries(), epochs.entries());
}

TEST(LeaderEpochs, AnEpochWithoutRecordsGivesWayToTheNext) {
  MemoryDisk disk;
  LeaderEpochs epochs(disk, kPath);
  epochs.assign(0, 0);
  epochs.assign(1, 50);
  epochs.assign(4, 50);
  EXPECT_THAT(epochs.entries(), ElementsAre(EpochEntry{0, 0}, EpochEntry{4, 50}));
}

TEST(LeaderEpochs, AnswerWhereAnEpochEnded) {
  MemoryDisk disk;
  LeaderEpochs epochs(disk, kPath);
  epochs.assign(1, 0);
  epochs.assign(3, 100);
  epochs.assign(5, 250);
  const auto end = [&](std::int32_t epoch) { return epochs.endOffsetFor(epoch, 300); };
  EXPECT_EQ(end(-1), (EpochEntry{-1, -1}));
  EXPECT_EQ(end(0), (EpochEntry{0, 0})) << "older than all known: its end is where the first known one begins";
  EXPECT_EQ(end(1), (EpochEntry{1, 100}));
  EXPECT_EQ(end(2), (EpochEntry{1, 100})) << "never seen: the one before it";
  EXPECT_EQ(end(3), (EpochEntry{3, 250}));
  EXPECT_EQ(end(5), (EpochEntry{5, 300}));
  EXPECT_EQ(end(6), (EpochEntry{-1, -1})) << "from the future";
}

TEST(LeaderEpochs, TruncateAtBothEnds) {
  MemoryDisk disk;
  LeaderEpochs epochs(disk, kPath);
  for (int i = 0; i < 5; ++i) epochs.assign(i, 10 * i);
  EXPECT_FALSE(epochs.truncateFromEnd(41));
  EXPECT_TRUE(epochs.truncateFromEnd(40));
  EXPECT_TRUE(epochs.truncateFromStart(15));
  EXPECT_THAT(epochs.entries(), ElementsAre(EpochEntry{1, 15}, EpochEntry{2, 20}, EpochEntry{3, 30}));
  EXPECT_EQ(epochs.epochOf(14), -1);
  EXPECT_EQ(epochs.epochOf(19), 1);
  EXPECT_EQ(epochs.epochOf(99), 3);
}

TEST(LeaderEpochs, ADamagedFileCountsAsNone) {
  for (const char* text : {"", "x", "0", "0\n-1\n", "0\n3\n0 0\n1 5\n", "0\n1\n0\n", "0\n1\n0 0 0\n", "0\n2\n1 5\n0 9\n", "0\n1\n99999999999 5\n"}) {
    MemoryDisk disk;
    disk.put(kPath, text);
    LeaderEpochs epochs(disk, kPath);
    EXPECT_FALSE(epochs.load()) << text;
    EXPECT_TRUE(epochs.entries().empty());
  }
}

}  // namespace
}  // namespace klamm::broker::log
