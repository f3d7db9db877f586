#include "log/log_manager.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "support/inline_disk_worker.h"
#include "support/manual_clock.h"
#include "unit/log/log_fixture.h"

namespace klamm::broker::log {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using klamm::test::InlineDiskWorker;
using klamm::test::ManualClock;
using klamm::test::MemoryDisk;
using testing::ElementsAre;

class LogManagerTest : public testing::Test {
 protected:
  Result<std::unique_ptr<LogManager>> open(MemoryDisk& disk, std::vector<std::string> directories = {"/data"}) {
    return LogManager::open({.disk = &disk, .directories = std::move(directories), .clock = &clock_, .random = random_.get()});
  }
  static AppendResult append(PartitionLog& log, int records = 5) {
    return log.appendAsLeader(batchOf({.records = records}), {.nowMillis = kNow});
  }
  ManualClock clock_;
  std::unique_ptr<Random> random_ = seededRandom(1);
  InlineDiskWorker worker_;
};

TEST_F(LogManagerTest, ASecondOneOnTheSameFolderIsRefused) {
  MemoryDisk disk;
  auto first = open(disk);
  ASSERT_TRUE(first);
  const auto second = open(disk);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), testing::HasSubstr("another broker uses this folder"));
  first->reset();
  EXPECT_TRUE(open(disk));
}

TEST_F(LogManagerTest, ACleanStopLeavesCheckpointsAndItsMark) {
  MemoryDisk disk;
  {
    auto manager = *open(disk);
    PartitionLog* log = *manager->openLog({"orders", 3}, kTopicId, {});
    ASSERT_FALSE(append(*log).error);
    (void)log->setHighWatermark(4);
    ASSERT_TRUE(manager->close());
  }
  EXPECT_EQ(disk.text("/data/recovery-point-offset-checkpoint"), "0\n1\norders 3 5\n");
  EXPECT_EQ(disk.text("/data/replication-offset-checkpoint"), "0\n1\norders 3 4\n");
  EXPECT_EQ(disk.text("/data/log-start-offset-checkpoint"), "0\n0\n");
  EXPECT_TRUE(disk.has("/data/.kafka_cleanshutdown"));
  auto again = *open(disk);
  EXPECT_FALSE(disk.has("/data/.kafka_cleanshutdown")) << "from now on a kill must lead to a check";
  PartitionLog* log = *again->openLog({"orders", 3}, kTopicId, {});
  EXPECT_EQ(log->logEndOffset(), 5);
  EXPECT_EQ(log->highWatermark(), 4);
}

TEST_F(LogManagerTest, KeepsTheCheckpointsOfLogsThatNobodyOpened) {
  MemoryDisk disk;
  {
    auto manager = *open(disk);
    for (const int partition : {0, 1}) ASSERT_FALSE(append(**manager->openLog({"orders", partition}, kTopicId, {})).error);
    ASSERT_TRUE(manager->close());
  }
  {
    auto manager = *open(disk);
    ASSERT_TRUE(manager->openLog({"orders", 0}, kTopicId, {}));
    ASSERT_TRUE(manager->close());
  }
  EXPECT_EQ(disk.text("/data/recovery-point-offset-checkpoint"), "0\n2\norders 0 5\norders 1 5\n");
  EXPECT_TRUE(disk.has("/data/.kafka_cleanshutdown"));
}

TEST_F(LogManagerTest, IsNotCleanWhenALogThatWasKilledWasNeverLookedAt) {
  MemoryDisk disk;
  {
    auto manager = *open(disk);
    for (const int partition : {0, 1}) ASSERT_FALSE(append(**manager->openLog({"orders", partition}, kTopicId, {})).error);
  }
  {
    auto manager = *open(disk);
    ASSERT_TRUE(manager->openLog({"orders", 0}, kTopicId, {}));
    ASSERT_TRUE(manager->close());
  }
  EXPECT_FALSE(disk.has("/data/.kafka_cleanshutdown"));
}

TEST_F(LogManagerTest, RemovesADeletedPartitionThroughARenamedFolder) {
  MemoryDisk disk;
  auto manager = *open(disk);
  PartitionLog* log = *manager->openLog({"orders", 0}, kTopicId, {});
  ASSERT_FALSE(append(*log).error);
  worker_.hold = true;
  ASSERT_TRUE(manager->remove({"orders", 0}, worker_));
  EXPECT_EQ(manager->find({"orders", 0}), nullptr);
  EXPECT_FALSE(disk.exists("/data/orders-0"));
  const auto left = *disk.list("/data");
  EXPECT_TRUE(std::any_of(left.begin(), left.end(), [](const auto& entry) { return entry.name.starts_with("orders-0.") && entry.name.ends_with("-delete"); }));
  PartitionLog* successor = *manager->openLog({"orders", 0}, Uuid{5, 6}, {});
  EXPECT_EQ(successor->logEndOffset(), 0);
  worker_.release();
  const auto after = *disk.list("/data");
  for (const auto& entry : after) EXPECT_FALSE(entry.name.ends_with("-delete"));
}

