#include "replica/producer_ids.h"

#include <gmock/gmock.h>

namespace klamm::broker {
namespace {

using testing::ElementsAre;

class ProducerIdsTest : public testing::Test {
 protected:
  void take() {
    ids_.take([this] { ++asked_; }, [this](const Result<std::int64_t>& id) { given_.push_back(id ? *id : -1); });
  }
  void arrive(std::int64_t first, std::int32_t count) { ids_.blockArrived(first, count, [this] { ++asked_; }); }
  ProducerIds ids_;
  int asked_ = 0;
  std::vector<std::int64_t> given_;
};

TEST_F(ProducerIdsTest, AsksOnceForABlockAndServesAllThatWait) {
  for (int i = 0; i < 3; ++i) take();
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(given_.empty());
  arrive(1000, 1000);
  EXPECT_THAT(given_, ElementsAre(1000, 1001, 1002));
  take();
  EXPECT_EQ(given_.back(), 1003);
  EXPECT_EQ(asked_, 1);
}

TEST_F(ProducerIdsTest, AsksAgainWhenABlockIsTooSmallForAllThatWait) {
  for (int i = 0; i < 3; ++i) take();
  arrive(0, 2);
  EXPECT_EQ(asked_, 2);
  arrive(2, 2);
  EXPECT_THAT(given_, ElementsAre(0, 1, 2));
}

TEST_F(ProducerIdsTest, ARefusalAnswersAllThatWaitAndTheNextOneAsksAgain) {
  take();
  take();
  ids_.blockRefused(ErrorCode::NotController);
  EXPECT_THAT(given_, ElementsAre(-1, -1));
  take();
  EXPECT_EQ(asked_, 2);
}

}  // namespace
}  // namespace klamm::broker
