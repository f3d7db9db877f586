#include "groups/reset.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <regex>

#include <fmt/format.h>

#include "common/terminal.h"
#include "groups/tables.h"

namespace klamm::tools {
namespace {

constexpr std::string_view kScenarios[] = {"shift-by", "to-offset", "to-earliest", "to-current", "to-latest", "by-duration", "to-datetime", "from-file"};

using Offsets = std::map<TopicPartition, std::int64_t>;
using Plan = std::map<std::string, Offsets>;  // by group

std::map<TopicPartition, ListedOffset> listed(Admin& admin, const TopicPartitions& partitions, OffsetSpec spec) {
  std::map<TopicPartition, OffsetSpec> wanted;
  for (const TopicPartition& partition : partitions) wanted[partition] = spec;
  std::map<TopicPartition, ListedOffset> offsets;
  for (const auto& [partition, offset] : admin.listOffsets(std::move(wanted)).values) offsets[partition] = offset.get();
  return offsets;
}

/// The partitions that --topic or --all-topics names.
TopicPartitions partitionsInScope(Admin& admin, const Arguments& arguments, const OffsetMap& committed) {
  TopicPartitions partitions;
  if (arguments.has("all-topics")) {
    for (const auto& [partition, offset] : committed) partitions.push_back(partition);
    return partitions;
  }
  std::vector<std::string> whole;
  for (const std::string& word : arguments.all("topic")) {
    const auto [topic, numbers] = parseTopicPartitions(word);
    if (numbers.empty()) whole.push_back(topic);
    for (const std::int32_t number : numbers) partitions.push_back({topic, number});
  }
  if (!whole.empty())
    for (const auto& [name, topic] : admin.describeTopics(whole).values)
      for (const auto& partition : topic.get().partitions) partitions.push_back({name, partition.partition});
  return partitions;
}

/// Offsets outside the log move to its nearer end, with a warning, as Kafka's tool does.
void keepWithinLog(Admin& admin, Offsets& offsets) {
  TopicPartitions partitions;
  for (const auto& [partition, offset] : offsets) partitions.push_back(partition);
  const auto earliest = listed(admin, partitions, OffsetSpec::earliest());
  const auto latest = listed(admin, partitions, OffsetSpec::latest());
  for (auto& [partition, offset] : offsets) {
    const std::int64_t first = earliest.at(partition).offset;
    const std::int64_t end = latest.at(partition).offset;
    if (offset > end) {
      say(fmt::format("WARN: New offset ({}) is higher than latest offset for topic partition {}. Value will be set to {}", offset, partition.toString(), end));
      offset = end;
    } else if (offset < first) {
      say(fmt::format("WARN: New offset ({}) is lower than earliest offset for topic partition {}. Value will be set to {}", offset, partition.toString(), first));
      offset = first;
    }
  }
}

/// The offset of the first record at or after a time; the end of the log where there is none.
Offsets atTime(Admin& admin, const TopicPartitions& partitions, std::int64_t timestamp) {
  Offsets offsets;
  const auto latest = listed(admin, partitions, OffsetSpec::latest());
  for (const auto& [partition, found] : listed(admin, partitions, OffsetSpec::forTimestamp(std::max<std::int64_t>(timestamp, 0)))) {
    offsets[partition] = found.offset >= 0 ? found.offset : latest.at(partition).offset;
    if (found.offset < 0)
      say(fmt::format("\nWarn: Partition {} from topic {} is empty. Falling back to latest known offset.", partition.partition, partition.topic));
  }
  return offsets;
}

Offsets planFor(Admin& admin, const Arguments& arguments, const TopicPartitions& partitions, const OffsetMap& committed) {
  Offsets offsets;
  if (partitions.empty()) return offsets;
  const auto currentOr = [&](OffsetSpec spec) {
    TopicPartitions without;
    for (const TopicPartition& partition : partitions) {
      if (const auto found = committed.find(partition); found != committed.end()) offsets[partition] = found->second.offset;
      else without.push_back(partition);
    }
    if (!without.empty())
      for (const auto& [partition, found] : listed(admin, without, spec)) offsets[partition] = found.offset;
  };
  if (arguments.has("to-earliest") || arguments.has("to-latest")) {
    for (const auto& [partition, found] : listed(admin, partitions, arguments.has("to-earliest") ? OffsetSpec::earliest() : OffsetSpec::latest()))
      offsets[partition] = found.offset;
  } else if (const auto offset = arguments.int64("to-offset")) {
    for (const TopicPartition& partition : partitions) offsets[partition] = *offset;
    keepWithinLog(admin, offsets);
  } else if (const auto shift = arguments.int64("shift-by")) {
    for (const TopicPartition& partition : partitions) {
      const auto found = committed.find(partition);
      if (found == committed.end()) throw UsageError("Cannot shift offset for partition " + partition.toString() + " since there is no current committed offset");
      offsets[partition] = found->second.offset + *shift;
    }
    keepWithinLog(admin, offsets);
  } else if (const auto time = arguments.text("to-datetime")) {
    offsets = atTime(admin, partitions, parseDateTime(*time));
  } else if (const auto duration = arguments.text("by-duration")) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    offsets = atTime(admin, partitions, now - parseDuration(*duration));
  } else {
    currentOr(OffsetSpec::latest());
  }
  return offsets;
}

/// Lines of "topic,partition,offset" or, for several groups, "group,topic,partition,offset".
Plan readPlan(const std::string& path, const std::vector<std::string>& groups) {
  std::ifstream file(path);
  if (!file) throw UsageError("cannot read " + path);
  Plan plan;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ',') fields.emplace_back();
      else if (c != '"') fields.back() += c;
    }
    const bool named = fields.size() == 4;
    TopicPartition partition;
    std::int64_t offset = 0;
    const auto parsed = [](const std::string& text, auto& to) { return std::from_chars(text.data(), text.data() + text.size(), to).ptr == text.data() + text.size() && !text.empty(); };
    if ((!named && (fields.size() != 3 || groups.size() != 1)) || !parsed(fields[fields.size() - 2], partition.partition) || !parsed(fields.back(), offset))
      throw UsageError(fmt::format("{}:{}: a line should be topic,partition,offset", path, number));
    partition.topic = fields[fields.size() - 3];
    plan[named ? fields.front() : groups.front()][partition] = offset;
  }
  return plan;
}

