#include "controller/quorum_controller.h"

#include <filesystem>

#include <stdlib.h>

#include <gtest/gtest.h>

namespace klamm::broker::controller {
namespace {

/// Time stands still until it is told to pass.
class TestClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return now_; }
  std::int64_t wallMillis() const noexcept override { return 1'700'000'000'000; }
  TimePoint now_{std::chrono::seconds(1000)};
};

/// Does what it is given when the test says so, or fails.
class TestWorker final : public log::DiskWorker {
 public:
  void run(Job job, Done done) override { queue_.push_back({std::move(job), std::move(done)}); }
  void runAll() {
    while (!queue_.empty()) {
      auto item = std::move(queue_.front());
      queue_.pop_front();
      Status status = item.job();
      if (broken_) status = fail(ErrorCode::KafkaStorageError, "no space left on device");
      item.done(std::move(status));
    }
  }
  struct Item {
    Job job;
    Done done;
  };
  std::deque<Item> queue_;
  bool broken_ = false;
};

class QuorumControllerTest : public testing::Test {
 protected:
  QuorumControllerTest() {
    std::string name = (std::filesystem::temp_directory_path() / "klamm-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    open();
  }
  ~QuorumControllerTest() override { std::filesystem::remove_all(folder_); }

  void open() {
    raft::MetadataLog::Options how;
    how.disk = &log::systemDisk();
    how.folder = folder_ + "/__cluster_metadata-0";
    how.nodeId = 1;
    how.clock = &clock_;
    how.worker = &worker_;
    metadata_ = raft::MetadataLog::open(how).value();
    controller_ = std::make_unique<QuorumController>(QuorumController::Options{1, &config_, &clock_, random_.get(), {}}, *metadata_);
    BrokerRegistration broker;
    broker.id = 1;
    broker.logDirs = {Uuid{5, 1}};
    ASSERT_TRUE(controller_->start(std::move(broker)));
    controller_->onPublished([this](const auto& image, const auto& delta) {
      published_ = image;
      changed_ += delta.changedTopics.size();
    });
  }
  /// As after a crash: nothing is closed.
  void reopen() {
    worker_.queue_.clear();
    controller_.reset();
    metadata_.reset();
    open();
  }
  void create(const std::string& name, std::int32_t timeoutMs = 1000) {
    protocol::CreateTopicsRequest request;
    request.topics.emplace_back();
    request.topics[0].name = name;
    request.topics[0].numPartitions = 2;
    request.topics[0].replicationFactor = 1;
    request.timeoutMs = timeoutMs;
    controller_->createTopics(std::move(request), [this](protocol::CreateTopicsResponse response) { answers_.push_back(response.topics[0].errorCode); });
  }

  std::string folder_;
  TestClock clock_;
  TestWorker worker_;
  config::BrokerConfig config_;
  std::unique_ptr<Random> random_ = seededRandom(3);
  std::unique_ptr<raft::MetadataLog> metadata_;
  std::unique_ptr<QuorumController> controller_;
  std::shared_ptr<const image::ClusterImage> published_;
  std::size_t changed_ = 0;
  std::vector<ErrorCode> answers_;
};

TEST_F(QuorumControllerTest, AnswersWhenTheRecordsAreOnTheDiskAndInTheImage) {
  create("orders");
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(published_, nullptr);
  worker_.runAll();
  EXPECT_EQ(answers_, std::vector<ErrorCode>{ErrorCode::None});
  EXPECT_NE(published_->topic("orders"), nullptr);
  EXPECT_EQ(controller_->image(), published_);
}

TEST_F(QuorumControllerTest, SeesWhatIsNotCommittedYet) {
  create("orders");
  create("orders");
  worker_.runAll();
  EXPECT_EQ(answers_, (std::vector<ErrorCode>{ErrorCode::TopicAlreadyExists, ErrorCode::None}));
}

TEST_F(QuorumControllerTest, FindsEverythingAgainAfterACrashInANewEpoch) {
  create("orders");
  worker_.runAll();
  const Uuid id = published_->topic("orders")->id;
  const std::int32_t epoch = metadata_->epoch();
  reopen();
  EXPECT_EQ(metadata_->epoch(), epoch + 1);
  const auto& image = controller_->image();
  ASSERT_NE(image->topic("orders"), nullptr);
  EXPECT_EQ(image->topic("orders")->id, id);
  EXPECT_EQ(image->partition("orders", 1)->leaderEpoch, 1) << "each start is a new leader epoch";
  EXPECT_EQ(image->partition("orders", 1)->leader, 1);
  EXPECT_EQ(image->features().at("metadata.version"), 30);
  EXPECT_FALSE(image->broker(1)->fenced);
  EXPECT_EQ(image->broker(1)->epoch, controller_->brokerEpoch());
}

TEST_F(QuorumControllerTest, NeverGivesAProducerIdTwiceAcrossACrash) {
  const auto allocate = [this] {
    std::int64_t start = -1;
    protocol::AllocateProducerIdsRequest request;
    request.brokerId = 1;
    request.brokerEpoch = controller_->brokerEpoch();
    controller_->allocateProducerIds(request, [&start](protocol::AllocateProducerIdsResponse response) { start = response.producerIdStart; });
    worker_.runAll();
    return start;
  };
  EXPECT_EQ(allocate(), 0);
  EXPECT_EQ(allocate(), 1000);
  reopen();
  EXPECT_EQ(allocate(), 2000);
}

TEST_F(QuorumControllerTest, AnswersTimedOutAtTheDeadlineAndStillCommits) {
  create("orders", 50);
  EXPECT_EQ(controller_->nextDeadline(), clock_.now() + std::chrono::milliseconds(50));
  clock_.now_ += std::chrono::milliseconds(50);
  controller_->expire(clock_.now());
  EXPECT_EQ(answers_, std::vector<ErrorCode>{ErrorCode::RequestTimedOut});
  EXPECT_EQ(controller_->nextDeadline(), std::nullopt);
  worker_.runAll();
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_NE(published_->topic("orders"), nullptr);
}

TEST_F(QuorumControllerTest, SyncsABurstWithOneOrTwoJobs) {
  for (int i = 0; i < 100; ++i) create("topic" + std::to_string(i));
  EXPECT_EQ(worker_.queue_.size(), 1U);
  worker_.runAll();
  EXPECT_EQ(answers_.size(), 100U);
  EXPECT_EQ(changed_, 100U);
}

TEST_F(QuorumControllerTest, StopsWhenTheDiskFailsInsteadOfPromisingWhatIsNotThere) {
  std::optional<Error> failure;
  controller_->onFailed([&failure](const Error& error) { failure = error; });
  create("orders");
  worker_.broken_ = true;
  worker_.runAll();
  EXPECT_EQ(answers_, std::vector<ErrorCode>{ErrorCode::KafkaStorageError});
  ASSERT_TRUE(failure);
  EXPECT_EQ(published_, nullptr);
  EXPECT_EQ(controller_->image()->topic("orders"), nullptr);
  create("payments");
  EXPECT_EQ(answers_.back(), ErrorCode::NotController);
}

TEST_F(QuorumControllerTest, RefusesTheStateOfAnotherQuorum) {
  controller_.reset();
  metadata_.reset();
  raft::MetadataLog::Options how;
  how.disk = &log::systemDisk();
  how.folder = folder_ + "/__cluster_metadata-0";
  how.nodeId = 2;
  how.clock = &clock_;
  how.worker = &worker_;
  EXPECT_FALSE(raft::MetadataLog::open(how));
}

}  // namespace
}  // namespace klamm::broker::controller
