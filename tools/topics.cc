// klamm topics: Kafka's TopicCommand.

#include <algorithm>
#include <charconv>
#include <regex>
#include <set>

#include <fmt/format.h>

#include <klamm/admin.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "topics/describe.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"command-config", Takes::Value, "FILE", "Configurations of the admin client in a .properties file."},
    {"create", Takes::Nothing, "", "Create a topic."},
    {"list", Takes::Nothing, "", "List the topics."},
    {"describe", Takes::Nothing, "", "Show the partitions of topics."},
    {"alter", Takes::Nothing, "", "Change the number of partitions."},
    {"delete", Takes::Nothing, "", "Delete topics."},
    {"topic", Takes::Value, "TOPIC", "The topic; a regular expression except for --create."},
    {"topic-id", Takes::Value, "ID", "The id of the topic to describe."},
    {"partitions", Takes::Value, "N", "Number of partitions; the broker's num.partitions without it."},
    {"replication-factor", Takes::Value, "N", "Replicas of each partition; the broker's default without it."},
    {"replica-assignment", Takes::Value, "1:2,2:3,...", "Brokers of each partition, instead of the two numbers."},
    {"config", Takes::Value, "NAME=VALUE", "A configuration of the new topic; may be given several times."},
    {"if-not-exists", Takes::Nothing, "", "--create: a topic that exists already is no error."},
    {"if-exists", Takes::Nothing, "", "--alter, --delete, --describe: a topic that does not exist is no error."},
    {"exclude-internal", Takes::Nothing, "", "Leave internal topics out."},
    {"under-replicated-partitions", Takes::Nothing, "", "--describe: only partitions that lack replicas in sync."},
    {"unavailable-partitions", Takes::Nothing, "", "--describe: only partitions without a leader."},
    {"under-min-isr-partitions", Takes::Nothing, "", "--describe: only partitions with fewer replicas in sync than min.insync.replicas."},
    {"at-min-isr-partitions", Takes::Nothing, "", "--describe: only partitions with exactly min.insync.replicas replicas in sync."},
    {"topics-with-overrides", Takes::Nothing, "", "--describe: only topics with configurations of their own."},
    {"partition-size-limit-per-response", Takes::Value, "", ""},
    {"delete-config", Takes::Value, "", ""},
};

constexpr RetiredOption kRetired[] = {
    {"zookeeper", "--zookeeper is gone, Kafka has no ZooKeeper any more: use --bootstrap-server HOST:PORT"},
    {"broker-list", "--broker-list was replaced: use --bootstrap-server HOST:PORT"},
    {"force", "--force is gone: nothing is asked"},
    {"disable-rack-aware", "--disable-rack-aware is gone: use --replica-assignment"},
};

constexpr Command kCommand = {
    "topics",
    "Creates, lists, describes, alters and deletes topics.",
    "--bootstrap-server HOST:PORT (--create | --list | --describe | --alter | --delete) [options]",
    "  klamm topics --bootstrap-server localhost:9092 --create --topic orders --partitions 3 --config retention.ms=86400000\n"
    "  klamm topics --bootstrap-server localhost:9092 --describe --topic orders\n"
    "  klamm topics --bootstrap-server localhost:9092 --list --exclude-internal\n",
    kOptions, kRetired};

constexpr std::string_view kActions[] = {"create", "list", "describe", "alter", "delete"};

/// What went wrong as Kafka's tool begins its sentence. Threading: a value.
class TopicError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

void checkCombinations(const Arguments& arguments) {
  if (std::count_if(std::begin(kActions), std::end(kActions), [&](std::string_view action) { return arguments.has(action); }) != 1)
    throw UsageError("Command must include exactly one action: --list, --describe, --create, --alter or --delete");
  if (!arguments.has("bootstrap-server")) throw UsageError("--bootstrap-server must be specified");
  if (arguments.has("alter") && arguments.has("config"))
    throw UsageError("Option combination \"[[bootstrap-server], [config]]\" can't be used with option \"[alter]\" (To alter topic configurations, "
                     "the kafka-configs tool can be used.)");
  if (arguments.has("create") || arguments.has("alter") || arguments.has("delete")) static_cast<void>(arguments.required("topic"));
  if (arguments.has("alter") && !arguments.has("partitions")) throw UsageError("Missing required argument \"[partitions]\"");
  const auto only = [&arguments](std::string_view option, std::initializer_list<std::string_view> actions) {
    std::vector<std::string_view> others;
    for (const std::string_view action : kActions)
      if (std::find(actions.begin(), actions.end(), action) == actions.end()) others.push_back(action);
    arguments.refuse(option, others);
  };
  only("config", {"create"});
  only("partitions", {"create", "alter"});
  only("replication-factor", {"create"});
  only("replica-assignment", {"create", "alter"});
  only("if-not-exists", {"create"});
  only("if-exists", {"alter", "delete", "describe"});
  only("exclude-internal", {"list", "describe"});
  only("topic-id", {"describe"});
  for (const std::string_view filter : {"under-replicated-partitions", "unavailable-partitions", "under-min-isr-partitions",
                                        "at-min-isr-partitions", "topics-with-overrides"})
    only(filter, {"describe"});
  if (arguments.has("create"))
    for (const std::string_view number : {"partitions", "replication-factor"})
      if (arguments.has("replica-assignment") && arguments.has(number))
        throw UsageError(fmt::format("Option \"[replica-assignment]\" can't be used with option \"[{}]\"", number));
  if (arguments.has("delete-config"))
    say("delete-config option is no longer supported and deprecated since version 4.0. The config will be fully removed in future releases.");
}

