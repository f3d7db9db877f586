#include "common/arguments.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <CLI/CLI.hpp>

namespace klamm::tools {
namespace {

constexpr Option kCommon[] = {
    {"help", Takes::Nothing, "", "Print this."},
    {"version", Takes::Nothing, "", "Print the version."},
};

std::vector<const Option*> optionsOf(const Command& command) {
  std::vector<const Option*> options;
  for (const Option& option : command.options) options.push_back(&option);
  for (const Option& option : kCommon) options.push_back(&option);
  return options;
}

/// "--name=value", "-name" and the like, taken apart; no name for a word that is no option.
struct Token {
  std::string name;
  std::optional<std::string> value;
};

Token tokenOf(const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return {};
  const std::size_t dashes = word[1] == '-' ? 2 : 1;
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return {word.substr(dashes), {}};
  return {word.substr(dashes, equals - dashes), word.substr(equals + 1)};
}

/// The option of this name or, if only one has it, this beginning of a name.
const Option& resolve(const Command& command, const std::string& name) {
  std::vector<const Option*> beginWith;
  const auto options = optionsOf(command);
  for (const Option* option : options) {
    if (option->name == name) return *option;
    if (option->name.starts_with(name)) beginWith.push_back(option);
  }
  if (beginWith.size() == 1 && !name.empty()) return *beginWith.front();
  if (beginWith.size() > 1 && !name.empty()) {
    std::string sentence = "--" + name + " is ambiguous: it may be";
    for (std::size_t i = 0; i < beginWith.size(); ++i) sentence.append(i == 0 ? " --" : i + 1 == beginWith.size() ? " or --" : ", --").append(beginWith[i]->name);
    throw UsageError(sentence);
  }
  for (const RetiredOption& retired : command.retired)
    if (retired.name == name) throw UsageError(std::string(retired.answer));
  std::vector<std::string_view> names;
  for (const Option* option : options) names.push_back(option->name);
  const std::string_view guess = nearest(name, names);
  throw UsageError(name + " is not a recognized option" + (guess.empty() ? "" : ". Did you mean --" + std::string(guess) + "?"));
}

/// Makes every option of the words complete and bound to its value, which CLI11 does not do by itself: it knows no
/// beginnings of names and would take a value like "-1" or "--x" for an option.
std::vector<std::string> normalised(const Command& command, const std::vector<std::string>& words) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      result.insert(result.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    Token token = tokenOf(words[i]);
    if (token.name.empty()) {
      result.push_back(words[i]);
      continue;
    }
    const Option& option = resolve(command, token.name);
    const std::string name = "--" + std::string(option.name);
    if (option.takes == Takes::Nothing) {
      if (token.value) throw UsageError(name + " takes no value");
      result.push_back(name);
      continue;
    }
    const bool more = i + 1 < words.size();
    if (!token.value && more && (option.takes == Takes::Value || tokenOf(words[i + 1]).name.empty())) token.value = words[++i];
    if (!token.value && option.takes == Takes::Value) throw UsageError("Option " + std::string(option.name) + " requires an argument");
    result.push_back(name + "=" + token.value.value_or(""));
  }
  return result;
}

template <class Number>
std::optional<Number> numberOf(const Arguments& arguments, std::string_view option) {
  const auto text = arguments.text(option);
  if (!text) return std::nullopt;
  Number number = 0;
  const char* begin = text->data();
  if (text->size() > 1 && *begin == '+') ++begin;
  const auto [end, error] = std::from_chars(begin, text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size())
    throw UsageError("Cannot parse argument '" + *text + "' of option " + std::string(option));
  return number;
}

/// Breaks `text` at blanks into lines of at most `width` columns; "\n" breaks too.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    if (end < text.size() && text[end] == '\n') lines.emplace_back();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

}  // namespace

const std::vector<std::string>& Arguments::all(std::string_view option) const {
  static const std::vector<std::string> none;
  const auto found = values_.find(option);
  return found == values_.end() ? none : found->second;
}

