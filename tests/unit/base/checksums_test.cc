#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/crc32c.h"
#include "base/murmur2.h"
#include "unit/record/kafka_batches.h"

namespace klamm {
namespace {

std::vector<std::byte> randomBytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// Test vectors of RFC 3720, appendix B.4.
TEST(Crc32c, GivesTheNumbersOfTheStandard) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(asBytes("123456789")), 0xE3069283U);
  std::vector<std::byte> bytes(32);
  EXPECT_EQ(crc32c(bytes), 0x8A9136AAU);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xFF});
  EXPECT_EQ(crc32c(bytes), 0x62A8AB43U);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46DD794EU);
}

TEST(Crc32c, AllWaysAgreeAtEveryLengthAndAlignment) {
  const auto bytes = randomBytes(40000, 1);
  for (const detail::Crc32cWay way : detail::crc32cWays()) {
    for (std::size_t length = 0; length < 2100; ++length) {
      const BytesView view(bytes.data() + length % 67, length);
      ASSERT_EQ(way(view, 7), detail::crc32cByTable(view, 7)) << length;
    }
    for (std::size_t length : {191U, 192U, 1535U, 1536U, 12287U, 12288U, 12289U, 24576U, 39990U}) {
      const BytesView view(bytes.data() + 3, length);
      ASSERT_EQ(way(view, 0), detail::crc32cByTable(view, 0)) << length;
    }
  }
}

TEST(Crc32c, GoesOnWhereAnEarlierPartEnded) {
  const auto bytes = randomBytes(20000, 2);
  const BytesView whole(bytes);
  for (std::size_t cut : {0U, 1U, 7U, 8U, 200U, 12288U, 19999U, 20000U})
    EXPECT_EQ(crc32c(whole.subspan(cut), crc32c(whole.first(cut))), crc32c(whole)) << cut;
}

TEST(Murmur2, GivesTheHashesOfTheJavaClient) {
  for (const auto& [key, hash] : record::golden::kMurmur2) EXPECT_EQ(murmur2(asBytes(key)), hash) << key;
}

TEST(Murmur2, ToPositiveDropsTheSignBit) {
  EXPECT_EQ(toPositive(-1), 0x7FFFFFFF);
  EXPECT_EQ(toPositive(std::int32_t{-2147483647} - 1), 0);
  EXPECT_EQ(toPositive(5), 5);
}

}  // namespace
}  // namespace klamm
