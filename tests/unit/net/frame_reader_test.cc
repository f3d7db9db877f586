#include "net/frame_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "base/random.h"

namespace klamm::net {
namespace {

std::string frameOf(std::string_view body) {
  std::string frame(4, '\0');
  storeBigEndian<std::int32_t>(reinterpret_cast<std::byte*>(frame.data()), static_cast<std::int32_t>(body.size()));
  return frame.append(body);
}

/// Gives the stream to the reader in reads of at most `step` bytes and returns the frames.
std::vector<std::string> readAll(FrameReader& reader, std::string_view stream, std::size_t step) {
  std::vector<std::string> frames;
  while (!stream.empty()) {
    const auto room = reader.room();
    const std::size_t count = std::min({step, room.size(), stream.size()});
    std::memcpy(room.data(), stream.data(), count);
    reader.received(count);
    stream.remove_prefix(count);
    for (;;) {
      auto frame = reader.next();
      EXPECT_TRUE(frame) << frame.error().message();
      if (!frame || !*frame) break;
      frames.emplace_back((*frame)->text());
    }
  }
  return frames;
}

Error errorOf(std::int32_t claimed, std::size_t limit) {
  FrameReader reader(limit);
  std::byte prefix[4];
  storeBigEndian(prefix, claimed);
  std::memcpy(reader.room().data(), prefix, 4);
  reader.received(4);
  const auto frame = reader.next();
  return frame ? Error() : frame.error();
}

TEST(FrameReader, AssemblesFramesThatComeOneByteAtATime) {
  FrameReader reader(1000);
  EXPECT_EQ(readAll(reader, frameOf("a") + frameOf("bcd") + frameOf(std::string(900, 'x')), 1),
            (std::vector<std::string>{"a", "bcd", std::string(900, 'x')}));
  EXPECT_EQ(reader.pending(), 0U);
}

TEST(FrameReader, AssemblesFramesOfAnySizeFromReadsOfAnySize) {
  const auto random = seededRandom(7);
  std::string stream;
  std::vector<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    const std::size_t size = 1 + random->below(i % 20 == 0 ? 400'000 : 3'000);
    sent.emplace_back(size, static_cast<char>('a' + i % 26));
    stream += frameOf(sent.back());
  }
  for (const std::size_t step : {3UL, 1000UL, 70'000UL, 10'000'000UL}) {
    FrameReader reader(1'000'000);
    EXPECT_EQ(readAll(reader, stream, step), sent) << "reads of " << step;
  }
}

TEST(FrameReader, TellsWhatALargeFrameLacks) {
  FrameReader reader(1'000'000);
  const std::string stream = frameOf("small") + frameOf(std::string(300'000, 'x'));
  EXPECT_EQ(readAll(reader, std::string_view(stream).substr(0, 50'000), 50'000).size(), 1U);
  EXPECT_EQ(reader.missing(), stream.size() - 50'000);
  const BytesView begun = reader.begun();
  EXPECT_EQ(begun.size() + reader.missing(), 300'000U);
  EXPECT_EQ(begun.front(), std::byte{'x'});
  EXPECT_EQ(readAll(reader, std::string_view(stream).substr(50'000), 100'000).size(), 1U);
  EXPECT_EQ(reader.missing(), 0U);
  EXPECT_TRUE(reader.begun().empty());
}

TEST(FrameReader, SlicesStayWholeWhileReadingGoesOn) {
  FrameReader reader(100'000);
  std::vector<Buffer> kept;
  for (int i = 0; i < 500; ++i) {
    const std::string frame = frameOf(std::string(100, static_cast<char>('a' + i % 26)));
    std::size_t at = 0;
    while (at < frame.size()) {
      const auto room = reader.room();
      const std::size_t count = std::min(room.size(), frame.size() - at);
      std::memcpy(room.data(), frame.data() + at, count);
      reader.received(count);
      at += count;
    }
    auto next = reader.next();
    ASSERT_TRUE(next && *next);
    kept.push_back(**next);
  }
  for (int i = 0; i < 500; ++i) EXPECT_EQ(kept[i].text(), std::string(100, static_cast<char>('a' + i % 26)));
}

TEST(FrameReader, RefusesLengthsThatAreNegativeZeroOrAboveTheLimit) {
  EXPECT_EQ(errorOf(-1, 1000).code(), ErrorCode::MalformedResponse);
  EXPECT_EQ(errorOf(0, 1000).code(), ErrorCode::MalformedResponse);
  EXPECT_EQ(errorOf(1001, 1000).message(),
            "a frame claims 1001 bytes, the limit is 1000: the peer sent bytes that break the protocol (MALFORMED_RESPONSE)");
  EXPECT_EQ(errorOf(2147483647, 104857600).code(), ErrorCode::MalformedResponse);
  EXPECT_FALSE(errorOf(1000, 1000));
}

/// In the middle of a stream the same bytes are a bad length and nothing else.
TEST(FrameReader, SeesTlsInPlaceOfTheFirstLengthOnly) {
  constexpr std::int32_t kHandshake = 0x16030100;
  constexpr std::int32_t kAlert = 0x15030300;
  const auto after = [](const char* body, bool throughTls, std::int32_t length) {
    FrameReader reader(1000);
    if (throughTls) reader.expectNoTls();
    if (body != nullptr) {
      EXPECT_EQ(readAll(reader, frameOf(body), 50), std::vector<std::string>{body});
    }
    storeBigEndian<std::int32_t>(reader.room().data(), length);
    reader.received(4);
    const auto frame = reader.next();
    return frame ? std::string("accepted") : frame.error().context();
  };
  EXPECT_EQ(after(nullptr, false, kHandshake), "the peer speaks TLS on a port for plain text");
  EXPECT_EQ(after(nullptr, false, kAlert), "the peer answers with TLS: set security.protocol=SSL");
  for (const std::int32_t length : {kHandshake, kAlert}) {
    const std::string badLength = "a frame claims " + std::to_string(length) + " bytes, the limit is 1000";
    EXPECT_EQ(after("one", false, length), badLength);
    EXPECT_EQ(after(nullptr, true, length), badLength);
  }
}

TEST(FrameReader, TakesMemoryForWhatCameAndNotForWhatWasClaimed) {
  FrameReader reader(2'000'000'000);
  std::byte prefix[4];
  storeBigEndian<std::int32_t>(prefix, 1'900'000'000);
  std::memcpy(reader.room().data(), prefix, 4);
  reader.received(4);
  ASSERT_TRUE(reader.next());
  EXPECT_LE(reader.room().size(), 256U * 1024);
}

TEST(FrameReader, TakesLittleMoreThanAFrameNeeds) {
  const auto pool = std::make_shared<FramePool>();
  FrameReader reader(10'000'000, pool);
  constexpr std::size_t kFrame = 1024 * 1024 + 100;
  (void)readAll(reader, frameOf(std::string(kFrame, 'w')), 64 * 1024);
  const FramePool::Block left = pool->take(kFrame);
  EXPECT_GE(left.capacity, kFrame);
  EXPECT_LE(left.capacity, kFrame + 64 * 1024);
}

TEST(FrameReader, ALargeFrameTakesTheMemoryOfOneThatIsGone) {
  FrameReader reader(10'000'000);
  const auto read = [&reader](std::size_t size) {
    const std::string stream = frameOf(std::string(size, 'z'));
    std::optional<Buffer> frame;
    for (std::size_t at = 0; at < stream.size();) {
      const auto room = reader.room();
      const std::size_t count = std::min(room.size(), stream.size() - at);
      std::memcpy(room.data(), stream.data() + at, count);
      reader.received(count);
      at += count;
      auto next = reader.next();
      EXPECT_TRUE(next);
      if (next && *next) frame = **next;
    }
    EXPECT_EQ(reader.pending(), 0U);
    return *frame;
  };
  const std::byte* const first = read(1'000'000).data();
  const Buffer second = read(999'000);
  EXPECT_EQ(second.data(), first);
  const Buffer third = read(500'000);  // the second is held: its memory must not be touched
  EXPECT_NE(third.data(), first);
  EXPECT_EQ(second.text(), std::string(999'000, 'z'));
}

FramePool::Block blockOf(std::size_t capacity) {
  return {std::unique_ptr<std::byte, FramePool::Free>(static_cast<std::byte*>(std::malloc(capacity))), capacity};
}

TEST(FramePool, GivesTheSmallestBlockThatFitsAndKeepsABoundedAmount) {
  const auto pool = std::make_shared<FramePool>();
  EXPECT_EQ(pool->take(1).capacity, 0U);
  for (const std::size_t capacity : {2000U, 1000U, 3000U}) pool->giveBack(blockOf(capacity));
  EXPECT_EQ(pool->take(1500).capacity, 2000U);
  EXPECT_EQ(pool->take(5000).capacity, 3000U);
  EXPECT_EQ(pool->take(200).capacity, 0U) << "a kept slice of it would hold five times its size";
  EXPECT_EQ(pool->take(250).capacity, 1000U);
  for (std::size_t i = 0; i < FramePool::kMostBlocks + 2; ++i) pool->giveBack(blockOf(100));
  for (std::size_t i = 0; i < FramePool::kMostBlocks; ++i) EXPECT_EQ(pool->take(100).capacity, 100U);
  EXPECT_EQ(pool->take(100).capacity, 0U);
  pool->giveBack(blockOf(FramePool::kMostBytes + 1));
  EXPECT_EQ(pool->take(FramePool::kMostBytes).capacity, 0U);
}

TEST(FramePool, LendsABoundedAmountToFramesOfWhichOnlyTheLengthHasCome) {
  const auto pool = std::make_shared<FramePool>();
  constexpr std::size_t kBlock = FramePool::kMostBytes / 2;
  std::byte prefix[4];
  storeBigEndian<std::int32_t>(prefix, kBlock);
  const auto claim = [&] {
    pool->giveBack(blockOf(kBlock));  // an honest frame has just gone
    auto reader = std::make_unique<FrameReader>(kBlock, pool);
    std::memcpy(reader->room().data(), prefix, sizeof(prefix));
    reader->received(sizeof(prefix));
    EXPECT_TRUE(reader->next());
    return reader;
  };
  std::vector<std::unique_ptr<FrameReader>> hostile;
  for (std::size_t lent = 0; lent < FramePool::kMostLent; lent += kBlock) {
    hostile.push_back(claim());
    EXPECT_EQ(hostile.back()->room().size(), kBlock);
  }
  EXPECT_EQ(claim()->room().size(), 256U * 1024) << "fresh memory, by what has come";
  hostile.clear();
  EXPECT_EQ(claim()->room().size(), kBlock) << "closed connections give back what they were lent";
}

TEST(FrameReader, ALargerLimitAppliesToTheNextLength) {
  FrameReader reader(10);
  reader.setMaxFrame(100);
  EXPECT_EQ(readAll(reader, frameOf(std::string(100, 'y')), 50), std::vector<std::string>{std::string(100, 'y')});
}

}  // namespace
}  // namespace klamm::net
