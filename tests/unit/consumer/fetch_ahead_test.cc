// A whole consumer whose answers come in pieces.

#include "core_bench.h"
#include "fetch_frame.h"

namespace klamm::consumer {
namespace {

using Offsets = std::vector<std::int64_t>;

const TopicPartition kT0{"t", 0};
constexpr std::int16_t kWithNames = 12;  // the topic of the bench has no id

/// Partition 0 of a broker that answers when the test says so. Threading: the test's thread.
class FetchAhead : public ::testing::Test {
 protected:
  FetchAhead() {
    bench_.broker.silent = true;
    EXPECT_FALSE(bench_.core->assign({kT0}));
    EXPECT_FALSE(bench_.core->seek(kT0, {.offset = 0}));
    forgetLookUps();
    answer(0);  // opens the session
    EXPECT_EQ(bench_.poll(), (Offsets{0, 1}));
  }
  ~FetchAhead() override {
    while (auto call = bench_.network.find<protocol::FetchRequest>()) call.fail(ErrorCode::Closed);
  }
  /// Nobody asked for offsets after all.
  void forgetLookUps() {
    while (auto call = bench_.network.find<protocol::ListOffsetsRequest>()) call.fail(ErrorCode::NetworkException);
    bench_.run();
  }
  static protocol::FetchResponse response(std::int64_t offset) {
    protocol::FetchResponse response;
    response.sessionId = 1;
    auto& topic = response.responses.emplace_back();
    topic.topic = "t";
    auto& data = topic.partitions.emplace_back();
    data.highWatermark = 100;
    data.records = Parts(makeBatch({.baseOffset = offset, .count = 2}));
    return response;
  }
  void answer(std::int64_t offset) { bench_.network.take<protocol::FetchRequest>().respond(response(offset)); }
  /// So many bytes of the answer to the oldest request are there.
  void arrive(std::int64_t offset, std::size_t missing) {
    const Buffer frame = frameOf(response(offset), kWithNames);
    bench_.network.pending().front().call->begun(frame.view().first(frame.size() - missing), kWithNames);
  }
  std::size_t asked() { return bench_.network.pending().size(); }

  CoreBench bench_{ConsumerSettings(), false};
};

TEST_F(FetchAhead, TheNextRequestLeavesBeforeTheAnswerIsThere) {
  ASSERT_EQ(asked(), 1U);
  arrive(2, 120);
  EXPECT_EQ(asked(), 1U) << "the header of the batch has not come";
  arrive(2, 10);
  ASSERT_EQ(asked(), 2U);
  arrive(2, 0);
  EXPECT_EQ(asked(), 2U) << "once";
  EXPECT_TRUE(bench_.poll().empty()) << "nothing of it is whole";
  answer(2);
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(bench_.poll(), (Offsets{2, 3}));
  answer(4);
  EXPECT_EQ(bench_.poll(), (Offsets{4, 5}));
}

TEST_F(FetchAhead, ASeekMeanwhileIsObeyed) {
  arrive(2, 10);
  ASSERT_EQ(asked(), 2U);
  ASSERT_FALSE(bench_.core->seek(kT0, {.offset = 8}));
  answer(2);
  answer(4);
  EXPECT_TRUE(bench_.poll().empty());
  answer(8);
  EXPECT_EQ(bench_.poll(), (Offsets{8, 9}));
}

TEST_F(FetchAhead, APauseMeanwhileKeepsWhatComesUntilItIsResumed) {
  arrive(2, 10);
  ASSERT_FALSE(bench_.core->pause({kT0}));
  answer(2);
  answer(4);
  EXPECT_TRUE(bench_.poll().empty());
  ASSERT_FALSE(bench_.core->resume({kT0}));
  EXPECT_EQ(bench_.poll(), (Offsets{2, 3, 4, 5}));
}

TEST_F(FetchAhead, AnotherAssignmentMeanwhileDropsBoth) {
  arrive(2, 10);
  ASSERT_FALSE(bench_.core->assign({{"t", 1}}));
  ASSERT_FALSE(bench_.core->seek({"t", 1}, {.offset = 0}));
  forgetLookUps();
  answer(2);
  answer(4);
  EXPECT_TRUE(bench_.poll().empty());
}

}  // namespace
}  // namespace klamm::consumer
