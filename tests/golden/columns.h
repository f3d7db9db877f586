#pragma once

#include <string>
#include <vector>

namespace klamm::golden {

/// The parts of a line between tabs.
[[nodiscard]] inline std::vector<std::string> columnsOf(const std::string& line) {
  std::vector<std::string> columns;
  std::size_t at = 0;
  for (std::size_t tab; (tab = line.find('\t', at)) != std::string::npos; at = tab + 1) columns.push_back(line.substr(at, tab - at));
  columns.push_back(line.substr(at));
  return columns;
}

}  // namespace klamm::golden