TEST_F(LogManagerTest, RemovesFoldersThatAKillLeftHalfDeleted) {
  MemoryDisk disk;
  ASSERT_TRUE(disk.createFolder("/data/orders-0.0123456789abcdef0123456789abcdef-delete"));
  auto manager = *open(disk);
  manager->housekeep(worker_);
  EXPECT_FALSE(disk.exists("/data/orders-0.0123456789abcdef0123456789abcdef-delete"));
}

TEST_F(LogManagerTest, SpreadsNewPartitionsOverTheDirectories) {
  MemoryDisk disk;
  auto manager = *open(disk, {"/one", "/two"});
  for (int partition = 0; partition < 4; ++partition) ASSERT_TRUE(manager->openLog({"orders", partition}, kTopicId, {}));
  EXPECT_EQ(manager->directories()[0].folders.size(), 2U);
  EXPECT_EQ(manager->directories()[1].folders.size(), 2U);
  EXPECT_EQ(manager->directoryOf({"orders", 1})->path, "/two");
}

TEST_F(LogManagerTest, SyncsRolledSegmentsInTheBackground) {
  MemoryDisk disk;
  auto manager = *open(disk);
  LogConfig config;
  config.segmentBytes = 400;
  PartitionLog* log = *manager->openLog({"orders", 0}, kTopicId, config);
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(append(*log).error);
  ASSERT_GT(log->segmentCount(), 2U);
  const int before = disk.syncs();
  manager->housekeep(worker_);
  EXPECT_GT(disk.syncs(), before);
  EXPECT_GT(log->recoveryPoint(), 0);
  EXPECT_LT(log->recoveryPoint(), 50);
}

TEST(PartitionFolder, HasTheTopicAndTheNumberInItsName) {
  EXPECT_EQ(partitionOfFolder("orders-0"), (TopicPartition{"orders", 0}));
  EXPECT_EQ(partitionOfFolder("my-topic.x_y-12"), (TopicPartition{"my-topic.x_y", 12}));
  for (const char* name : {"orders", "-1", "orders-", "orders-x", "orders-01", "orders-99999999999", "orders-0.abc-delete", "lost+found"})
    EXPECT_FALSE(partitionOfFolder(name)) << name;
}

TEST(SystemDisk, LocksWritesMapsAndLists) {
  const std::string folder = testing::TempDir() + "klamm_disk_" + std::to_string(systemRandom().next());
  Disk& disk = systemDisk();
  ASSERT_TRUE(disk.createFolder(folder + "/a/b"));
  auto held = disk.lock(folder + "/.lock");
  ASSERT_TRUE(held);
  EXPECT_FALSE(disk.lock(folder + "/.lock")) << "also not by this process";
  held->reset();
  EXPECT_TRUE(disk.lock(folder + "/.lock"));

  const std::string path = folder + "/a/file";
  EXPECT_FALSE(disk.open(path, OpenMode::Read));
  auto file = *disk.open(path, OpenMode::Create);
  std::vector<BytesView> pieces(200, asBytes("0123456789"));
  ASSERT_TRUE(file->writeAt(5, pieces));
  EXPECT_EQ(*file->size(), 2005U);
  std::vector<std::byte> into(3000);
  EXPECT_EQ(*file->readAt(1995, into), 10U);
  EXPECT_EQ(asText(BytesView(into).first(10)), "0123456789");
  EXPECT_EQ((*disk.map(path)).size(), 2005U);
  ASSERT_TRUE(file->truncate(100'000));
  EXPECT_EQ((*disk.map(path)).size(), 100'000U);
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(disk.replace(folder + "/a/text", asBytes("hello"), true));
  EXPECT_EQ(*disk.readText(folder + "/a/text"), "hello");
  const auto entries = *disk.list(folder + "/a");
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_TRUE(entries[0].isFolder);
  EXPECT_EQ(entries[1].name, "file");
  EXPECT_EQ(entries[2].size, 5U);
  ASSERT_TRUE(disk.rename(path, folder + "/a/other"));
  ASSERT_TRUE(disk.remove(folder + "/a/other"));
  ASSERT_TRUE(disk.remove(folder + "/a/other")) << "absent is no error";
  ASSERT_TRUE(disk.removeAll(folder));
  EXPECT_FALSE(disk.exists(folder));
}

}  // namespace
}  // namespace klamm::broker::log
