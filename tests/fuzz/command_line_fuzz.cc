// Words of a command line, one a line, given to every tool; the same lines as records that a person types into the console producer.

#include "common/tools.h"

#include "console/line_reader.h"
#include "fuzz/fuzz.h"
#include "groups/reset.h"

namespace {

using namespace klamm;         // NOLINT(google-build-using-namespace)
using namespace klamm::tools;  // NOLINT(google-build-using-namespace)

const Command* const kCommands[] = {&topicsCommand(), &consoleProducerCommand(), &consoleConsumerCommand(),
                                    &consumerGroupsCommand(), &verifiableProducerCommand(), &verifiableConsumerCommand(),
                                    &producerPerfTestCommand(), &consumerPerfTestCommand(), &dumpLogCommand()};

/// A refusal is a UsageError that says something; nothing else may come out.
template <class Function>
void mayRefuse(Function function) {
  try {
    function();
  } catch (const UsageError& error) {
    fuzz::demand(*error.what() != '\0', "a refusal says nothing");
  }
}

void checkArguments(const Command& command, const std::vector<std::string>& words) {
  mayRefuse([&] {
    const Arguments arguments = parseArguments(command, words);
    std::size_t values = arguments.words().size();
    for (const Option& option : command.options) {
      if (!arguments.has(option.name)) continue;
      values += arguments.all(option.name).size();
      mayRefuse([&] { static_cast<void>(arguments.int32(option.name)); });
      mayRefuse([&] { static_cast<void>(arguments.int64(option.name)); });
      mayRefuse([&] { static_cast<void>(arguments.text(option.name)); });
      mayRefuse([&] { fuzz::demand(parsePairs(arguments.all(option.name)).size() == arguments.all(option.name).size(), "a pair is lost"); });
    }
    fuzz::demand(values <= words.size(), "more values than words");
  });
}

void checkWord(const std::string& word) {
  mayRefuse([&] { static_cast<void>(parseDuration(word)); });
  mayRefuse([&] { static_cast<void>(parseDateTime(word)); });
  mayRefuse([&] { static_cast<void>(parseTopicPartitions(word)); });
  const std::string_view names[] = {"topics", "console-producer", "consumer-groups"};
  const std::string_view guess = nearest(word, names);
  fuzz::demand(guess.empty() || std::find(std::begin(names), std::end(names), guess) != std::end(names), "guessed a word of its own");
}

void checkRecords(std::string_view text, const PropertyMap& properties) {
  std::size_t at = 0;
  LineReader reader([&](char* to, std::size_t size) {
    const std::size_t count = std::min<std::size_t>({size, text.size() - at, 97});  // lines fall across reads
    std::copy_n(text.data() + at, count, to);
    at += count;
    return count;
  });
  mayRefuse([&] {
    LineParser parser(properties);
    while (const auto line = reader.next()) {
      fuzz::demand(line->find_first_of("\r\n") == std::string_view::npos, "a line holds its end");
      try {
        const LineRecord record = parser.parse(*line);
        fuzz::demand(!record.value || record.value->size() <= line->size(), "a value longer than its line");
      } catch (const LineError& error) {
        fuzz::demand(*error.what() != '\0', "a refusal says nothing");
      }
    }
  });
}

}  // namespace

void klamm::fuzz::run(BytesView input) {
  constexpr std::string_view kEnds("\n\0", 2);  // no word of a command line can hold a zero byte
  std::vector<std::string> words;
  std::string_view rest = asText(input);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(kEnds), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const Command* command : kCommands) checkArguments(*command, words);
  for (const std::string& word : words) checkWord(word);
  checkRecords(asText(input), {{"parse.key", "true"}, {"parse.headers", "true"}, {"null.marker", "NULL"}});
  checkRecords(asText(input), {{"parse.key", "true"}, {"key.separator", words.empty() ? ":" : words.front()}, {"ignore.error", "true"}});
}
