#pragma once
// The sub-commands of klamm: one row each, from which the overview, the completions and the manual pages are made.

#include <span>
#include <string>
#include <string_view>

#include "common/tools.h"

namespace klamm::tools {

/// A row. Threading: immutable.
struct Tool {
  std::string_view name;
  std::string_view summary;  ///< a few words for the overview
  const Command& (*command)() noexcept;
  int (*run)(const Call& call);
};

[[nodiscard]] std::span<const Tool> allTools() noexcept;
/// Null for a name that is none.
[[nodiscard]] const Tool* findTool(std::string_view name) noexcept;

/// "klamm-topics": the program that is the tool alone; empty for one that has none.
[[nodiscard]] std::string programOf(const Tool& tool);

/// A first use of the tools, for whoever wants to see how they go together.
inline constexpr std::string_view kFirstSteps =
    "klamm broker --port 9092\n"
    "klamm topics --bootstrap-server localhost:9092 --create --topic orders --partitions 3\n"
    "klamm console-producer --bootstrap-server localhost:9092 --topic orders < lines.txt\n"
    "klamm console-consumer --bootstrap-server localhost:9092 --topic orders --from-beginning\n";

/// What `klamm` alone prints.
[[nodiscard]] std::string overviewText();

}  // namespace klamm::tools
