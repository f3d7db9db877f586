#pragma once
// Completion scripts of shells.

#include <string>
#include <string_view>

namespace klamm::tools {

/// The script for "bash", "zsh" or "fish". UsageError for another shell.
[[nodiscard]] std::string completionScript(std::string_view shell);

}  // namespace klamm::tools