std::optional<std::string> Arguments::text(std::string_view option) const {
  const auto& values = all(option);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) throw UsageError("Found multiple arguments for option " + std::string(option) + ", but you asked for only one");
  return values.front();
}

std::string Arguments::textOr(std::string_view option, std::string_view fallback) const {
  return text(option).value_or(std::string(fallback));
}

std::optional<std::int32_t> Arguments::int32(std::string_view option) const { return numberOf<std::int32_t>(*this, option); }
std::optional<std::int64_t> Arguments::int64(std::string_view option) const { return numberOf<std::int64_t>(*this, option); }

std::string Arguments::required(std::string_view option) const {
  auto value = text(option);
  if (!value) throw UsageError("Missing required argument \"[" + std::string(option) + "]\"");
  return *value;
}

void Arguments::refuse(std::string_view option, std::span<const std::string_view> others) const {
  if (!has(option)) return;
  for (const std::string_view other : others)
    if (has(other)) throw UsageError("Option \"[" + std::string(option) + "]\" can't be used with option \"[" + std::string(other) + "]\"");
}

Arguments parseArguments(const Command& command, std::vector<std::string> words) {
  Arguments arguments;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const auto options = optionsOf(command);
  std::map<std::string_view, std::vector<std::string>> collected;
  for (const Option* option : options) {
    const std::string name = "--" + std::string(option->name);
    if (option->takes == Takes::Nothing) app.add_flag(name);
    else app.add_option(name, collected[option->name])->allow_extra_args(false);
  }
  std::vector<std::string> complete = normalised(command, words);
  // An empty value cannot be told from a missing one in CLI11's "--name=": such values are put in afterwards.
  constexpr std::string_view emptyValue("\0", 1);
  for (std::string& word : complete)
    if (word.starts_with("--") && word.size() > 2 && word.back() == '=' && word.find('=') == word.size() - 1) word += emptyValue;
  std::reverse(complete.begin(), complete.end());
  try {
    app.parse(std::move(complete));
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  for (const Option* option : options) {
    if (app.count("--" + std::string(option->name)) == 0) continue;
    auto& values = arguments.values_[std::string(option->name)];
    values = std::move(collected[option->name]);
    for (std::string& value : values)
      if (value == emptyValue) value.clear();
  }
  arguments.words_ = app.remaining();
  return arguments;
}

std::vector<Option> shownOptions(const Command& command) {
  std::vector<Option> options;
  for (const Option* option : optionsOf(command))
    if (!option->help.empty()) options.push_back(*option);
  std::sort(options.begin(), options.end(), [](const Option& a, const Option& b) { return a.name < b.name; });
  return options;
}

std::string helpText(const Command& command, std::string_view calledAs, std::size_t width) {
  constexpr std::size_t column = 34;
  std::string text(command.summary);
  text.append("\n\nUsage: ").append(calledAs).append(" ").append(command.usage).append("\n\n");
  for (const Option& option : shownOptions(command)) {
    std::string left = "  --" + std::string(option.name);
    if (option.takes == Takes::Value) left.append(" ").append(option.value);
    if (option.takes == Takes::OptionalValue) left.append(" [").append(option.value).append("]");
    bool first = true;
    for (const std::string& line : wrapped(option.help, std::max<std::size_t>(width, column + 30) - column)) {
      if (first && left.size() + 2 > column) text.append(left).append("\n").append(column, ' ');
      else if (first) text.append(left).append(column - left.size(), ' ');
      else text.append(column, ' ');
      text.append(line).append("\n");
      first = false;
    }
  }
  if (!command.examples.empty()) text.append("\nExamples:\n").append(command.examples);
  return text;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t bestDistance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

std::vector<std::pair<std::string, std::string>> parsePairs(const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || word.empty()) throw UsageError("Invalid command line properties: '" + word + "' should be key=value");
    pairs.emplace_back(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return pairs;
}

}  // namespace klamm::tools
