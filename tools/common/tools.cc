#include "common/tools.h"

#include <fmt/format.h>

#include "common/terminal.h"

namespace klamm::tools {

std::optional<Arguments> readCall(const Command& command, const Call& call) {
  Arguments arguments = parseArguments(command, call.words);
  if (arguments.has("help")) {
    fmt::print("{}", helpText(command, call.name, terminalWidth()));
    return std::nullopt;
  }
  if (arguments.has("version")) {
    fmt::print("klamm {}\n", KLAMM_VERSION);
    return std::nullopt;
  }
  if (command.takesWords) return arguments;
  for (const std::string& word : arguments.words()) say("Warning: '" + word + "' belongs to no option and is ignored.");
  return arguments;
}

}  // namespace klamm::tools
