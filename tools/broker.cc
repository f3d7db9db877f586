// klamm broker: hands over to the klamm-broker beside this program.

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/terminal.h"
#include "common/tools.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"override", Takes::Value, "KEY=VALUE", "A setting that goes before the file's; may be given several times."},
    {"port", Takes::Value, "N", "Listen on 127.0.0.1 and ::1 at this port instead of listeners; 0 picks a free one."},
    {"data", Takes::Value, "FOLDER", "Data folder, instead of log.dirs."},
    {"log-requests", Takes::Nothing, "", "One line per request on standard error."},
};

constexpr Command kCommand = {
    "broker",
    "Serves Kafka's clients, as one broker in one process.",
    "[server.properties] [options]",
    "  klamm-broker                                      data in a temporary folder, removed at exit\n"
    "  klamm-broker --port 9092 --data ./data            127.0.0.1 and ::1, data kept in ./data\n"
    "  klamm-broker server.properties --override num.partitions=3\n",
    kOptions,
    {},
    true};

}  // namespace

const Command& brokerCommand() noexcept { return kCommand; }

int runBroker(const Call& call) {
  static_cast<void>(parseArguments(kCommand, call.words));  // says what a mistyped option was meant to be
  std::error_code error;
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::string program = (folder / "klamm-broker").string();
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& word : call.words) words.push_back(const_cast<char*>(word.c_str()));  // execv leaves them as they are
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  const std::string why = errno == ENOENT ? "it is not there; Debian's package klamm-broker has it" : std::strerror(errno);
  complain("cannot start " + program + ": " + why);
  return 1;
}

}  // namespace klamm::tools
