#pragma once
// What versions of each API a broker serves.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "protocol/18_api_versions.h"
#include "protocol/api_table.h"

namespace klamm::client {

/// The answer of ApiVersions. Threading: immutable.
class NodeVersions {
 public:
  explicit NodeVersions(const protocol::ApiVersionsResponse& response);

  /// The highest version in [lowest, highest] that the broker serves too; UnsupportedVersion says what each side has.
  [[nodiscard]] Result<std::int16_t> choose(protocol::ApiKey key, std::int16_t lowest, std::int16_t highest) const;
  /// The highest version that both sides know.
  [[nodiscard]] Result<std::int16_t> choose(protocol::ApiKey key) const;

 private:
  struct Range {
    std::int16_t min;
    std::int16_t max;
  };
  std::vector<std::optional<Range>> ranges_;  ///< by API key: looked up for every request
};

}  // namespace klamm::client
