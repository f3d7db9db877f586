// klamm completion: what a shell offers when the tab key is pressed, made of the tables that the tools read their words by.

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/catalogue.h"
#include "common/completion.h"
#include "common/terminal.h"

namespace klamm::tools {
namespace {

constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};

constexpr Command kCommand = {
    "completion",
    "Prints the script by which a shell completes the words of klamm.",
    "bash | zsh | fish",
    "  eval \"$(klamm completion bash)\"                                  in ~/.bashrc\n"
    "  klamm completion zsh > ~/.zfunc/_klamm                          a folder of $fpath\n"
    "  klamm completion fish > ~/.config/fish/completions/klamm.fish\n",
    {},
    {},
    true};

/// What may stand where an option's value stands.
enum class Values { None, Anything, Files, Folders };

Values valuesOf(const Option& option) {
  if (option.takes == Takes::Nothing) return Values::None;
  if (option.value.starts_with("FILE")) return Values::Files;
  return option.value == "FOLDER" ? Values::Folders : Values::Anything;
}

/// The programs that are completed besides klamm itself.
std::vector<std::string> otherPrograms() {
  std::vector<std::string> programs;
  for (const Tool& tool : allTools())
    if (std::string program = programOf(tool); !program.empty()) programs.push_back(std::move(program));
  return programs;
}

std::string toolNames() {
  std::string names;
  for (const Tool& tool : allTools()) names.append(names.empty() ? "" : " ").append(tool.name);
  return names;
}

/// "a/--x | a/--y": patterns of a command and the option before the word, for those options that `takes` fits.
std::string patternsOf(Values values) {
  std::string patterns;
  for (const Tool& tool : allTools())
    for (const Option& option : shownOptions(tool.command()))
      if (valuesOf(option) == values && option.takes == Takes::Value)
        patterns += fmt::format("{}{}/--{}", patterns.empty() ? "" : " | ", tool.name, option.name);
  return patterns;
}

std::string bashScript() {
  std::string script = "# Made by: klamm completion bash\n_klamm_options() {\n  case $1 in\n";
  for (const Tool& tool : allTools()) {
    std::string names;
    for (const Option& option : shownOptions(tool.command())) names.append(names.empty() ? "--" : " --").append(option.name);
    script += fmt::format("    {}) echo '{}' ;;\n", tool.name, names);
  }
  script += fmt::format(
      "  esac\n}}\n"
      "_klamm() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[0]##*/}} words=''\n"
      "  COMPREPLY=()\n"
      "  command=${{command%.sh}}\n"
      "  if [[ $command == klamm ]]; then\n"
      "    if ((COMP_CWORD == 1)); then\n"
      "      mapfile -t COMPREPLY < <(compgen -W '{0} help --help --version' -- \"$current\")\n"
      "      return\n"
      "    fi\n"
      "    command=${{COMP_WORDS[1]}}\n"
      "  else\n"
      "    command=${{command#*-}}\n"
      "  fi\n"
      "  case $command/$before in\n"
      "    help/*) words='{0}' ;;\n"
      "    completion/*) words='{1}' ;;\n"
      "    {2})\n"
      "      compopt -o filenames 2>/dev/null\n"
      "      mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "      return ;;\n"
      "    {3})\n"
      "      compopt -o filenames 2>/dev/null\n"
      "      mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
      "      return ;;\n"
      "    {4}) return ;;\n"
      "    broker/*) [[ $current == -* ]] || mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
      "  esac\n"
      "  [[ -n $words || $current != -* && -n $current ]] || words=$(_klamm_options \"$command\")\n"
      "  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "}}\n"
      "complete -F _klamm klamm {5}\n",
      toolNames(), fmt::join(kShells, " "), patternsOf(Values::Files), patternsOf(Values::Folders), patternsOf(Values::Anything),
      fmt::join(otherPrograms(), " "));
  return script;
}

/// `text` within single quotes, with a backslash before each of `special`.
std::string inQuotes(std::string_view text, std::string_view special = "") {
  std::string result = "'";
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    if (c == '\'') result += "'\\''";
    else result += c == '\n' ? ' ' : c;
  }
  return result + "'";
}

