// klamm: Kafka's console tools in one program, chosen by the first word or by the name it is called by.

#include <csignal>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <klamm/exceptions.h>

#include "common/catalogue.h"
#include "common/terminal.h"

namespace klamm::tools {
namespace {

/// Names of Apache Kafka's scripts that are not "kafka-" and the tool's name.
std::string_view toolOfScript(std::string_view program) {
  if (program.ends_with(".sh")) program.remove_suffix(3);
  for (const std::string_view prefix : {"kafka-", "klamm-"}) {
    if (!program.starts_with(prefix)) continue;
    program.remove_prefix(prefix.size());
    return program == "server-start" ? "broker" : program;
  }
  return {};
}

int unknownCommand(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Tool& tool : allTools()) names.push_back(tool.name);
  const std::string_view guess = nearest(name, names);
  complain(fmt::format("there is no command '{}'{}", name, guess.empty() ? ". See klamm help" : fmt::format(". Did you mean {}?", guess)));
  return 1;
}

/// Runs a tool and turns what it throws into one line and an exit code.
int guarded(const Tool& tool, const Call& call) {
  try {
    return tool.run(call);
  } catch (const UsageError& error) {
    say(error.what());
    say("See " + call.name + " --help");
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return 1;
}

int run(std::vector<std::string> words) {
  const std::string program = std::filesystem::path(words.empty() ? "klamm" : words.front()).filename().string();
  if (!words.empty()) words.erase(words.begin());
  if (const std::string_view name = toolOfScript(program); !name.empty()) {
    if (const Tool* tool = findTool(name)) return guarded(*tool, {program, std::move(words)});
    return unknownCommand(name);
  }
  if (words.empty() || words.front() == "help" || words.front() == "--help" || words.front() == "-h") {
    if (words.size() > 1) {
      if (const Tool* tool = findTool(words[1])) return guarded(*tool, {"klamm " + words[1], {"--help"}});
      return unknownCommand(words[1]);
    }
    fmt::print("{}", overviewText());
    return 0;
  }
  if (words.front() == "--version" || words.front() == "version") {
    fmt::print("klamm {}\n", KLAMM_VERSION);
    return 0;
  }
  const std::string name = words.front();
  words.erase(words.begin());
  if (const Tool* tool = findTool(toolOfScript(name).empty() ? std::string_view(name) : toolOfScript(name)))
    return guarded(*tool, {"klamm " + std::string(tool->name), std::move(words)});
  return unknownCommand(name);
}

}  // namespace
}  // namespace klamm::tools

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is seen where the write fails
  return klamm::tools::run(std::vector<std::string>(words, words + count));
}
