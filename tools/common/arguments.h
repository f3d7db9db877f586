#pragma once
// Command lines as Kafka's tools take them.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::tools {

/// The command line will not do; what() is one sentence for the person. Threading: a value.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What follows an option's name.
enum class Takes { Nothing, Value, OptionalValue };

/// One option of a command.
struct Option {
  std::string_view name;   ///< without the dashes
  Takes takes = Takes::Nothing;
  std::string_view value;  ///< what stands for the value in the help, e.g. "HOST:PORT,..."
  std::string_view help;   ///< a sentence; empty: deprecated or for scripts only, not shown
};

/// An option of older Kafkas that people still type, and what to say to them.
struct RetiredOption {
  std::string_view name;
  std::string_view answer;
};

/// A command: what it takes and how it introduces itself. Threading: immutable.
struct Command {
  std::string_view name;     ///< "topics"
  std::string_view summary;  ///< one line
  std::string_view usage;    ///< behind the command's name
  std::string_view examples; ///< lines, each ending in \n
  std::span<const Option> options;
  std::span<const RetiredOption> retired = {};
  bool takesWords = false;   ///< words that follow no option mean something
};

/// The options that were given. Threading: a value.
class Arguments {
 public:
  [[nodiscard]] bool has(std::string_view option) const { return values_.find(option) != values_.end(); }
  /// All values of an option, in order; those of an option given without its optional value are "".
  [[nodiscard]] const std::vector<std::string>& all(std::string_view option) const;
  /// The value of an option that may be given once. UsageError when it was given more often.
  [[nodiscard]] std::optional<std::string> text(std::string_view option) const;
  [[nodiscard]] std::string textOr(std::string_view option, std::string_view fallback) const;
  /// A whole number of 32 or 64 bits; UsageError for anything else.
  [[nodiscard]] std::optional<std::int32_t> int32(std::string_view option) const;
  [[nodiscard]] std::optional<std::int64_t> int64(std::string_view option) const;
  /// UsageError if the option is missing.
  [[nodiscard]] std::string required(std::string_view option) const;
  /// UsageError if `option` was given together with one of the others.
  void refuse(std::string_view option, std::span<const std::string_view> others) const;
  /// Words that belong to no option.
  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }

 private:
  friend Arguments parseArguments(const Command& command, std::vector<std::string> words);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> words_;
};

/// Reads the words behind a command's name: `--name value`, `--name=value`, an unambiguous beginning of a name, one dash
/// in place of two. --help and --version belong to every command. UsageError for what does not fit.
[[nodiscard]] Arguments parseArguments(const Command& command, std::vector<std::string> words);

/// The options that people are told of, the command's own and those of every command, by name.
[[nodiscard]] std::vector<Option> shownOptions(const Command& command);

/// What --help prints, in at most `width` columns.
[[nodiscard]] std::string helpText(const Command& command, std::string_view calledAs, std::size_t width);

/// The candidate that a mistyped word was most likely meant to be, or an empty view.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "key=value" words as pairs; a word without "=" has an empty value.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parsePairs(const std::vector<std::string>& words);

}  // namespace klamm::tools