void printPlan(const Plan& plan, bool csv) {
  std::string text;
  if (csv) {
    for (const auto& [group, offsets] : plan)
      for (const auto& [partition, offset] : offsets)
        text += fmt::format("{}{},{},{}\n", plan.size() > 1 ? group + "," : "", partition.topic, partition.partition, offset);
    fmt::print("{}\n", text);
    return;
  }
  Table table({{"GROUP", 15}, {"TOPIC", 15}, {"PARTITION", 10}, {"NEW-OFFSET", 0}});
  for (const auto& [group, offsets] : plan)
    for (const auto& [partition, offset] : offsets) table.add({group, partition.topic, std::to_string(partition.partition), std::to_string(offset)});
  fmt::print("\n{}", table.text());
}

void checkOptions(const Arguments& arguments) {
  if (!arguments.has("execute") && !arguments.has("dry-run"))
    say("WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will require either --dry-run or "
        "--execute to be specified. You should add the --dry-run option explicitly if you are scripting this command and want to keep the "
        "current default behavior without prompting.");
  if (arguments.has("execute") && arguments.has("dry-run")) throw UsageError("Option \"[reset-offsets]\" only accepts one of [execute] and [dry-run]");
  if (!arguments.has("group") && !arguments.has("all-groups")) throw UsageError("Option [reset-offsets] takes one of these options: [group], [all-groups]");
  const auto chosen = std::count_if(std::begin(kScenarios), std::end(kScenarios), [&](std::string_view scenario) { return arguments.has(scenario); });
  if (chosen == 0)
    throw UsageError("Option '[reset-offsets]' requires one of the following scenarios: [[shift-by], [to-offset], [to-earliest], [to-current], "
                     "[to-latest], [by-duration], [to-datetime], [from-file]]");
  if (chosen > 1) throw UsageError("only one of --shift-by, --to-offset, --to-earliest, --to-current, --to-latest, --by-duration, --to-datetime and --from-file may be given");
  if (!arguments.has("from-file") && !arguments.has("topic") && !arguments.has("all-topics"))
    throw UsageError("One of the reset scopes should be defined: --all-topics, --topic.");
}

}  // namespace

