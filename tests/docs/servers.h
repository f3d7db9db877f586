#pragma once
// The address that "localhost:9092" becomes in the blocks of the pages.

#include <cstdlib>

namespace docs {

inline const char* servers() {
  const char* address = std::getenv("DOCS_SERVERS");
  return address == nullptr ? "localhost:9092" : address;
}

}  // namespace docs
