#include "protocol/frame.h"

#include "base/bytes.h"

namespace klamm::protocol {
namespace {

/// What stands in front of the client id, whose form depends on it.
constexpr std::size_t kKeyAndVersion = 4;

}  // namespace

Result<RequestFrame> parseRequest(const Buffer& frame) {
  if (frame.size() < kKeyAndVersion) {
    return fail(ErrorCode::InvalidRequest, "a request of " + std::to_string(frame.size()) + " bytes has no header");
  }
  RequestFrame request;
  request.api = findApi(loadBigEndian<std::int16_t>(frame.data()));
  const auto version = loadBigEndian<std::int16_t>(frame.data() + sizeof(std::int16_t));
  // Of an unknown API nobody knows which header it has; v1 holds what an answer or a log line needs.
  const std::int16_t headerVersion = request.api != nullptr ? request.api->requestHeaderVersion(version) : std::int16_t{1};
  auto header = decodePrefix<RequestHeader>(frame, headerVersion);
  if (!header) return fail(ErrorCode::InvalidRequest, header.error().context());
  request.header = std::move(header->message);
  if (request.api != nullptr) request.body = frame.slice(header->bytesRead);
  return request;
}

Result<ResponseFrame> parseResponse(const Buffer& frame, ApiKey api, std::int16_t version) {
  KLAMM_TRY_ASSIGN(const auto header, decodePrefix<ResponseHeader>(frame, apiInfo(api).responseHeaderVersion(version)));
  return ResponseFrame{header.message.correlationId, frame.slice(header.bytesRead)};
}

Result<std::int32_t> correlationIdOf(BytesView frame) {
  if (frame.size() < sizeof(std::int32_t)) {
    return fail(ErrorCode::MalformedResponse, "a response of " + std::to_string(frame.size()) + " bytes has no header");
  }
  return loadBigEndian<std::int32_t>(frame.data());
}

Result<Parts> encodeRequestFrame(ApiKey api, ConstMessage body, std::int16_t version, std::int32_t correlationId,
                                 const std::optional<std::string>& clientId) {
  const RequestHeader header{.requestApiKey = static_cast<std::int16_t>(api), .requestApiVersion = version,
                             .correlationId = correlationId, .clientId = clientId};
  const Encodable parts[] = {{asMessage(header), apiInfo(api).requestHeaderVersion(version)}, {body, version}};
  return encodeAll(parts, {.sizePrefix = true});
}

Result<Parts> encodeResponseFrame(ApiKey api, ConstMessage body, std::int16_t version, std::int32_t correlationId) {
  const ResponseHeader header{.correlationId = correlationId};
  const Encodable parts[] = {{asMessage(header), apiInfo(api).responseHeaderVersion(version)}, {body, version}};
  return encodeAll(parts, {.sizePrefix = true});
}

}  // namespace klamm::protocol
