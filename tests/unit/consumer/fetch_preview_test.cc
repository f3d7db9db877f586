#include "consumer/fetch_preview.h"

#include <gtest/gtest.h>

#include <functional>

#include "batches.h"
#include "fetch_frame.h"

namespace klamm::consumer {
namespace {

using Sight = FetchPreview::Sight;
using protocol::FetchResponse;

constexpr std::int16_t kWithNames = 12;
constexpr std::int16_t kWithIds = kFetchVersion;

FetchResponse::PartitionData data(std::int32_t partition, std::vector<Buffer> batches) {
  FetchResponse::PartitionData result;
  result.partitionIndex = partition;
  result.records = Parts(joined(batches));
  return result;
}

FetchResponse responseWith(std::vector<FetchResponse::PartitionData> partitions) {
  FetchResponse response;
  response.sessionId = 77;
  auto& topic = response.responses.emplace_back();
  topic.topic = "t";
  topic.topicId = Uuid{1, 2};
  topic.partitions = std::move(partitions);
  return response;
}

/// So many bytes it takes; the same for who sees one byte more each time and for who sees them all at once.
std::size_t knownAfter(const Buffer& frame, std::int16_t version = kWithIds, Sight expected = Sight::Known) {
  FetchPreview steady(version);
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    const Sight sight = steady.look(frame.view().first(size));
    EXPECT_EQ(FetchPreview(version).look(frame.view().first(size)), sight) << size << " bytes";
    if (sight == Sight::NotYet) continue;
    EXPECT_EQ(sight, expected);
    EXPECT_EQ(steady.look(frame), sight) << "it stays so";
    return size;
  }
  return frame.size() + 1;
}

std::vector<std::int64_t> nextOf(const Buffer& frame, std::int16_t version = kWithIds) {
  FetchPreview preview(version);
  EXPECT_EQ(preview.look(frame), Sight::Known);
  std::vector<std::int64_t> next;
  for (const auto& partition : preview.partitions()) next.push_back(partition.next);
  return next;
}

TEST(FetchPreview, KnowsTheEndWhenTheHeaderOfTheLastBatchIsThere) {
  const Buffer first = makeBatch({.baseOffset = 40, .count = 2, .valueSize = 300});
  const Buffer last = makeBatch({.baseOffset = 42, .count = 3, .valueSize = 300});
  for (const std::int16_t version : {kWithNames, kWithIds}) {
    const Buffer frame = frameOf(responseWith({data(3, {first, last})}), version);
    const std::size_t header = frame.size() - 3 - last.size();  // tags of partition, topic and answer at the end
    EXPECT_EQ(knownAfter(frame, version), header + 27) << "the offsets of the last header";
    FetchPreview preview(version);
    ASSERT_EQ(preview.look(frame), Sight::Known);
    EXPECT_EQ(preview.sessionId(), 77);
    ASSERT_EQ(preview.partitions().size(), 1U);
    const FetchPreview::Partition& partition = preview.partitions().front();
    EXPECT_EQ(partition.index, 3);
    EXPECT_EQ(partition.next, 45);
    EXPECT_EQ(partition.topic, version == kWithNames ? "t" : "");
    EXPECT_EQ(partition.topicId, version == kWithNames ? Uuid() : (Uuid{1, 2}));
  }
}

TEST(FetchPreview, GoesThroughAllPartitionsAndTopics) {
  FetchResponse response = responseWith({data(0, {makeBatch({.baseOffset = 0, .count = 2})}), data(1, {}), data(2, {makeBatch({.baseOffset = 7})})});
  response.responses.push_back(response.responses.front());
  response.responses.back().topicId = Uuid{3, 4};
  const Buffer frame = frameOf(response);
  EXPECT_EQ(nextOf(frame), (std::vector<std::int64_t>{2, -1, 8, 2, -1, 8}));
  EXPECT_EQ(knownAfter(frame), frame.size() - 3 - makeBatch({.baseOffset = 7}).size() + 27);
  response.responses.back().partitions.pop_back();
  const Buffer empty = frameOf(response);
  EXPECT_EQ(nextOf(empty), (std::vector<std::int64_t>{2, -1, 8, 2, -1}));
  EXPECT_EQ(knownAfter(empty), empty.size() - 1) << "an empty partition comes last: its tags end it";
}

TEST(FetchPreview, BehindALargeBatchDoesNotWaitForTheHeaderOfWhatIsCutOff) {
  const Buffer large = makeBatch({.baseOffset = 0, .count = 2, .valueSize = 2000});
  const Buffer next = makeBatch({.baseOffset = 2, .count = 2, .valueSize = 2000});
  const Buffer little = frameOf(responseWith({data(0, {large, next.slice(0, 400)})}));
  EXPECT_EQ(knownAfter(little), little.size() - 3 - 400 - large.size() + 27);
  EXPECT_EQ(nextOf(little), std::vector<std::int64_t>{2});
  const Buffer much = frameOf(responseWith({data(0, {large, next.slice(0, 1500)})}));
  EXPECT_EQ(knownAfter(much), much.size() - 3 - 1500 + 27) << "its header says that it is cut off";
  EXPECT_EQ(nextOf(much), std::vector<std::int64_t>{2});
  const Buffer header = frameOf(responseWith({data(0, {large.slice(0, 4000)})}));
  EXPECT_EQ(FetchPreview(kWithIds).look(header), Sight::Nothing) << "no batch is whole";
}

TEST(FetchPreview, ToldTooLittleWhereASmallBatchFollowsALargeOne) {
  const Buffer large = makeBatch({.baseOffset = 0, .count = 2, .valueSize = 2000});
  EXPECT_EQ(nextOf(frameOf(responseWith({data(0, {large, makeBatch({.baseOffset = 2})})}))), std::vector<std::int64_t>{2});
}

TEST(FetchPreview, LeavesEveryAnswerAloneThatIsNotAPlainOne) {
  const Buffer batch = makeBatch({.baseOffset = 0, .count = 2});
  const auto plain = [&] { return responseWith({data(0, {batch}), data(1, {batch})}); };
  ASSERT_EQ(FetchPreview(kWithIds).look(frameOf(plain())), Sight::Known);
  const auto sightOf = [&](const std::function<void(FetchResponse&)>& change) {
    FetchResponse response = plain();
    change(response);
    const Buffer frame = frameOf(response);
    EXPECT_LE(knownAfter(frame, kWithIds, Sight::Nothing), frame.size());
    return FetchPreview(kWithIds).look(frame);
  };
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.throttleTimeMs = 1; }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.errorCode = ErrorCode::FetchSessionIdNotFound; }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.responses.clear(); }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.responses[0].partitions.clear(); }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.responses[0].partitions[1].errorCode = ErrorCode::NotLeaderOrFollower; }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.responses[0].partitions[1].preferredReadReplica = 2; }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) { r.responses[0].partitions[0].currentLeader.leaderId = 2; }), Sight::Nothing);
  EXPECT_EQ(sightOf([](FetchResponse& r) {
              r.responses[0].partitions[1].abortedTransactions.emplace();
              r.responses[0].partitions[1].abortedTransactions->emplace_back();
            }),
            Sight::Nothing);
  EXPECT_EQ(FetchPreview(11).look(frameOf(plain(), 11)), Sight::Nothing) << "an old version";
}

TEST(FetchPreview, LeavesBatchesAloneWhoseHeaderMakesNoSense) {
  const Buffer sound = makeBatch({.baseOffset = 5, .count = 2});
  const auto sightOf = [&](std::size_t at, int value) {
    std::vector<std::byte> bytes(sound.view().begin(), sound.view().end());
    bytes[at] = static_cast<std::byte>(value);
    return FetchPreview(kWithIds).look(frameOf(responseWith({data(0, {sound, Buffer::adopt(std::move(bytes))})})));
  };
  EXPECT_EQ(sightOf(0, 0xFF), Sight::Nothing) << "a negative offset";
  EXPECT_EQ(sightOf(0, 0x7F), Sight::Known) << "a gap is no damage";
  EXPECT_EQ(sightOf(7, 2), Sight::Nothing) << "offsets that go back";
  EXPECT_EQ(sightOf(8, 0xFF), Sight::Nothing) << "a negative length";
  EXPECT_EQ(sightOf(16, 1), Sight::Nothing) << "another format";
  EXPECT_EQ(sightOf(23, 0xFF), Sight::Nothing) << "a negative last offset";
}

}  // namespace
}  // namespace klamm::consumer
