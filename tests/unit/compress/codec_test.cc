#include "compress/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace klamm::compress {
namespace {

constexpr CompressionType kCodecs[] = {CompressionType::Gzip, CompressionType::Snappy, CompressionType::Lz4, CompressionType::Zstd};
constexpr std::size_t kAny = std::size_t{1} << 30;

std::string textOf(std::size_t size) {
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) text += "{\"user\":" + std::to_string(random() % 100000) + ",\"page\":\"/index\"}\n";
  text.resize(size);
  return text;
}
std::string noiseOf(std::size_t size) {
  std::mt19937 random(4);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}
std::vector<std::byte> compressed(CompressionType type, std::string_view text, std::optional<int> level = {}) {
  std::vector<std::byte> out;
  EXPECT_TRUE(compress({type, level}, asBytes(text), out));
  return out;
}
Result<std::string> streamed(CompressionType type, BytesView input) {
  std::string text;
  const auto stream = openStream(type, input);
  for (;;) {
    auto piece = stream->next();
    if (!piece) {
      EXPECT_FALSE(stream->next()) << "an error must stay";
      return tl::unexpected<Error>(piece.error());
    }
    if (piece->empty()) return text;
    text += asText(*piece);
  }
}

class Codec : public testing::TestWithParam<CompressionType> {};
INSTANTIATE_TEST_SUITE_P(Each, Codec, testing::ValuesIn(kCodecs), [](const auto& info) { return std::string(compressionName(info.param)); });

TEST_P(Codec, GivesBackWhatWasCompressed) {
  for (std::size_t size : {0U, 1U, 100U, 32768U, 65536U, 65537U, 300000U, 3000000U}) {
    for (const std::string& text : {textOf(size), noiseOf(size)}) {
      const auto bytes = compressed(GetParam(), text);
      const auto whole = decompress(GetParam(), bytes, size);
      ASSERT_TRUE(whole) << size << ": " << whole.error().message();
      ASSERT_EQ(whole->text(), text) << size;
      const auto pieces = streamed(GetParam(), bytes);
      ASSERT_TRUE(pieces) << size << ": " << pieces.error().message();
      ASSERT_EQ(*pieces, text) << size;
    }
  }
}

TEST_P(Codec, AppendsBehindWhatTheVectorHolds) {
  std::vector<std::byte> out(3, std::byte{7});
  ASSERT_TRUE(compress({GetParam(), {}}, asBytes("hello hello hello"), out));
  EXPECT_EQ(out[2], std::byte{7});
  EXPECT_EQ(decompress(GetParam(), BytesView(out).subspan(3), kAny)->text(), "hello hello hello");
}

TEST_P(Codec, EveryLevelWorks) {
  const CompressionLevels levels = compressionLevels(GetParam());
  const std::string text = textOf(20000);
  for (int level : {levels.lowest, levels.byDefault, levels.highest})
    EXPECT_EQ(decompress(GetParam(), compressed(GetParam(), text, level), kAny)->text(), text) << level;
}

TEST_P(Codec, StopsAtTheLimit) {
  const std::string text(5000000, 'a');
  const auto bytes = compressed(GetParam(), text);
  for (std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{70000}, text.size() - 1}) {
    const auto result = decompress(GetParam(), bytes, limit);
    ASSERT_FALSE(result) << limit;
    EXPECT_EQ(result.error().code(), ErrorCode::MessageTooLarge) << limit;
  }
  EXPECT_TRUE(decompress(GetParam(), bytes, text.size()));
}

TEST_P(Codec, EveryCutIsCorrupt) {
  const auto bytes = compressed(GetParam(), textOf(2000));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    // A snappy stream says nothing of its end: a cut between two blocks is a shorter stream.
    if (GetParam() == CompressionType::Snappy && length == 16) continue;
    const BytesView cut(bytes.data(), length);
    const auto whole = decompress(GetParam(), cut, kAny);
    ASSERT_FALSE(whole) << length;
    EXPECT_EQ(whole.error().code(), ErrorCode::CorruptMessage) << length;
    const auto pieces = streamed(GetParam(), cut);
    ASSERT_FALSE(pieces) << length;
    EXPECT_EQ(pieces.error().code(), ErrorCode::CorruptMessage) << length;
  }
}

TEST_P(Codec, GarbageAndFlippedBitsNeverDoMoreThanFail) {
  std::mt19937 random(5);
  const auto good = compressed(GetParam(), textOf(3000));
  for (int round = 0; round < 3000; ++round) {
    auto bytes = good;
    if (round % 3 == 0) std::generate(bytes.begin(), bytes.end(), [&random] { return static_cast<std::byte>(random()); });
    else bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    const auto whole = decompress(GetParam(), bytes, 1 << 20);
    const auto pieces = streamed(GetParam(), bytes);
    if (whole && pieces) { EXPECT_EQ(whole->text(), *pieces); }
    if (!whole) { EXPECT_TRUE(whole.error().code() == ErrorCode::CorruptMessage || whole.error().code() == ErrorCode::MessageTooLarge); }
  }
}

