#pragma once
// A Fetch answer as the connection has it.

#include <cstdint>
#include <variant>
#include <vector>

#include "protocol/01_fetch.h"
#include "protocol/frame.h"

namespace klamm::consumer {

inline constexpr std::int16_t kFetchVersion = 17;

/// Without its length.
inline Buffer frameOf(const protocol::FetchResponse& response, std::int16_t version = kFetchVersion) {
  std::vector<std::byte> bytes;
  const auto frame = protocol::encodeResponse(response, version, 5);
  for (const Part& part : frame->list()) {
    const BytesView view = std::get<Buffer>(part).view();
    bytes.insert(bytes.end(), view.begin(), view.end());
  }
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(std::int32_t));
  return Buffer::adopt(std::move(bytes));
}

}  // namespace klamm::consumer
