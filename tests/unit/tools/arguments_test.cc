#include "common/arguments.h"

#include <gtest/gtest.h>

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"topic", Takes::Value, "TOPIC", "The topic."},         {"topic-id", Takes::Value, "ID", "Its id."},
    {"list", Takes::Nothing, "", "List all."},               {"state", Takes::OptionalValue, "STATE", "States."},
    {"bootstrap-server", Takes::Value, "HOST:PORT", "Where."}, {"partitions", Takes::Value, "N", "How many."},
};
constexpr RetiredOption kRetired[] = {{"zookeeper", "--zookeeper is gone: use --bootstrap-server"}};
constexpr Command kCommand = {"test", "A test.", "--topic TOPIC", "  test --topic x\n", kOptions, kRetired};

Arguments parse(std::vector<std::string> words) { return parseArguments(kCommand, std::move(words)); }

std::string complaint(std::vector<std::string> words) {
  try {
    static_cast<void>(parse(std::move(words)));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Arguments, AValueStandsBehindABlankOrAnEqualsSign) {
  EXPECT_EQ(parse({"--topic", "a"}).text("topic"), "a");
  EXPECT_EQ(parse({"--topic=a=b"}).text("topic"), "a=b");
  EXPECT_EQ(parse({"--topic="}).text("topic"), "");
  EXPECT_EQ(parse({"--topic", ""}).text("topic"), "");
  EXPECT_EQ(parse({"-topic", "a"}).text("topic"), "a");
}

TEST(Arguments, AValueMayLookLikeAnOption) {
  EXPECT_EQ(parse({"--partitions", "-1"}).int32("partitions"), -1);
  EXPECT_EQ(parse({"--topic", "--list"}).text("topic"), "--list");
  EXPECT_FALSE(parse({"--topic", "--list"}).has("list"));
}

TEST(Arguments, UnambiguousBeginningsAreTaken) {
  EXPECT_EQ(parse({"--boot", "x:1"}).text("bootstrap-server"), "x:1");
  EXPECT_TRUE(parse({"--l"}).has("list"));
  EXPECT_EQ(parse({"--topic", "a"}).text("topic"), "a");  // a whole name, though another begins with it
  EXPECT_EQ(complaint({"--top", "a"}), "--top is ambiguous: it may be --topic or --topic-id");
}

TEST(Arguments, OptionsThatRepeatKeepAllValuesAndSwallowNoOtherWord) {
  const Arguments arguments = parse({"--topic", "a", "stray", "--topic", "b"});
  EXPECT_EQ(arguments.all("topic"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(arguments.words(), std::vector<std::string>{"stray"});
  EXPECT_THROW(static_cast<void>(arguments.text("topic")), UsageError);
}

TEST(Arguments, AnOptionalValueIsTakenUnlessAnOptionFollows) {
  EXPECT_EQ(parse({"--state"}).text("state"), "");
  EXPECT_EQ(parse({"--state", "Stable"}).text("state"), "Stable");
  const Arguments arguments = parse({"--state", "--list"});
  EXPECT_EQ(arguments.text("state"), "");
  EXPECT_TRUE(arguments.has("list"));
}

TEST(Arguments, ComplaintsSayWhatIsWrongAndWhatWasMeant) {
  EXPECT_EQ(complaint({"--bogus"}), "bogus is not a recognized option");
  EXPECT_EQ(complaint({"--tpoic", "x"}), "tpoic is not a recognized option. Did you mean --topic?");
  EXPECT_EQ(complaint({"--topic"}), "Option topic requires an argument");
  EXPECT_EQ(complaint({"--list=1"}), "--list takes no value");
  EXPECT_EQ(complaint({"--zookeeper", "x"}), "--zookeeper is gone: use --bootstrap-server");
}

TEST(Arguments, NumbersAreCheckedToTheirLastCharacter) {
  EXPECT_EQ(parse({"--partitions", "+7"}).int32("partitions"), 7);
  for (const char* bad : {"x", "", "1x", "99999999999", "1.5"}) {
    const Arguments arguments = parse({"--partitions", bad});
    EXPECT_THROW(static_cast<void>(arguments.int32("partitions")), UsageError) << bad;
  }
}

TEST(Arguments, MissingAndClashingOptionsAreNamed) {
  const Arguments arguments = parse({"--list", "--state"});
  EXPECT_THROW(static_cast<void>(arguments.required("topic")), UsageError);
  const std::string_view others[] = {"state"};
  try {
    arguments.refuse("list", others);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "Option \"[list]\" can't be used with option \"[state]\"");
  }
}

TEST(Arguments, HelpShowsEveryOptionWithinTheWidth) {
  const std::string text = helpText(kCommand, "klamm test", 80);
  EXPECT_NE(text.find("Usage: klamm test --topic TOPIC"), std::string::npos);
  for (const Option& option : kOptions) EXPECT_NE(text.find("--" + std::string(option.name)), std::string::npos) << option.name;
  EXPECT_NE(text.find("--state [STATE]"), std::string::npos);
  EXPECT_NE(text.find("Examples:\n  test --topic x\n"), std::string::npos);
}

TEST(Nearest, FindsSmallSlipsOnly) {
  const std::string_view names[] = {"topics", "console-producer", "console-consumer"};
  EXPECT_EQ(nearest("topcs", names), "topics");
  EXPECT_EQ(nearest("console-consumr", names), "console-consumer");
  EXPECT_EQ(nearest("xyz", names), "");
}

TEST(ParsePairs, SplitsAtTheFirstEqualsSign) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(parsePairs({"a=b", "c=d=e", "f="}), (Pairs{{"a", "b"}, {"c", "d=e"}, {"f", ""}}));
  EXPECT_EQ(parsePairs({"flag"}), (Pairs{{"flag", ""}}));
  EXPECT_THROW(static_cast<void>(parsePairs({"=x"})), UsageError);
}

}  // namespace
}  // namespace klamm::tools