std::string zshScript() {
  std::string script = fmt::format("#compdef klamm {}\n# Made by: klamm completion zsh\nlocal -a klamm_commands=(\n", fmt::join(otherPrograms(), " "));
  for (const Tool& tool : allTools()) script += "  " + inQuotes(fmt::format("{}:{}", tool.name, tool.summary)) + "\n";
  script +=
      ")\n"
      "local klamm_command=${service#klamm-}\n"
      "if [[ $service == klamm ]]; then\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe -t commands command klamm_commands\n"
      "    return\n"
      "  fi\n"
      "  klamm_command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "fi\n"
      "case $klamm_command in\n"
      "  help) _describe -t commands command klamm_commands ;;\n";
  for (const Tool& tool : allTools()) {
    script += fmt::format("  {})\n    _arguments", tool.name);
    for (const Option& option : shownOptions(tool.command())) {
      const std::string_view action = valuesOf(option) == Values::Files ? "_files" : valuesOf(option) == Values::Folders ? "_files -/" : " ";
      std::string spec = fmt::format("*--{}", option.name);
      std::string value;
      if (option.takes != Takes::Nothing) {
        for (const char c : option.value) value.append(c == ':' ? "\\:" : std::string(1, c));
        value = fmt::format("{}{}:{}", option.takes == Takes::OptionalValue ? "::" : ":", value.empty() ? "value" : value, action);
      }
      std::string help = inQuotes(option.help, "[]:\\");
      script += fmt::format(" \\\n      {}", inQuotes(spec + "[") + help + inQuotes("]" + value));
    }
    if (tool.name == "completion") script += fmt::format(" \\\n      '1:shell:({})'", fmt::join(kShells, " "));
    if (tool.name == "broker") script += " \\\n      '1:server.properties:_files'";
    script += " ;;\n";
  }
  return script + "esac\n";
}

std::string fishScript() {
  std::string script = "# Made by: klamm completion fish\ncomplete -c klamm -f\n";
  for (const Tool& tool : allTools()) {
    script += fmt::format("complete -c klamm -n __fish_use_subcommand -a {} -d {}\n", tool.name, inQuotes(tool.summary, "\\"));
    const std::string within = fmt::format("complete -c klamm -n '__fish_seen_subcommand_from {}'", tool.name);
    const std::string program = programOf(tool);
    const std::string alone = fmt::format("complete -c {}", program);
    if (!program.empty()) script += alone + (tool.name == "broker" ? "\n" : " -f\n");
    if (tool.name == "broker") script += within + " -F\n";
    for (const Option& option : shownOptions(tool.command())) {
      const std::string_view value = valuesOf(option) == Values::None ? "" : valuesOf(option) == Values::Anything ? " -x" : " -r -F";
      const std::string words = fmt::format(" -l {}{} -d {}\n", option.name, value, inQuotes(option.help, "\\"));
      script += within + words;
      if (!program.empty()) script += alone + words;
    }
  }
  script += fmt::format("complete -c klamm -n '__fish_seen_subcommand_from help' -a '{}'\n", toolNames());
  return script + fmt::format("complete -c klamm -n '__fish_seen_subcommand_from completion' -a '{}'\n", fmt::join(kShells, " "));
}

}  // namespace

const Command& completionCommand() noexcept { return kCommand; }

std::string completionScript(std::string_view shell) {
  if (shell == "bash") return bashScript();
  if (shell == "zsh") return zshScript();
  if (shell == "fish") return fishScript();
  const std::string_view guess = nearest(shell, kShells);
  throw UsageError(fmt::format("'{}' is none of the shells bash, zsh and fish{}", shell, guess.empty() ? "" : fmt::format(". Did you mean {}?", guess)));
}

int runCompletion(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  if (arguments->words().size() != 1) throw UsageError("Name one shell: bash, zsh or fish");
  const std::string script = completionScript(arguments->words().front());
  Output out;
  out.write(script);
  return 0;
}

}  // namespace klamm::tools
