#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/inline_function.h"
#include "base/parts.h"
#include "base/random.h"
#include "base/result.h"
#include "base/uuid.h"

namespace klamm {
namespace {

TEST(Error, SaysWhatWasDoneWhatItMeansAndItsName) {
  const Error error(ErrorCode::LeaderNotAvailable, "topic 'x'");
  EXPECT_EQ(error.message(), "topic 'x': the partition has no leader at the moment (LEADER_NOT_AVAILABLE)");
  EXPECT_EQ(Error(ErrorCode::TopicAlreadyExists, "Topic 'x' already exists.").message(), "Topic 'x' already exists. (TOPIC_ALREADY_EXISTS)");
  EXPECT_TRUE(error.retriable());
  EXPECT_FALSE(Error());
}

TEST(Error, EveryCodeOfTheTableIsFoundByItsNumber) {
#define KLAMM_ERROR(code, name, kafkaName, exception, isRetriable, sentence) \
  EXPECT_EQ(errorName(ErrorCode::name), kafkaName);
#include <klamm/errors.def>
#undef KLAMM_ERROR
  EXPECT_EQ(errorFromWire(9999), ErrorCode::UnknownServerError);
  EXPECT_EQ(errorFromWire(-1001), ErrorCode::UnknownServerError);
  EXPECT_EQ(errorFromWire(133), ErrorCode::ShareSessionLimitReached);
}

TEST(Varint, RoundTripsAtEveryBoundary) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value : {1ULL << shift, (1ULL << shift) - 1, ~0ULL >> shift}) {
      std::vector<std::byte> bytes;
      ByteWriter(bytes).writeVarint(value);
      EXPECT_EQ(bytes.size(), varintSize(value));
      ByteReader reader(bytes);
      EXPECT_EQ(reader.readVarint64(), value);
      EXPECT_EQ(unzigzag(zigzag(static_cast<std::int64_t>(value))), static_cast<std::int64_t>(value));
    }
  }
}

TEST(Varint, RefusesMoreThanItsWidth) {
  const std::vector<std::byte> sixBytes(6, std::byte{0xFF});
  ByteReader reader(sixBytes);
  EXPECT_FALSE(reader.readVarint32());
  EXPECT_FALSE(reader.readVarint64());
  EXPECT_EQ(reader.position(), 0U);
}

TEST(ByteReader, LeavesThePositionWhenBytesAreMissing) {
  const std::vector<std::byte> bytes(3);
  ByteReader reader(bytes);
  EXPECT_FALSE(reader.read<std::int32_t>());
  EXPECT_EQ(reader.remaining(), 3U);
  EXPECT_TRUE(reader.readBytes(3));
}

TEST(Buffer, SlicesShareTheirOwner) {
  Buffer slice;
  {
    const Buffer whole = Buffer::copyOf("hello world");
    slice = whole.slice(6, 5);
  }
  EXPECT_EQ(slice.text(), "world");
}

TEST(Uuid, PrintsAndParsesAsKafkaDoes) {
  // org.apache.kafka.common.Uuid prints these two ids so.
  EXPECT_EQ((Uuid{0, 1}).toString(), "AAAAAAAAAAAAAAAAAAAAAQ");
  EXPECT_EQ((Uuid{0x0123456789ABCDEF, 0xFEDCBA9876543210}).toString(), "ASNFZ4mrze_-3LqYdlQyEA");
  auto random = seededRandom(7);
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = Uuid::random(*random);
    EXPECT_EQ(Uuid::parse(id.toString()), id);
  }
  EXPECT_FALSE(Uuid::parse("short"));
  EXPECT_FALSE(Uuid::parse("!AAAAAAAAAAAAAAAAAAAAA"));
}

TEST(InlineFunction, MovesItsCallableAndDestroysItOnce) {
  auto counter = std::make_shared<int>(0);
  {
    InlineFunction<int(int)> add = [counter](int by) { return *counter += by; };
    InlineFunction<int(int)> moved = std::move(add);
    EXPECT_FALSE(add);
    EXPECT_EQ(moved(3), 3);
    EXPECT_EQ(counter.use_count(), 2);
  }
  EXPECT_EQ(counter.use_count(), 1);
}

}  // namespace
}  // namespace klamm
