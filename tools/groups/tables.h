#pragma once
// The tables of kafka-consumer-groups, column by column as Kafka prints them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/admin.h>

namespace klamm::tools {

/// Rows of cells; every column is as wide as its widest cell or its least width. Threading: a value.
class Table {
 public:
  struct Column {
    std::string_view title;
    std::size_t leastWidth;  ///< 0: as it comes (the last column)
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// Title and rows, each line ending in \n. `padLast`: the last column is filled up too, with `behind` after it.
  [[nodiscard]] std::string text(bool padLast = false, std::string_view behind = "") const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// A partition of a group: who reads it and how far.
struct GroupPartition {
  std::string topic = {};
  std::int32_t partition = 0;
  std::optional<std::int64_t> committed = {};
  std::optional<std::int32_t> leaderEpoch = {};
  std::optional<std::int64_t> end = {};
  std::string consumerId = "-";
  std::string host = "-";
  std::string clientId = "-";
};

[[nodiscard]] std::string offsetsTable(const std::string& group, const std::vector<GroupPartition>& partitions, bool verbose);
[[nodiscard]] std::string membersTable(const ConsumerGroupDescription& group, bool verbose);
[[nodiscard]] std::string stateTable(const ConsumerGroupDescription& group, bool verbose);
/// `types`, `states`: with these columns; without both the bare names.
[[nodiscard]] std::string listTable(const std::vector<GroupListing>& groups, bool types, bool states);

/// The members by falling number of partitions, as Kafka orders them.
[[nodiscard]] std::vector<MemberDescription> byPartitions(std::vector<MemberDescription> members);

}  // namespace klamm::tools
