#include "common/completion.h"

#include <gtest/gtest.h>

#include "common/catalogue.h"
#include "common/manual.h"

namespace klamm::tools {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Completion, KnowsEveryOptionThatTheHelpShowsInEveryShell) {
  const std::string bash = completionScript("bash");
  const std::string zsh = completionScript("zsh");
  const std::string fish = completionScript("fish");
  int options = 0;
  for (const Tool& tool : allTools()) {
    for (const Option& option : tool.command().options) {
      const std::string name(option.name);
      if (option.help.empty()) continue;
      ++options;
      EXPECT_TRUE(contains(bash, "--" + name)) << name;
      EXPECT_TRUE(contains(zsh, "'*--" + name + "['")) << name;
      EXPECT_TRUE(contains(fish, "-l " + name + " ")) << name;
    }
  }
  EXPECT_GT(options, 80);
}

TEST(Completion, LeavesOutWhatTheHelpDoesNotShow) {
  EXPECT_FALSE(contains(completionScript("bash"), "--partition-size-limit-per-response"));
  EXPECT_FALSE(contains(completionScript("fish"), "-l partition-size-limit-per-response"));
}

TEST(Completion, OffersFilesWhereAnOptionTakesOne) {
  EXPECT_TRUE(contains(completionScript("fish"), "-l command-config -r -F"));
  EXPECT_TRUE(contains(completionScript("fish"), "-l topic -x"));
  EXPECT_TRUE(contains(completionScript("bash"), "topics/--command-config"));
}

TEST(Completion, RefusesAShellThatItDoesNotKnowAndGuessesWhichWasMeant) {
  try {
    static_cast<void>(completionScript("fihs"));
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_TRUE(contains(error.what(), "Did you mean fish?")) << error.what();
  }
}

TEST(Manual, HasNoLineThatRoffWouldTakeForACommand) {
  for (const Tool& tool : allTools()) {
    const std::string page = toolPage(tool);
    EXPECT_TRUE(contains(page, ".SH EXAMPLES")) << tool.name;
    for (std::size_t at = page.find("\n."); at != std::string::npos; at = page.find("\n.", at + 1)) {
      const std::string word = page.substr(at + 2, 2);
      EXPECT_TRUE(word == "TH" || word == "SH" || word == "TP" || word == "B " || word == "BR" || word == "nf" || word == "fi") << tool.name << ": ." << word;
    }
  }
  EXPECT_TRUE(contains(overviewPage(), ".B console\\-producer"));
}

}  // namespace
}  // namespace klamm::tools
