#pragma once
// Manual pages of the tools in the language of man(7).

#include <string>

#include "common/catalogue.h"

namespace klamm::tools {

/// klamm(1).
[[nodiscard]] std::string overviewPage();
/// klamm-NAME(1), of a tool that is a program.
[[nodiscard]] std::string toolPage(const Tool& tool);

}  // namespace klamm::tools
