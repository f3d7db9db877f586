#include "protocol/api_table.h"

#include <algorithm>

namespace klamm::protocol {

std::span<const ApiInfo> allApis() noexcept { return detail::kApiRows; }
std::span<const MessageInfo* const> allMessages() noexcept { return detail::kMessageRows; }

const ApiInfo* findApi(std::int16_t key) noexcept {
  const auto rows = allApis();
  if (key < 0) return nullptr;
  // A row stands at its key, or as far in front of it as keys are retired. Every request asks: a search would touch more memory.
  std::size_t at = std::min(static_cast<std::size_t>(key), rows.size() - 1);
  while (at > 0 && rows[at].key > static_cast<ApiKey>(key)) --at;
  return rows[at].key == static_cast<ApiKey>(key) ? &rows[at] : nullptr;
}

const ApiInfo& apiInfo(ApiKey key) noexcept {
  static constexpr ApiInfo kRetired{.name = "(retired)"};
  const ApiInfo* row = findApi(static_cast<std::int16_t>(key));
  return row != nullptr ? *row : kRetired;
}

}  // namespace klamm::protocol
