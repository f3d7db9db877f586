#include "protocol/api_table.h"

#include <algorithm>

namespace klamm::protocol {

std::span<const ApiInfo> allApis() noexcept { return detail::kApiRows; }
std::span<const MessageInfo* const> allMessages() noexcept { return detail::kMessageRows; }

const ApiInfo* findApi(std::int16_t key) noexcept {
  const auto rows = allApis();
  const auto row = std::lower_bound(rows.begin(), rows.end(), static_cast<ApiKey>(key),
                                    [](const ApiInfo& info, ApiKey wanted) { return info.key < wanted; });
  return row != rows.end() && row->key == static_cast<ApiKey>(key) ? &*row : nullptr;
}

const ApiInfo& apiInfo(ApiKey key) noexcept {
  static constexpr ApiInfo kRetired{.name = "(retired)"};
  const ApiInfo* row = findApi(static_cast<std::int16_t>(key));
  return row != nullptr ? *row : kRetired;
}

}  // namespace klamm::protocol
