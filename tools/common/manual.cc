#include "common/manual.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

/// Text as roff prints it: no character of it is a command.
std::string plain(std::string_view text) {
  std::string result;
  bool atStart = true;
  for (const char c : text) {
    if (atStart && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') result += "\\e";
    else if (c == '-') result += "\\-";
    else result += c;
    atStart = c == '\n';
  }
  return result;
}

std::string heading(std::string_view page) {
  std::string upper(page);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return fmt::format(".\\\" Made of the tool's own table of options.\n.TH {} 1 \"\" \"Klamm {}\" \"Klamm\"\n", plain(upper), KLAMM_VERSION);
}

/// Lines that stay as they are.
std::string verbatim(std::string_view text) { return ".nf\n" + plain(text) + ".fi\n"; }

/// A sentence of a summary as the NAME section wants it.
std::string lowered(std::string_view sentence) {
  std::string text(sentence.ends_with('.') ? sentence.substr(0, sentence.size() - 1) : sentence);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && text.size() > 1 && text[1] >= 'a') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

std::string overviewPage() {
  std::string page = heading("klamm") + ".SH NAME\nklamm \\- Apache Kafka's console tools, native\n.SH SYNOPSIS\n.B klamm\n.I COMMAND\n[options]\n" +
                     ".br\n.B klamm\n.I COMMAND\n.B \\-\\-help\n.SH COMMANDS\n";
  for (const Tool& tool : allTools()) page += fmt::format(".TP\n.B {}\n{}\n", plain(tool.name), plain(tool.summary));
  page += ".SH DESCRIPTION\n" +
          plain("Options, output and exit codes are those of the tools of Apache Kafka 4.3. The program also answers to klamm-topics and so on; Kafka's\n"
                "own names, kafka-topics.sh and so on, lie as links in a folder that may be put first into PATH.\n") +
          ".SH EXAMPLES\n" +
          verbatim(kFirstSteps) + ".SH SEE ALSO\n";
  std::string others;
  for (const Tool& tool : allTools())
    if (const std::string program = programOf(tool); !program.empty())
      others += fmt::format("{}.BR {} (1)", others.empty() ? "" : ",\n", plain(program));
  return page + others + "\n";
}

std::string toolPage(const Tool& tool) {
  const Command& command = tool.command();
  const std::string name = programOf(tool);
  std::string page = heading(name) + fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n{}\n.SH DESCRIPTION\n{}\n.SH OPTIONS\n", plain(name),
                                                 plain(lowered(command.summary)), plain(name), plain(command.usage), plain(command.summary));
  for (const Option& option : shownOptions(command)) {
    page += fmt::format(".TP\n\\fB\\-\\-{}\\fR", plain(option.name));
    if (option.takes == Takes::Value) page += fmt::format(" \\fI{}\\fR", plain(option.value));
    if (option.takes == Takes::OptionalValue) page += fmt::format(" [\\fI{}\\fR]", plain(option.value));
    page += fmt::format("\n{}\n", plain(option.help));
  }
  if (!command.examples.empty()) page += ".SH EXAMPLES\n" + verbatim(command.examples);
  return page + ".SH SEE ALSO\n.BR klamm (1)\n";
}

}  // namespace klamm::tools
