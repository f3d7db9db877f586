#include "groups/tables.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace klamm::tools {
namespace {

constexpr std::string_view kMissing = "-";

template <class T>
std::string orMissing(const std::optional<T>& value) {
  return value ? std::to_string(*value) : std::string(kMissing);
}

/// "orders:0,1;payments:2"
std::string assignmentText(TopicPartitions partitions) {
  std::sort(partitions.begin(), partitions.end());
  std::string text;
  const std::string* topic = nullptr;
  for (const TopicPartition& partition : partitions) {
    if (topic != nullptr && *topic == partition.topic) text.append(",");
    else text.append(text.empty() ? "" : ";").append(partition.topic).append(":");
    text += std::to_string(partition.partition);
    topic = &partition.topic;
  }
  return text;
}

}  // namespace

std::string Table::text(bool padLast, std::string_view behind) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_[i].leastWidth;
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  std::string text;
  const auto line = [&](const auto& cellOf) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool last = i + 1 == columns_.size();
      if (last && !padLast) text += cellOf(i);
      else fmt::format_to(std::back_inserter(text), "{:<{}}", cellOf(i), widths[i]);
      if (!last) text += ' ';
    }
    text.append(behind).append("\n");
  };
  line([this](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) line([&row](std::size_t i) { return std::string_view(row[i]); });
  return text;
}

std::string offsetsTable(const std::string& group, const std::vector<GroupPartition>& partitions, bool verbose) {
  std::vector<Table::Column> columns = {{"GROUP", 15}, {"TOPIC", 15}, {"PARTITION", 10}};
  if (verbose) columns.push_back({"LEADER-EPOCH", 15});
  for (const Table::Column column : {Table::Column{"CURRENT-OFFSET", 15}, {"LOG-END-OFFSET", 15}, {"LAG", 15}, {"CONSUMER-ID", 15}, {"HOST", 15}, {"CLIENT-ID", 0}})
    columns.push_back(column);
  Table table(std::move(columns));
  for (const GroupPartition& partition : partitions) {
    std::optional<std::int64_t> lag;
    if (partition.committed && partition.end) lag = *partition.end - *partition.committed;
    std::vector<std::string> row = {group, partition.topic, std::to_string(partition.partition)};
    if (verbose) row.push_back(orMissing(partition.leaderEpoch));
    for (std::string cell : {orMissing(partition.committed), orMissing(partition.end), orMissing(lag), partition.consumerId, partition.host, partition.clientId})
      row.push_back(std::move(cell));
    table.add(std::move(row));
  }
  return table.text();
}

std::vector<MemberDescription> byPartitions(std::vector<MemberDescription> members) {
  std::stable_sort(members.begin(), members.end(),
                   [](const MemberDescription& a, const MemberDescription& b) { return a.assignment.size() > b.assignment.size(); });
  return members;
}

std::string membersTable(const ConsumerGroupDescription& group, bool verbose) {
  const bool instances = std::any_of(group.members.begin(), group.members.end(), [](const MemberDescription& m) { return m.groupInstanceId.has_value(); });
  std::vector<Table::Column> columns = {{"GROUP", 15}, {"CONSUMER-ID", 15}};
  if (instances) columns.push_back({"GROUP-INSTANCE-ID", 17});
  for (const Table::Column column : {Table::Column{"HOST", 15}, {"CLIENT-ID", 15}, {"#PARTITIONS", 15}}) columns.push_back(column);
  if (verbose)
    for (const Table::Column column : {Table::Column{"CURRENT-EPOCH", 15}, {"CURRENT-ASSIGNMENT", 20}, {"TARGET-EPOCH", 15}, {"TARGET-ASSIGNMENT", 20}})
      columns.push_back(column);
  Table table(std::move(columns));
  for (const MemberDescription& member : byPartitions(group.members)) {
    std::vector<std::string> row = {group.groupId, member.memberId};
    if (instances) row.push_back(member.groupInstanceId.value_or(""));
    for (std::string cell : {member.host, member.clientId, std::to_string(member.assignment.size())}) row.push_back(std::move(cell));
    if (verbose) {
      const std::string current = assignmentText(member.assignment);
      const std::string target = assignmentText(member.targetAssignment);
      for (std::string cell : {orMissing(member.memberEpoch), current.empty() ? std::string(kMissing) : current, orMissing(group.targetAssignmentEpoch),
                               target.empty() ? std::string(kMissing) : target})
        row.push_back(std::move(cell));
    }
    table.add(std::move(row));
  }
  return table.text(true, verbose ? "" : " ");
}

std::string stateTable(const ConsumerGroupDescription& group, bool verbose) {
  std::vector<Table::Column> columns = {{"GROUP", 15}, {"COORDINATOR (ID)", 25}, {"ASSIGNMENT-STRATEGY", 20}, {"STATE", 20}};
  if (verbose)
    for (const Table::Column column : {Table::Column{"GROUP-EPOCH", 15}, {"TARGET-ASSIGNMENT-EPOCH", 25}}) columns.push_back(column);
  columns.push_back({"#MEMBERS", 0});
  Table table(std::move(columns));
  std::vector<std::string> row = {group.groupId, fmt::format("{}:{}  ({})", group.coordinator.host, group.coordinator.port, group.coordinator.id),
                                  group.partitionAssignor.empty() ? std::string(kMissing) : group.partitionAssignor, group.state};
  if (verbose)
    for (std::string cell : {orMissing(group.groupEpoch), orMissing(group.targetAssignmentEpoch)}) row.push_back(std::move(cell));
  row.push_back(std::to_string(group.members.size()));
  table.add(std::move(row));
  return table.text();
}

std::string listTable(const std::vector<GroupListing>& groups, bool types, bool states) {
  if (!types && !states) {
    std::string text;
    for (const GroupListing& group : groups) text.append(group.groupId).append("\n");
    return text;
  }
  std::size_t longest = 15;
  for (const GroupListing& group : groups) longest = std::max(longest, group.groupId.size());
  std::vector<Table::Column> columns = {{"GROUP", longest + 10}};
  if (types) columns.push_back({"TYPE", 20});
  if (states) columns.push_back({"STATE", 20});
  Table table(std::move(columns));
  for (const GroupListing& group : groups) {
    std::vector<std::string> row = {group.groupId};
    if (types) row.push_back(group.type);
    if (states) row.push_back(group.state);
    table.add(std::move(row));
  }
  return table.text(true);
}

}  // namespace klamm::tools
