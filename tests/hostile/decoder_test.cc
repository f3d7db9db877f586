// Every decoder against lengths that lie and lists that are long: a typed error, no crash, no memory for claims.

#include <gtest/gtest.h>

#include <map>
#include <iostream>

#include "base/bytes.h"
#include "base/utf8.h"
#include "hostile/bomb.h"
#include "hostile/claims.h"
#include "hostile/filled.h"
#include "hostile/live_memory.h"
#include "protocol/12_heartbeat.h"
#include "protocol/api_table.h"
#include "protocol/decode_limits.h"
#include "unit/protocol/random_message.h"

namespace klamm::hostile {
namespace {

using namespace protocol;
using protocol::test::AnyMessage;
using protocol::test::encodeAny;

/// What a message may take beside memoryAllowed(): the text of the error.
constexpr std::size_t kForTheError = 4096;

template <class Check>
void forEveryMessageAndVersion(Check check) {
  for (const MessageInfo* info : allMessages()) {
    for (std::int16_t version = info->versions.first; version <= info->versions.last; ++version) {
      SCOPED_TRACE(std::string(info->name) + " v" + std::to_string(version));
      check(*info, version);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

[[nodiscard]] ErrorCode refusalOf(const MessageInfo& info) {
  return info.kind == MessageKind::Request ? ErrorCode::InvalidRequest : ErrorCode::MalformedResponse;
}

/// In memory of its own size, so that a sanitizer sees a read behind the end.
[[nodiscard]] Buffer exact(const std::vector<std::byte>& bytes) { return Buffer::copyOf(BytesView(bytes)); }

TEST(Decoder, RefusesEveryLengthThatLies) {
  std::size_t refused = 0;
  std::size_t worst = 0;
  forEveryMessageAndVersion([&](const MessageInfo& info, std::int16_t version) {
    AnyMessage message(info);
    Filled(version, info).fill({message.get().object, info.ops});
    const ConstMessage filled = std::as_const(message).get();
    const auto honest = encodeAny(filled, version);
    ASSERT_TRUE(honest) << honest.error().message();
    ASSERT_EQ(exact(encodeWith(filled, version)), *honest) << "the generator does not write what the encoder writes";
    const std::vector<Length> lengths = lengthsOf(filled, version);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      for (const Claim& claim : liesAbout(lengths[i], i)) {
        const Buffer bytes = exact(encodeWith(filled, version, {.claim = claim}));
        AnyMessage into(info);
        const MemoryWatch watch;
        const auto read = decodeInto(into.get(), bytes, version);
        const std::size_t grown = watch.grown();
        ASSERT_FALSE(read) << lengths[i].path << " as " << claim.toString();
        ASSERT_EQ(read.error().code(), refusalOf(info)) << lengths[i].path << " as " << claim.toString();
        ASSERT_NE(read.error().context().find("field "), std::string::npos) << read.error().message();
        ASSERT_LE(grown, memoryAllowed(bytes.size()) + kForTheError) << lengths[i].path << " as " << claim.toString();
        worst = std::max(worst, grown);
        ++refused;
      }
    }
  });
  EXPECT_GT(refused, 20'000U);
  std::cout << refused << " lies refused; the most memory that one took: " << worst << " bytes\n";
}

void decodeLongLists(Filling filling, std::size_t elements, bool mustPass) {
  std::size_t lists = 0;
  std::map<bool, std::size_t> passed;
  double worst = 0;
  forEveryMessageAndVersion([&](const MessageInfo& info, std::int16_t version) {
    for (std::size_t target = 0;; ++target) {
      AnyMessage message(info);
      Bomb bomb(version, target, elements, filling);
      bomb.fill({message.get().object, info.ops});
      if (!bomb.found()) break;
      const auto bytes = encodeAny(std::as_const(message).get(), version);
      ASSERT_TRUE(bytes) << bytes.error().message();
      AnyMessage into(info);
      const MemoryWatch watch;
      const auto read = decodeInto(into.get(), *bytes, version);
      const std::size_t grown = watch.grown();
      ASSERT_LE(grown, memoryAllowed(bytes->size()) + kForTheError) << "array " << target;
      if (!read) {
        ASSERT_FALSE(mustPass) << read.error().message();
        ASSERT_EQ(read.error().code(), refusalOf(info));
        ASSERT_NE(read.error().context().find("takes more memory than"), std::string::npos) << read.error().message();
      }
      worst = std::max(worst, static_cast<double>(grown) / static_cast<double>(bytes->size()));
      ++passed[read.has_value()];
      ++lists;
    }
  });
  EXPECT_GT(lists, 1000U);
  std::cout << lists << " lists of " << elements << " elements, " << passed[false] << " refused; at most " << worst << " times their bytes\n";
}

TEST(Decoder, BoundsTheMemoryOfListsOfTheSmallestElements) { decodeLongLists(Filling::Least, 5000, false); }
TEST(Decoder, TakesLongListsOfOrdinaryElements) { decodeLongLists(Filling::Plain, 1000, true); }

TEST(Decoder, BoundsTheMemoryOfTaggedFields) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  for (const unsigned char one : {1, 0, 0, 0, 0, 1, 0}) bytes.push_back(std::byte{one});  // group, generation, member, instance
  constexpr std::uint32_t kTags = 200'000;
  writer.writeVarint(kTags);
  for (std::uint32_t tag = 0; tag < kTags; ++tag) {
    writer.writeVarint(tag);
    writer.writeVarint(0);
  }
  const Buffer frame = exact(bytes);
  const MemoryWatch watch;
  const auto request = decode<HeartbeatRequest>(frame, 4);
  ASSERT_FALSE(request);
  EXPECT_NE(request.error().context().find("takes more memory than"), std::string::npos) << request.error().message();
  EXPECT_LE(watch.grown(), memoryAllowed(frame.size()) + kForTheError);
}

TEST(Decoder, ReplacesDamagedTextAsJavaDoes) {
  HeartbeatRequest request;
  request.groupId = "gr\xFFp \xE2\x82 \xED\xA0\x80 ok";
  const auto bytes = encodeToBuffer(request, 4);
  ASSERT_TRUE(bytes);
  const auto read = decode<HeartbeatRequest>(*bytes, 4);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->groupId, "gr\xEF\xBF\xBDp \xEF\xBF\xBD \xEF\xBF\xBD ok");
  EXPECT_TRUE(isUtf8(read->groupId));
}

TEST(Decoder, BoundsTheMemoryOfDamagedTexts) {
  HeartbeatRequest request;
  request.groupId = std::string(32'767, '\xFF');
  const auto bytes = encodeToBuffer(request, 4);
  ASSERT_TRUE(bytes);
  const MemoryWatch watch;
  const auto read = decode<HeartbeatRequest>(*bytes, 4);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->groupId.size(), 3U * 32'767);
  EXPECT_LE(watch.grown(), memoryAllowed(bytes->size()) + kForTheError);
}

}  // namespace
}  // namespace klamm::hostile
