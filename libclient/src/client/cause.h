#pragma once
// One error as the reason of another.

#include <string>

#include <klamm/error.h>

namespace klamm::client {

/// What happened, in a few words: "connecting to localhost:9092: Connection refused". The general sentence of its code comes
/// only where nothing else is known: the error that this goes into has a sentence of its own.
[[nodiscard]] inline std::string causeOf(const Error& error) {
  return error.context().empty() ? error.message() : error.context();
}

}  // namespace klamm::client
