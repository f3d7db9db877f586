#include "base/properties.h"

#include <gtest/gtest.h>

namespace klamm {
namespace {

std::vector<std::pair<std::string, std::string>> pairs(std::string_view text) {
  const auto properties = Properties::parse(text);
  std::vector<std::pair<std::string, std::string>> found;
  if (!properties) return {{"error", properties.error().context()}};
  for (const auto& entry : properties->entries()) found.emplace_back(entry.key, entry.value);
  return found;
}
using Pairs = std::vector<std::pair<std::string, std::string>>;

// What java.util.Properties of Java 17 makes of the same text.
TEST(Properties, TakesEverySeparatorAndDropsBlanksAroundIt) {
  EXPECT_EQ(pairs("a=1\nb : 2\nc 3\nd\t=  4 \n  e==5\nf::6\n g"),
            (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4 "}, {"e", "=5"}, {"f", ":6"}, {"g", ""}}));
}

TEST(Properties, SkipsCommentsAndBlankLinesInEveryLineEnding) {
  EXPECT_EQ(pairs("# x=1\r\n\r\n! y=2\r   # z\n\t\na=1 # not a comment\rb=2"), (Pairs{{"a", "1 # not a comment"}, {"b", "2"}}));
}

TEST(Properties, JoinsALineThatEndsInAnOpenBackslash) {
  EXPECT_EQ(pairs("list = a,\\\n    b,\\\r\n\tc\nnext=1"), (Pairs{{"list", "a,b,c"}, {"next", "1"}}));
  EXPECT_EQ(pairs("path=c:\\\\\nnext=1"), (Pairs{{"path", "c:\\"}, {"next", "1"}}));
  EXPECT_EQ(pairs("a=1\\\n# no comment here\nb=2"), (Pairs{{"a", "1# no comment here"}, {"b", "2"}}));
  EXPECT_EQ(pairs("a=1\\"), (Pairs{{"a", "1"}}));
}

TEST(Properties, ResolvesEscapesInKeysAndValues) {
  EXPECT_EQ(pairs("a\\ b\\=c\\:=x\\ty\\nz\\q"), (Pairs{{"a b=c:", "x\ty\nzq"}}));
  EXPECT_EQ(pairs("u=\\u00e9\\u4E2D\\uD83D\\uDE00"), (Pairs{{"u", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"}}));
}

TEST(Properties, KeepsBytesAbove127AsTheyAre) { EXPECT_EQ(pairs("k=\xC3\xA9"), (Pairs{{"k", "\xC3\xA9"}})); }

TEST(Properties, ABrokenEscapeIsAnErrorWithItsLine) {
  for (const char* text : {"ok=1\n# c\nbad=\\u12g4\n", "ok=1\n\nbad\\u12=1"}) {
    const auto properties = Properties::parse(text, "server.properties");
    ASSERT_FALSE(properties);
    EXPECT_EQ(properties.error().code(), ErrorCode::InvalidClientConfig);
    EXPECT_EQ(properties.error().context(), "server.properties:3: \\u must be followed by four hexadecimal digits");
  }
}

TEST(Properties, TheLastOfTwoEqualKeysCounts) {
  const auto properties = Properties::parse("a=1\nb=2\na=3\n");
  ASSERT_TRUE(properties);
  ASSERT_EQ(properties->entries().size(), 2U);
  EXPECT_EQ(*properties->find("a"), "3");
  EXPECT_EQ(properties->entries().back().line, 3);
  EXPECT_EQ(properties->find("c"), nullptr);
}

TEST(Properties, AFileThatCannotBeReadIsNamedWithTheReason) {
  const auto missing = Properties::load("/nowhere/klamm.properties");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::IoFailed);
  EXPECT_EQ(missing.error().context(), "cannot read /nowhere/klamm.properties: No such file or directory");
  const auto folder = Properties::load("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().context(), "cannot read /: Is a directory");
}

}  // namespace
}  // namespace klamm
