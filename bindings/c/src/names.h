#pragma once
// Arrays of texts.

#include <cstddef>
#include <string>
#include <vector>

#include "error.h"

namespace klamm::c {

[[nodiscard]] inline Error namesOf(const char* const* given, std::size_t count, std::vector<std::string>& names) {
  if (given == nullptr && count != 0) return illegalArgument("the names are NULL");
  for (std::size_t i = 0; i < count; ++i) {
    if (given[i] == nullptr) return illegalArgument("a name is NULL");
    names.emplace_back(given[i]);
  }
  return {};
}

}  // namespace klamm::c