/// "1:2,2:3": partition 0 on brokers 1 and 2, partition 1 on 2 and 3.
std::vector<std::vector<std::int32_t>> parseAssignment(const std::string& text) {
  std::vector<std::vector<std::int32_t>> assignment(1, std::vector<std::int32_t>());
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    std::int32_t broker = 0;
    const auto [next, error] = std::from_chars(at, end, broker);
    auto& replicas = assignment.back();
    if (error != std::errc() || (next != end && *next != ':' && *next != ','))
      throw TopicError("The replica assignment '" + text + "' is not of the form 1:2,2:3");
    if (std::find(replicas.begin(), replicas.end(), broker) != replicas.end())
      throw TopicError(fmt::format("Partition replica lists may not contain duplicate entries: {}", broker));
    replicas.push_back(broker);
    if (next == end) break;
    if (*next == ',') assignment.emplace_back();
    at = next + 1;
  }
  for (const auto& replicas : assignment)
    if (replicas.size() != assignment.front().size())
      throw TopicError(fmt::format("Partition {} has different replication factor: [{}]", &replicas - assignment.data(), fmt::join(replicas, ", ")));
  return assignment;
}

std::map<std::string, std::string> parseConfigs(const std::vector<std::string>& words) {
  std::map<std::string, std::string> configs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw TopicError("requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".");
    const auto trimmed = [](std::string text) {
      text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
      text.erase(text.find_last_not_of(" \t") + 1);
      return text;
    };
    configs[trimmed(word.substr(0, equals))] = trimmed(word.substr(equals + 1));
  }
  return configs;
}

/// The names of existing topics that --topic asks for; all without it. Java's tool matches the whole name.
std::vector<std::string> matchingTopics(Admin& admin, const Arguments& arguments) {
  const auto pattern = arguments.text("topic");
  std::optional<std::regex> regex;
  try {
    if (pattern) regex.emplace(*pattern, std::regex::ECMAScript);
  } catch (const std::regex_error&) {
    throw TopicError("'" + *pattern + "' is not a regular expression");
  }
  std::vector<std::string> names;
  for (const auto& [name, listing] : admin.listTopics({.listInternal = !arguments.has("exclude-internal")}).get())
    if (!regex || std::regex_match(name, *regex)) names.push_back(name);
  if (names.empty() && pattern && !arguments.has("list") && !arguments.has("if-exists"))
    throw TopicError("Topic '" + *pattern + "' does not exist as expected");
  return names;
}

void create(Admin& admin, const Arguments& arguments) {
  NewTopic topic{.name = arguments.required("topic"), .configs = parseConfigs(arguments.all("config"))};
  const auto partitions = arguments.int32("partitions");
  const auto factor = arguments.int32("replication-factor");
  if (partitions && *partitions < 1) throw TopicError("The partitions must be greater than 0");
  if (factor && (*factor > 32767 || *factor < 1)) throw TopicError("The replication factor must be between 1 and 32767 inclusive");
  if (topic.name.find_first_of("._") != std::string::npos)
    say("WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best "
        "to use either, but not both.");
  topic.partitions = partitions.value_or(-1);
  topic.replicationFactor = static_cast<std::int16_t>(factor.value_or(-1));
  if (const auto assignment = arguments.text("replica-assignment")) {
    const auto replicas = parseAssignment(*assignment);
    for (std::size_t i = 0; i < replicas.size(); ++i) topic.assignments[static_cast<std::int32_t>(i)] = replicas[i];
  }
  const std::string name = topic.name;
  try {
    admin.createTopics({std::move(topic)}).all.get();
    fmt::print("Created topic {}.\n", name);
  } catch (const TopicExistsException&) {
    if (!arguments.has("if-not-exists")) throw;
  }
}

void alter(Admin& admin, const Arguments& arguments) {
  const std::int32_t total = arguments.int32("partitions").value_or(0);
  std::map<std::string, NewPartitions> changes;
  const auto names = matchingTopics(admin, arguments);
  if (names.empty()) return;
  const auto described = admin.describeTopics(names);
  for (const auto& [name, topic] : described.values) {
    NewPartitions change{.totalCount = total};
    const auto existing = topic.get().partitions.size();
    if (const auto assignment = arguments.text("replica-assignment")) {
      auto replicas = parseAssignment(*assignment);
      replicas.erase(replicas.begin(), replicas.begin() + static_cast<std::ptrdiff_t>(std::min(existing, replicas.size())));
      change.assignments = std::move(replicas);
    }
    changes[name] = std::move(change);
  }
  admin.createPartitions(std::move(changes)).all.get();
}

void list(Admin& admin, const Arguments& arguments) {
  Output out;
  for (const std::string& name : matchingTopics(admin, arguments)) out.write(name + "\n");
}

}  // namespace

const Command& topicsCommand() noexcept { return kCommand; }

int runTopics(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  checkCombinations(*arguments);
  Admin admin(adminConfig(*arguments, "klamm-topics"));
  try {
    if (arguments->has("create")) create(admin, *arguments);
    else if (arguments->has("list")) list(admin, *arguments);
    else if (arguments->has("alter")) alter(admin, *arguments);
    else if (arguments->has("delete")) admin.deleteTopics(matchingTopics(admin, *arguments)).all.get();
    else if (const auto id = arguments->text("topic-id")) describeTopicId(admin, *arguments, *id);
    else describeTopics(admin, *arguments, matchingTopics(admin, *arguments));
  } catch (const TopicError& error) {
    say(fmt::format("Error while executing topic command : {}", error.what()));
    return 1;
  } catch (const KafkaException& error) {
    say(fmt::format("Error while executing topic command : {}", error.what()));
    return 1;
  }
  return 0;
}

}  // namespace klamm::tools
