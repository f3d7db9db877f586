#include "base/utf8.h"

#include <gtest/gtest.h>

namespace klamm {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

std::string replacements(int count, const std::string& behind = {}) {
  std::string text;
  for (int i = 0; i < count; ++i) text += kReplacement;
  return text + behind;
}

TEST(Utf8, LeavesValidTextAlone) {
  for (const char* text : {"", "orders", "a longer name of plain letters", "gr\xC3\xBC\xC3\x9F", "\xE6\x97\xA5\xE6\x9C\xAC", "\xF0\x9F\x98\x80",
                           "\xF4\x8F\xBF\xBF", "\xEE\x80\x80", "ascii then \xC3\xBC then ascii"}) {
    EXPECT_TRUE(isUtf8(text)) << text;
    EXPECT_EQ(readUtf8(text), text);
  }
}

TEST(Utf8, ReplacesWhatJavaReplaces) {
  // The right sides were printed by Kafka's HeartbeatRequestData, read from a request with these bytes as its group.
  const std::pair<std::string, std::string> cases[] = {
      {"\xFF" "a", replacements(1, "a")},         {"\xE2\x82" "a", replacements(1, "a")}, {"\xED\xA0\x80", replacements(1)},
      {"\xF0\x9F\x98", replacements(1)},          {"\xC0\x80", replacements(2)},          {"\xF4\x90\x80\x80", replacements(4)},
      {"\xE0\x80\x80", replacements(3)},          {"\xED\xA0", replacements(1)},          {"\xF8\x88\x80\x80\x80", replacements(5)},
      {"\xF0\x80" "a", replacements(2, "a")},     {"\xE0\x80" "a", replacements(2, "a")}, {"\xF0\x90" "a", replacements(1, "a")},
      {"\xF1\x80\xE2", replacements(2)},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_FALSE(isUtf8(bytes));
    EXPECT_EQ(readUtf8(bytes), text);
    EXPECT_EQ(readUtf8("twelve bytes" + bytes), "twelve bytes" + text) << "behind text that is looked at eight bytes at a time";
  }
}

}  // namespace
}  // namespace klamm
