// klamm-manual FOLDER: writes the manual pages of all tools, at build time.

#include <filesystem>
#include <fstream>

#include "common/manual.h"
#include "common/terminal.h"

int main(int count, char** words) {
  using namespace klamm::tools;
  if (count != 2) {
    complain("usage: klamm-manual FOLDER");
    return 1;
  }
  const std::filesystem::path folder = words[1];
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "klamm.1") << overviewPage();
  for (const Tool& tool : allTools())
    if (tool.name != "completion") std::ofstream(folder / ("klamm-" + std::string(tool.name) + ".1")) << toolPage(tool);
  return std::filesystem::exists(folder / "klamm-topics.1") ? 0 : 1;
}
