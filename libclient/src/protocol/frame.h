#pragma once
// Requests and responses as they travel on a connection.
//
//     request     | int32 size | api key int16 | version int16 | correlation id int32 | client id | tags (v2) | body |
//     response    | int32 size | correlation id int32 | tags (v1) | body |
//
// "Frame" below is what stands behind the size.

#include <cstdint>
#include <optional>
#include <string>

#include "base/parts.h"
#include "base/result.h"
#include "protocol/api_table.h"
#include "protocol/codec.h"
#include "protocol/headers.h"

namespace klamm::protocol {

/// A request whose header was read. The version need not be one that the API has: ask api->versions.
struct RequestFrame {
  RequestHeader header = {};
  const ApiInfo* api = nullptr;  ///< Null for an API key that Kafka 4.3 does not have; then the body is not set.
  Buffer body = {};
  [[nodiscard]] std::int16_t version() const noexcept { return header.requestApiVersion; }
};

struct ResponseFrame {
  std::int32_t correlationId = 0;
  Buffer body = {};
};

/// Reads the header of a frame that a client sent.
[[nodiscard]] Result<RequestFrame> parseRequest(const Buffer& frame);
/// Reads the header of a frame that answers a request of this API and version.
[[nodiscard]] Result<ResponseFrame> parseResponse(const Buffer& frame, ApiKey api, std::int16_t version);
/// The correlation id of a response frame, before the request it answers is known.
[[nodiscard]] Result<std::int32_t> correlationIdOf(BytesView frame);

/// Size prefix, header and body.
[[nodiscard]] Result<Parts> encodeRequestFrame(ApiKey api, ConstMessage body, std::int16_t version, std::int32_t correlationId,
                                               const std::optional<std::string>& clientId);
[[nodiscard]] Result<Parts> encodeResponseFrame(ApiKey api, ConstMessage body, std::int16_t version, std::int32_t correlationId);

template <class M>
[[nodiscard]] Result<Parts> encodeRequest(const M& request, std::int16_t version, std::int32_t correlationId,
                                          const std::optional<std::string>& clientId) {
  return encodeRequestFrame(M::kApiKey, asMessage(request), version, correlationId, clientId);
}
template <class M>
[[nodiscard]] Result<Parts> encodeResponse(const M& response, std::int16_t version, std::int32_t correlationId) {
  return encodeResponseFrame(M::kApiKey, asMessage(response), version, correlationId);
}

}  // namespace klamm::protocol
