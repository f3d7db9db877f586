// klamm-manual FOLDER: writes the manual pages of all tools, at build time.

#include <filesystem>
#include <fstream>
#include <string>

#include "common/manual.h"
#include "common/terminal.h"

namespace klamm::tools {
namespace {

/// Whether all of it reached the file.
bool write(const std::filesystem::path& file, const std::string& page) {
  std::ofstream out(file);
  out << page;
  out.close();
  if (!out) complain("cannot write " + file.string());
  return static_cast<bool>(out);
}

}  // namespace
}  // namespace klamm::tools

int main(int count, char** words) {
  using namespace klamm::tools;
  if (count != 2) {
    complain("usage: klamm-manual FOLDER");
    return 1;
  }
  const std::filesystem::path folder = words[1];
  std::filesystem::create_directories(folder);
  bool written = write(folder / "klamm.1", overviewPage());
  for (const Tool& tool : allTools())
    if (const std::string program = programOf(tool); !program.empty()) written = write(folder / (program + ".1"), toolPage(tool)) && written;
  return written ? 0 : 1;
}
