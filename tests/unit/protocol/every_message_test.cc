// Rules that hold for every message in every version, checked with random values.

#include <gtest/gtest.h>

#include "protocol/api_table.h"
#include "random_message.h"

namespace klamm::protocol::test {
namespace {

constexpr std::uint64_t kSeed = 20260101;

template <class Check>
void forEveryMessageAndVersion(Check check) {
  const auto random = seededRandom(kSeed);
  for (const MessageInfo* info : allMessages()) {
    for (std::int16_t version = info->versions.first; version <= info->versions.last; ++version) {
      SCOPED_TRACE(std::string(info->name) + " v" + std::to_string(version));
      check(*info, version, *random);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(EveryMessage, ComesBackEqualFromItsBytes) {
  forEveryMessageAndVersion([](const MessageInfo& info, std::int16_t version, Random& random) {
    for (int i = 0; i < 10; ++i) {
      AnyMessage message(info);
      if (i > 0) message.fill(random, version);
      const auto bytes = encodeAny(std::as_const(message).get(), version);
      ASSERT_TRUE(bytes) << bytes.error().message() << "\n" << toString(std::as_const(message).get());
      ASSERT_EQ(encodedSize(std::as_const(message).get(), version).value(), bytes->size());
      AnyMessage again(info);
      const auto read = decodeInto(again.get(), *bytes, version);
      ASSERT_TRUE(read) << read.error().message() << "\n" << toString(std::as_const(message).get());
      ASSERT_EQ(*read, bytes->size());
      ASSERT_EQ(message, again) << toString(std::as_const(message).get()) << "\n" << toString(std::as_const(again).get());
    }
  });
}

TEST(EveryMessage, IsTheSameInOneSliceAndInParts) {
  forEveryMessageAndVersion([](const MessageInfo& info, std::int16_t version, Random& random) {
    AnyMessage message(info);
    message.fill(random, version);
    const Encodable one{std::as_const(message).get(), version};
    const auto slice = encodeAll({&one, 1}, {.contiguous = true});
    ASSERT_TRUE(slice);
    ASSERT_LE(slice->list().size(), 1U);
    ASSERT_EQ(slice->buffer(), encodeAny(std::as_const(message).get(), version).value());
  });
}

TEST(EveryMessage, RefusesEveryCutOfItsBytes) {
  forEveryMessageAndVersion([](const MessageInfo& info, std::int16_t version, Random& random) {
    AnyMessage message(info);
    message.fill(random, version);
    const Buffer bytes = encodeAny(std::as_const(message).get(), version).value();
    const std::size_t step = bytes.size() / 200 + 1;
    for (std::size_t length = 0; length < bytes.size(); length += step) {
      AnyMessage cut(info);
      // A copy of its own, so that a sanitizer sees a read behind the end.
      const auto read = decodeInto(cut.get(), Buffer::copyOf(bytes.slice(0, length).view()), version);
      ASSERT_FALSE(read) << length << " of " << bytes.size();
      ASSERT_EQ(read.error().code(), info.kind == MessageKind::Request ? ErrorCode::InvalidRequest : ErrorCode::MalformedResponse);
      ASSERT_NE(read.error().context().find(std::string(info.name) + " v" + std::to_string(version) + ": field "), std::string::npos);
    }
  });
}

TEST(EveryMessage, SurvivesChangedBytesAndThenMeansWhatItEncodes) {
  forEveryMessageAndVersion([](const MessageInfo& info, std::int16_t version, Random& random) {
    AnyMessage message(info);
    message.fill(random, version);
    const Buffer bytes = encodeAny(std::as_const(message).get(), version).value();
    for (int i = 0; i < 20 && !bytes.empty(); ++i) {
      std::vector<std::byte> changed(bytes.view().begin(), bytes.view().end());
      changed[random.below(changed.size())] = static_cast<std::byte>(random.next());
      AnyMessage first(info);
      if (!decodeInto(first.get(), Buffer::adopt(std::move(changed)), version)) continue;
      const auto encoded = encodeAny(std::as_const(first).get(), version);
      ASSERT_TRUE(encoded) << encoded.error().message();
      AnyMessage second(info);
      ASSERT_TRUE(decodeInto(second.get(), *encoded, version));
      ASSERT_EQ(first, second);
    }
  });
}

TEST(EveryMessage, RefusesVersionsThatItDoesNotHave) {
  for (const MessageInfo* info : allMessages()) {
    AnyMessage message(*info);
    for (const int version : {info->versions.first - 1, info->versions.last + 1}) {
      const auto bytes = encodeAny(std::as_const(message).get(), static_cast<std::int16_t>(version));
      ASSERT_FALSE(bytes);
      EXPECT_EQ(bytes.error().code(), ErrorCode::UnsupportedVersion);
      const auto read = decodeInto(message.get(), Buffer(), static_cast<std::int16_t>(version));
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().code(), ErrorCode::UnsupportedVersion);
    }
  }
}

TEST(EveryMessage, PrintsItsName) {
  forEveryMessageAndVersion([](const MessageInfo& info, std::int16_t version, Random& random) {
    AnyMessage message(info);
    message.fill(random, version);
    const std::string text = toString(std::as_const(message).get());
    ASSERT_EQ(text.rfind(std::string(info.name) + "{", 0), 0U);
    ASSERT_EQ(text.back(), '}');
    const std::string json = toJson(std::as_const(message).get(), version);
    ASSERT_EQ(json.front(), '{');
    ASSERT_EQ(json.back(), '}');
  });
}

}  // namespace
}  // namespace klamm::protocol::test
