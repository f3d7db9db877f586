// klamm broker: hands over to the klamm-broker beside this program.

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/terminal.h"
#include "common/tools.h"

namespace klamm::tools {

int runBroker(const Call& call) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::string program = (folder / "klamm-broker").string();
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& word : call.words) words.push_back(const_cast<char*>(word.c_str()));  // execv leaves them as they are
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  complain("cannot start " + program + ": " + std::strerror(errno));
  return 1;
}

}  // namespace klamm::tools