TEST_P(Codec, StreamsThatFollowOneAnotherAreOne) {
  auto bytes = compressed(GetParam(), textOf(70000));
  const auto second = compressed(GetParam(), "tail");
  bytes.insert(bytes.end(), second.begin(), second.end());
  EXPECT_EQ(decompress(GetParam(), bytes, kAny)->text(), textOf(70000) + "tail");
  EXPECT_EQ(*streamed(GetParam(), bytes), textOf(70000) + "tail");
}

TEST_P(Codec, SurplusBytesAreCorrupt) {
  auto bytes = compressed(GetParam(), textOf(1000));
  for (const char c : {'x', 'y', 'z', 'w', 'v'}) bytes.push_back(static_cast<std::byte>(c));
  EXPECT_EQ(decompress(GetParam(), bytes, kAny).error().code(), ErrorCode::CorruptMessage);
  EXPECT_EQ(streamed(GetParam(), bytes).error().code(), ErrorCode::CorruptMessage);
}

TEST(Snappy, ABareStreamIsReadToo) {
  // Content "aaaaaaaa": length 8, literal of 1, copy of 7 from one byte back.
  const std::string bare("\x08\x00\x61\x0d\x01", 5);
  EXPECT_EQ(decompress(CompressionType::Snappy, asBytes(bare), kAny)->text(), "aaaaaaaa");
  EXPECT_EQ(*streamed(CompressionType::Snappy, asBytes(bare)), "aaaaaaaa");
}

TEST(Snappy, AClaimThatTheBlockCannotHoldIsNotBelieved) {
  const std::string claims4GiB("\xff\xff\xff\xff\x0f\x00\x61", 7);
  EXPECT_EQ(decompress(CompressionType::Snappy, asBytes(claims4GiB), kAny).error().code(), ErrorCode::CorruptMessage);
  EXPECT_EQ(streamed(CompressionType::Snappy, asBytes(claims4GiB)).error().code(), ErrorCode::CorruptMessage);
}

TEST(Zstd, AClaimedSizeIsOnlyAHint) {
  // A frame header that claims 2^40 bytes in a single segment, and nothing behind it.
  const std::string frame("\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x01\x00\x00", 13);
  EXPECT_EQ(decompress(CompressionType::Zstd, asBytes(frame), kAny).error().code(), ErrorCode::CorruptMessage);
}

TEST(Zstd, AWindowOfMoreThan128MiBIsRefused) {
  // Frame headers of windows of 2^27 and 2^28 bytes, each before one raw block of five bytes.
  const std::string largest("\x28\xb5\x2f\xfd\x00\x88\x29\x00\x00hello", 14);
  const std::string tooLarge("\x28\xb5\x2f\xfd\x00\x90\x29\x00\x00hello", 14);
  EXPECT_EQ(decompress(CompressionType::Zstd, asBytes(largest), kAny)->text(), "hello");
  EXPECT_EQ(*streamed(CompressionType::Zstd, asBytes(largest)), "hello");
  EXPECT_EQ(decompress(CompressionType::Zstd, asBytes(tooLarge), kAny).error().code(), ErrorCode::CorruptMessage);
  EXPECT_EQ(streamed(CompressionType::Zstd, asBytes(tooLarge)).error().code(), ErrorCode::CorruptMessage);
}

TEST(Lz4, WritesIndependentBlocksOf64KiBWithoutChecksums) {
  const auto bytes = compressed(CompressionType::Lz4, textOf(200000));
  EXPECT_EQ(bytes[4], std::byte{0x60});  // FLG: version 1, independent blocks, no checksum, no size
  EXPECT_EQ(bytes[5], std::byte{0x40});  // BD: 64 KiB
}

TEST(CompressionType, NamesAndNumbersAreKafkas) {
  EXPECT_EQ(compressionFromName("zstd"), CompressionType::Zstd);
  EXPECT_EQ(compressionFromName("ZSTD"), std::nullopt);
  EXPECT_EQ(compressionFromId(2), CompressionType::Snappy);
  EXPECT_EQ(compressionFromId(5), std::nullopt);
  EXPECT_EQ(compressionName(CompressionType::None), "none");
  EXPECT_EQ(decompress(CompressionType::None, asBytes("abc"), 3)->text(), "abc");
  EXPECT_FALSE(decompress(CompressionType::None, asBytes("abc"), 2));
}

}  // namespace
}  // namespace klamm::compress
