#pragma once
// The sub-commands of klamm: one row each, from which the overview, the completions and the manual pages are made.

#include <span>
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

/// What `klamm` alone prints.
[[nodiscard]] std::string overviewText();

}  // namespace klamm::tools