bool resetOffsets(Admin& admin, const Arguments& arguments) {
  checkOptions(arguments);
  std::vector<std::string> groups = arguments.all("group");
  if (arguments.has("all-groups"))
    for (const GroupListing& group : admin.listConsumerGroups().get()) groups.push_back(group.groupId);
  Plan fromFile;
  if (const auto path = arguments.text("from-file")) fromFile = readPlan(*path, groups);
  Plan plan;
  bool fine = true;
  for (const auto& [group, description] : admin.describeConsumerGroups(groups).values) {
    std::string state = "Empty";  // a group that does not exist yet may be given offsets
    try {
      state = description.get().state;
    } catch (const GroupIdNotFoundException&) {
    }
    if (state != "Empty" && state != "Dead") {
      say(fmt::format("\nError: Assignments can only be reset if the group '{}' is inactive, but the current state is {}.", group, state));
      fine = false;
      continue;
    }
    OffsetMap committed;
    for (const auto& [name, offsets] : admin.listConsumerGroupOffsets({{group, std::nullopt}}).values) committed = offsets.get();
    Offsets offsets = arguments.has("from-file") ? fromFile[group] : planFor(admin, arguments, partitionsInScope(admin, arguments, committed), committed);
    if (arguments.has("from-file") && !offsets.empty()) keepWithinLog(admin, offsets);
    if (arguments.has("execute")) {
      OffsetMap changes;
      for (const auto& [partition, offset] : offsets) changes[partition] = {.offset = offset};
      if (!changes.empty()) admin.alterConsumerGroupOffsets(group, std::move(changes)).all.get();
    }
    plan[group] = std::move(offsets);
  }
  printPlan(plan, arguments.has("export"));
  return fine;
}

std::int64_t parseDuration(const std::string& text) {
  static const std::regex form("([-+]?)P(?:([-+]?[0-9]+)D)?(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+(?:\\.[0-9]{0,9})?)S)?)?");
  std::smatch parts;
  const bool fits = std::regex_match(text, parts, form) && (parts[2].matched || parts[4].matched || parts[5].matched || parts[6].matched) &&
                    (!parts[3].matched || parts[3].length() > 1);
  if (!fits) throw UsageError("'" + text + "' is not a duration of the form PnDTnHnMnS");
  const auto number = [&parts](std::size_t i) { return parts[i].matched ? std::strtod(parts[i].str().c_str(), nullptr) : 0.0; };
  const double seconds = number(2) * 86400 + number(4) * 3600 + number(5) * 60 + number(6);
  if (std::abs(seconds) > 1e12) throw UsageError("'" + text + "' is too long");
  return static_cast<std::int64_t>((parts[1] == "-" ? -seconds : seconds) * 1000);
}

std::int64_t parseDateTime(const std::string& text) {
  static const std::regex form("([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]{1,3}))?(Z|[-+][0-9]{2}:?[0-9]{2})?");
  std::smatch parts;
  if (!std::regex_match(text, parts, form)) throw UsageError("'" + text + "' is not a time of the form YYYY-MM-DDTHH:mm:ss.sss");
  std::tm time = {};
  time.tm_year = std::stoi(parts[1]) - 1900;
  time.tm_mon = std::stoi(parts[2]) - 1;
  time.tm_mday = std::stoi(parts[3]);
  time.tm_hour = std::stoi(parts[4]);
  time.tm_min = std::stoi(parts[5]);
  time.tm_sec = std::stoi(parts[6]);
  time.tm_isdst = -1;
  std::int64_t millis = 0;
  if (parts[7].matched) millis = std::stoi((parts[7].str() + "00").substr(0, 3));
  if (!parts[8].matched) return static_cast<std::int64_t>(std::mktime(&time)) * 1000 + millis;
  std::int64_t offset = 0;
  if (const std::string zone = parts[8]; zone != "Z") {
    offset = std::stoi(zone.substr(1, 2)) * 3600 + std::stoi(zone.substr(zone.size() - 2)) * 60;
    if (zone.front() == '-') offset = -offset;
  }
  return (static_cast<std::int64_t>(timegm(&time)) - offset) * 1000 + millis;
}

std::pair<std::string, std::vector<std::int32_t>> parseTopicPartitions(const std::string& text) {
  const std::size_t colon = text.find(':');
  std::pair<std::string, std::vector<std::int32_t>> result{text.substr(0, colon), {}};
  if (colon == std::string::npos) return result;
  const char* at = text.data() + colon + 1;
  const char* const end = text.data() + text.size();
  for (;;) {
    std::int32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 0 || (next != end && *next != ',')) throw UsageError("'" + text + "' is not of the form topic:0,1,2");
    result.second.push_back(number);
    if (next == end) return result;
    at = next + 1;
  }
}

}  // namespace klamm::tools
