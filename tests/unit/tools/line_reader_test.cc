#include "console/line_reader.h"

#include <gtest/gtest.h>

namespace klamm::tools {
namespace {

/// Yields `text` in pieces of at most `step` bytes.
LineReader::Source pieces(std::string text, std::size_t step) {
  return [text = std::move(text), step, at = std::size_t{0}](char* to, std::size_t size) mutable {
    const std::size_t length = std::min({step, size, text.size() - at});
    text.copy(to, length, at);
    at += length;
    return length;
  };
}

std::vector<std::string> lines(const std::string& text, std::size_t step) {
  LineReader reader(pieces(text, step));
  std::vector<std::string> found;
  while (const auto line = reader.next()) found.emplace_back(*line);
  return found;
}
using Lines = std::vector<std::string>;

TEST(LineReader, EndsLinesAsJavaDoesHoweverTheInputIsCut) {
  for (const std::size_t step : {1U, 2U, 3U, 1000U}) {
    EXPECT_EQ(lines("a\nb\r\nc\rd", step), (Lines{"a", "b", "c", "d"})) << step;
    EXPECT_EQ(lines("\n\r\n\r\r\n", step), (Lines{"", "", "", ""})) << step;
    EXPECT_EQ(lines("last\n", step), Lines{"last"}) << step;
    EXPECT_EQ(lines("", step), Lines{}) << step;
    EXPECT_EQ(lines("x\r", step), Lines{"x"}) << step;
  }
}

TEST(LineReader, ALineMayBeLongerThanTheBlock) {
  const std::string longLine(3 << 20, 'x');
  EXPECT_EQ(lines(longLine + "\ny", 1 << 16), (Lines{longLine, "y"}));
}

/// "headers|key|value" of what a line becomes, ~ for null.
std::string parsed(const PropertyMap& properties, const std::string& line) {
  LineParser parser(properties);
  try {
    const LineRecord record = parser.parse(line);
    std::string text;
    for (const Header& header : record.headers)
      text += std::string(header.key) + "=" + (header.value ? std::string(asText(*header.value)) : "~") + ";";
    return text + "|" + std::string(record.key.value_or("~")) + "|" + std::string(record.value.value_or("~"));
  } catch (const LineError& error) {
    return error.what();
  }
}

TEST(LineParser, TheWholeLineIsTheValueWithoutProperties) { EXPECT_EQ(parsed({}, "k\tv"), "|~|k\tv"); }

TEST(LineParser, KeysAreCutAtTheFirstSeparator) {
  const PropertyMap properties{{"parse.key", "true"}, {"key.separator", "::"}};
  EXPECT_EQ(parsed(properties, "k::v::w"), "|k|v::w");
  EXPECT_EQ(parsed(properties, "::"), "||");
  EXPECT_EQ(parsed(properties, "nokey"), "No key separator found on line number 1: 'nokey'");
}

TEST(LineParser, IgnoreErrorTakesALineWithoutSeparatorAsAValue) {
  EXPECT_EQ(parsed({{"parse.key", "true"}, {"ignore.error", "true"}}, "nokey"), "|~|nokey");
}

TEST(LineParser, TheNullMarkerMakesKeysValuesAndHeaderValuesNull) {
  const PropertyMap properties{{"parse.key", "TRUE"}, {"parse.headers", "true"}, {"null.marker", "NULL"}};
  EXPECT_EQ(parsed(properties, "h1:a,h2:NULL\tk\tNULL"), "h1=a;h2=~;|k|~");
  EXPECT_EQ(parsed(properties, "NULL\tNULL\tv"), "|~|v");
  EXPECT_EQ(parsed(properties, "NULL:x\tk\tv"), "Header keys should not be equal to the null marker 'NULL' as they can't be null");
}

TEST(LineParser, HeadersFollowJavasRulesForEmptyPieces) {
  const PropertyMap properties{{"parse.headers", "true"}};
  EXPECT_EQ(parsed(properties, "h1:v1,h2:v2\tv"), "h1=v1;h2=v2;|~|v");
  EXPECT_EQ(parsed(properties, "h:a:b\tv"), "h=a:b;|~|v");
  EXPECT_EQ(parsed(properties, "h:v,\tv"), "h=v;|~|v");
  EXPECT_EQ(parsed(properties, "\tv"), "No header key separator found in pair '' on line number 1");
  EXPECT_EQ(parsed(properties, "none"), "No headers delimiter found on line number 1: 'none'");
}

TEST(LineParser, SeparatorsThatCannotBeToldApartAreRefused) {
  for (const PropertyMap& properties :
       {PropertyMap{{"headers.separator", ":"}}, PropertyMap{{"headers.delimiter", ","}}, PropertyMap{{"null.marker", "\t"}}, PropertyMap{{"key.separator", ""}}})
    EXPECT_THROW(LineParser parser(properties), UsageError);
}

}  // namespace
}  // namespace klamm::tools
