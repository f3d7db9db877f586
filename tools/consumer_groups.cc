// klamm consumer-groups: Kafka's ConsumerGroupCommand.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <klamm/admin.h>

#include "common/client_config.h"
#include "common/terminal.h"
#include "common/tools.h"
#include "groups/reset.h"
#include "groups/tables.h"

namespace klamm::tools {
namespace {

constexpr Option kOptions[] = {
    {"bootstrap-server", Takes::Value, "HOST:PORT,...", "The brokers to connect to first. Required."},
    {"command-config", Takes::Value, "FILE", "Configurations of the admin client in a .properties file."},
    {"list", Takes::Nothing, "", "List the consumer groups."},
    {"describe", Takes::Nothing, "", "Show a group: its offsets, members or state."},
    {"delete", Takes::Nothing, "", "Delete groups that have no members."},
    {"reset-offsets", Takes::Nothing, "", "Plan new offsets for a group without members; set them with --execute."},
    {"delete-offsets", Takes::Nothing, "", "Delete the offsets of a group for the topics named."},
    {"group", Takes::Value, "GROUP", "The group; may be given several times."},
    {"all-groups", Takes::Nothing, "", "All groups."},
    {"offsets", Takes::Nothing, "", "--describe: offsets and lag of each partition. This is what is shown without another choice."},
    {"members", Takes::Nothing, "", "--describe: the members."},
    {"state", Takes::OptionalValue, "STATE,...", "--describe: the state. --list: show states, or only groups in these."},
    {"type", Takes::OptionalValue, "TYPE,...", "--list: show types, or only groups of these: classic, consumer."},
    {"verbose", Takes::Nothing, "", "--describe: more columns."},
    {"timeout", Takes::Value, "MS", "Time limit (default: default.api.timeout.ms of the client's configuration, else 30000)."},
    {"topic", Takes::Value, "TOPIC[:0,1,...]", "--reset-offsets, --delete-offsets: the topic, or some of its partitions."},
    {"all-topics", Takes::Nothing, "", "--reset-offsets: all topics that the group has offsets of."},
    {"to-earliest", Takes::Nothing, "", "--reset-offsets: to the beginning."},
    {"to-latest", Takes::Nothing, "", "--reset-offsets: to the end."},
    {"to-current", Takes::Nothing, "", "--reset-offsets: to what is committed."},
    {"to-offset", Takes::Value, "OFFSET", "--reset-offsets: to this offset."},
    {"shift-by", Takes::Value, "N", "--reset-offsets: forwards, or backwards when negative."},
    {"to-datetime", Takes::Value, "TIME", "--reset-offsets: to a time, YYYY-MM-DDTHH:mm:ss.sss."},
    {"by-duration", Takes::Value, "PnDTnHnMnS", "--reset-offsets: to so long before now."},
    {"from-file", Takes::Value, "FILE", "--reset-offsets: to the offsets in a CSV file (see --export)."},
    {"dry-run", Takes::Nothing, "", "--reset-offsets: only show the new offsets."},
    {"execute", Takes::Nothing, "", "--reset-offsets: set the new offsets."},
    {"export", Takes::Nothing, "", "--reset-offsets: show the new offsets as CSV."},
    {"validate-regex", Takes::Value, "", ""},
};

constexpr RetiredOption kRetired[] = {
    {"zookeeper", "--zookeeper is gone, Kafka has no ZooKeeper any more: use --bootstrap-server HOST:PORT"},
    {"broker-list", "--broker-list was replaced: use --bootstrap-server HOST:PORT"},
    {"new-consumer", "--new-consumer is gone: all groups are those of the one consumer"},
};

constexpr Command kCommand = {
    "consumer-groups",
    "Lists and describes consumer groups, resets and deletes their offsets.",
    "--bootstrap-server HOST:PORT (--list | --describe | --delete | --reset-offsets | --delete-offsets) [options]",
    "  klamm consumer-groups --bootstrap-server localhost:9092 --list --state\n"
    "  klamm consumer-groups --bootstrap-server localhost:9092 --describe --group billing --members\n"
    "  klamm consumer-groups --bootstrap-server localhost:9092 --reset-offsets --group billing --topic orders --to-earliest --execute\n",
    kOptions, kRetired};

constexpr std::string_view kActions[] = {"list", "describe", "delete", "reset-offsets", "delete-offsets"};
constexpr std::string_view kStates[] = {"Dead", "CompletingRebalance", "Reconciling", "Assigning", "Stable", "PreparingRebalance", "Empty"};
constexpr std::string_view kTypes[] = {"Consumer", "Classic", "Share", "Streams"};

void checkCombinations(const Arguments& arguments) {
  static_cast<void>(arguments.required("bootstrap-server"));
  if (arguments.has("validate-regex")) throw UsageError("--validate-regex is not supported: the pattern of a subscription is checked by the broker");
  const auto count = std::count_if(std::begin(kActions), std::end(kActions), [&](std::string_view action) { return arguments.has(action); });
  if (arguments.has("describe")) {
    if (arguments.has("group") == arguments.has("all-groups")) throw UsageError("Option [describe] takes one of these options: [group], [all-groups]");
    if (arguments.has("members") + arguments.has("offsets") + arguments.has("state") > 1)
      throw UsageError("Option [describe] takes at most one of these options: [members], [offsets], [state]");
    if (arguments.has("state") && !arguments.all("state").front().empty()) throw UsageError("Option [describe] does not take a value for [state]");
  }
  if (count != 1)
    throw UsageError("Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets");
  if (arguments.has("delete") && !arguments.has("group") && !arguments.has("all-groups"))
    throw UsageError("Option [delete] takes one of these options: [group], [all-groups]");
  if (arguments.has("delete-offsets") && (!arguments.has("group") || !arguments.has("topic")))
    throw UsageError("Option [delete-offsets] takes the following options: [topic], [group]");
}

/// Without --timeout the configuration decides.
AdminOptions limits(const Arguments& arguments) {
  const auto timeout = arguments.int64("timeout");
  return {.timeout = timeout ? std::optional(Millis(*timeout)) : std::nullopt};
}

/// The configuration of the admin client; where it sets no time limit, Kafka's tool has one of 30 s.
Config groupsConfig(const Arguments& arguments) {
  Config config = adminConfig(arguments, "klamm-consumer-groups");
  if (!config.has("default.api.timeout.ms") && !config.has("request.timeout.ms")) config.set("default.api.timeout.ms", "30000");
  return config;
}

/// Letters in lower case, without blanks and underscores: how states and types are compared.
std::string plain(std::string_view text) {
  std::string copy;
  for (const char c : text)
    if (c != ' ' && c != '_') copy += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return copy;
}

/// The known word that is meant, as Kafka spells it, or an empty view.
std::string_view knownAs(std::string_view word, std::span<const std::string_view> known) {
  const auto found = std::find_if(known.begin(), known.end(), [&](std::string_view name) { return plain(name) == plain(word); });
  return found == known.end() ? std::string_view() : *found;
}

/// The words of "stable,empty", each as Kafka spells it.
std::vector<std::string> chosenAmong(const Arguments& arguments, std::string_view option, std::span<const std::string_view> known) {
  std::vector<std::string> chosen;
  const std::string text = arguments.textOr(option, "");
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = knownAs(text.substr(begin, end - begin), known);
    begin = end + 1;
    if (name.empty()) throw UsageError(fmt::format("Invalid {} list '{}'. Valid {}s are: {}", option, text, option, fmt::join(known, ", ")));
    chosen.emplace_back(name);
  }
  return chosen;
}

void list(Admin& admin, const Arguments& arguments) {
  AdminOptions options = limits(arguments);
  options.groupStates = chosenAmong(arguments, "state", kStates);
  options.groupTypes = chosenAmong(arguments, "type", kTypes);
  auto groups = admin.listConsumerGroups(options).get();
  for (GroupListing& group : groups)  // brokers say "classic"
    if (const std::string_view type = knownAs(group.type, kTypes); !type.empty()) group.type = type;
  fmt::print("{}", listTable(groups, arguments.has("type"), arguments.has("state")));
}

/// Tells on standard error what a person should know of the group's state. True when there is a table to print.
bool explainState(const ConsumerGroupDescription& group, std::size_t rows) {
  if (group.state == "Dead") say(fmt::format("\nError: Consumer group '{}' does not exist.", group.groupId));
  else if (group.state == "Empty") say(fmt::format("\nConsumer group '{}' has no active members.", group.groupId));
  else if (group.state != "Stable") say(fmt::format("\nWarning: Consumer group '{}' is rebalancing.", group.groupId));
  return group.state != "Dead" && rows > 0;
}

/// One row for each assigned partition by member, then for those that only have an offset.
std::vector<GroupPartition> partitionsOf(const ConsumerGroupDescription& group, const OffsetMap& committed) {
  std::vector<GroupPartition> rows;
  std::set<TopicPartition> assigned;
  const auto add = [&](const TopicPartition& partition) -> GroupPartition& {
    GroupPartition& row = rows.emplace_back();
    row.topic = partition.topic;
    row.partition = partition.partition;
    if (const auto found = committed.find(partition); found != committed.end()) {
      row.committed = found->second.offset;
      row.leaderEpoch = found->second.leaderEpoch;
    }
    return row;
  };
  for (MemberDescription& member : byPartitions(group.members)) {
    std::sort(member.assignment.begin(), member.assignment.end());
    for (const TopicPartition& partition : member.assignment) {
      assigned.insert(partition);
      GroupPartition& row = add(partition);
      row.consumerId = member.memberId;
      row.host = member.host;
      row.clientId = member.clientId;
    }
  }
  for (const auto& [partition, offset] : committed)
    if (!assigned.contains(partition)) add(partition);
  return rows;
}

void fillEnds(Admin& admin, const AdminOptions& options, std::vector<GroupPartition>& rows) {
  std::map<TopicPartition, OffsetSpec> wanted;
  for (const GroupPartition& row : rows) wanted[{row.topic, row.partition}] = OffsetSpec::latest();
  if (wanted.empty()) return;
  const auto ends = admin.listOffsets(std::move(wanted), options);
  for (GroupPartition& row : rows) {
    try {
      row.end = ends.values.at({row.topic, row.partition}).get().offset;
    } catch (const KafkaException&) {
      // The topic may be gone while its offsets are still kept: the column stays empty.
    }
  }
}

bool describe(Admin& admin, const Arguments& arguments) {
  const AdminOptions options = limits(arguments);
  std::vector<std::string> groups = arguments.all("group");
  if (arguments.has("all-groups"))
    for (const GroupListing& group : admin.listConsumerGroups(options).get()) groups.push_back(group.groupId);
  bool fine = true;
  const bool verbose = arguments.has("verbose");
  const auto described = admin.describeConsumerGroups(groups, options);
  for (const auto& [name, future] : described.values) {
    try {
      const ConsumerGroupDescription group = future.get();
      std::string table;
      if (arguments.has("members")) {
        if (explainState(group, 1)) table = membersTable(group, verbose);
      } else if (arguments.has("state")) {
        if (explainState(group, 1)) table = stateTable(group, verbose);
      } else {
        OffsetMap committed;
        for (const auto& [key, offsets] : admin.listConsumerGroupOffsets({{name, std::nullopt}}, options).values) committed = offsets.get();
        auto rows = partitionsOf(group, committed);
        fillEnds(admin, options, rows);
        if (explainState(group, rows.size())) table = offsetsTable(name, rows, verbose);
      }
      if (!table.empty()) fmt::print("\n{}", table);
    } catch (const GroupIdNotFoundException&) {
      say(fmt::format("\nError: Consumer group '{}' does not exist.", name));
      fine = false;
    }
  }
  return fine;
}

bool deleteGroups(Admin& admin, const Arguments& arguments) {
  std::vector<std::string> groups = arguments.all("group");
  if (arguments.has("all-groups"))
    for (const GroupListing& group : admin.listConsumerGroups(limits(arguments)).get()) groups.push_back(group.groupId);
  std::vector<std::string> deleted;
  std::string failures;
  for (const auto& [name, result] : admin.deleteConsumerGroups(groups, limits(arguments)).values) {
    try {
      result.get();
      deleted.push_back("'" + name + "'");
    } catch (const KafkaException& error) {
      failures += fmt::format("* Group '{}' could not be deleted due to: {}\n", name, error.what());
    }
  }
  if (failures.empty()) {
    fmt::print("Deletion of requested consumer groups ({}) was successful.\n", fmt::join(deleted, ", "));
    return true;
  }
  fmt::print(stderr, "\nError: Deletion of some consumer groups failed:\n{}", failures);
  if (!deleted.empty()) fmt::print("\nThese consumer groups were deleted successfully: {}\n", fmt::join(deleted, ", "));
  return false;
}

bool deleteOffsets(Admin& admin, const Arguments& arguments) {
  const std::string group = arguments.required("group");
  TopicPartitions partitions;
  Table table({{"TOPIC", 15}, {"PARTITION", 10}, {"STATUS", 15}});
  bool fine = true;
  for (const std::string& word : arguments.all("topic")) {
    const auto [topic, numbers] = parseTopicPartitions(word);
    for (const std::int32_t number : numbers) partitions.push_back({topic, number});
    if (!numbers.empty()) continue;
    try {
      const TopicDescription described = admin.describeTopics({topic}, limits(arguments)).values.at(topic).get();
      for (const auto& partition : described.partitions) partitions.push_back({topic, partition.partition});
    } catch (const KafkaException& error) {
      table.add({topic, "-", fmt::format("Error: {}", error.what())});
      fine = false;
    }
  }
  if (!partitions.empty()) {
    for (const auto& [partition, result] : admin.deleteConsumerGroupOffsets(group, partitions, limits(arguments)).values) {
      std::string status = "Successful";
      try {
        result.get();
      } catch (const KafkaException& error) {
        status = fmt::format("Error: {}", error.what());
        fine = false;
      }
      table.add({partition.topic, std::to_string(partition.partition), status});
    }
  }
  if (fine) fmt::print("Request succeeded for deleting offsets from group {}.\n\n{}", group, table.text(true));
  else fmt::print("Encountered some partition-level error, see the follow-up details.\n\n{}", table.text(true));
  return fine;
}

}  // namespace

const Command& consumerGroupsCommand() noexcept { return kCommand; }

int runConsumerGroups(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  checkCombinations(*arguments);
  Admin admin(groupsConfig(*arguments));
  bool fine = true;
  try {
    if (arguments->has("list")) list(admin, *arguments);
    else if (arguments->has("describe")) fine = describe(admin, *arguments);
    else if (arguments->has("delete")) fine = deleteGroups(admin, *arguments);
    else if (arguments->has("delete-offsets")) fine = deleteOffsets(admin, *arguments);
    else fine = resetOffsets(admin, *arguments);
  } catch (const KafkaException& error) {
    say(fmt::format("\nError: Executing consumer group command failed due to {}", error.what()));
    return 1;
  }
  return fine ? 0 : 1;
}

}  // namespace klamm::tools
