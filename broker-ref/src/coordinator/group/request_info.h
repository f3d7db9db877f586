#pragma once
// Who asks, and how.

#include <cstdint>
#include <string>

namespace klamm::broker::coordinator {

/// Threading: a plain value.
struct RequestInfo {
  std::int16_t version = 0;     ///< of the request's API
  std::string clientId = {};
  std::string clientHost = {};  ///< "/127.0.0.1": an address as Java prints it
};

}  // namespace klamm::broker::coordinator
