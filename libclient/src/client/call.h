#pragma once
// One request on its way: what NetworkClient carries without knowing its type.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/inline_function.h"
#include "base/parts.h"
#include "base/result.h"
#include "protocol/api_table.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

namespace klamm::client {

struct CallOptions {
  /// From submission to the answer (request.timeout.ms).
  Duration timeout = std::chrono::seconds(30);
  /// Narrows the versions that may be chosen.
  std::int16_t minVersion = 0;
  std::int16_t maxVersion = std::numeric_limits<std::int16_t>::max();
  /// False for Produce with acks=0: completes with a default response once the bytes went to the connection.
  bool expectsResponse = true;
};

using ClientId = std::optional<std::string>;

/// A request, its options and its callback. Exactly one of succeed() and fail() is called, once.
/// Threading: handed from thread to thread, used by one at a time.
class Call {
 public:
  Call(protocol::ApiKey key, protocol::Versions versions, const CallOptions& options) noexcept
      : key_(key),
        options_(options),
        minVersion_(std::max(options.minVersion, versions.first)),
        maxVersion_(std::min(options.maxVersion, versions.last)) {}
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  [[nodiscard]] protocol::ApiKey key() const noexcept { return key_; }
  [[nodiscard]] std::int16_t minVersion() const noexcept { return minVersion_; }
  [[nodiscard]] std::int16_t maxVersion() const noexcept { return maxVersion_; }
  [[nodiscard]] const CallOptions& options() const noexcept { return options_; }

  /// The frame with its length. May be called again, with another version, after a failed attempt.
  [[nodiscard]] virtual Result<Parts> encode(std::int16_t version, std::int32_t correlationId, const ClientId& clientId) = 0;
  /// A large response frame is on its way: this is what is there of it. May come several times before decode(), each time
  /// with more bytes, or not at all.
  virtual void begun(BytesView /*front*/, std::int16_t /*version*/) {}
  /// What decoding told the connection.
  struct Outcome {
    Error broken = {};            ///< set when the response could not be decoded: the connection is of no use any more
    std::int32_t throttleMs = 0;  ///< quiet that the broker asked for
  };
  /// Decodes the response frame (its header included, its length not), without calling back yet.
  [[nodiscard]] virtual Outcome decode(const Buffer& frame, std::int16_t version) = 0;
  /// Calls back with what decode() made.
  virtual void complete() = 0;
  /// Calls back with an error.
  virtual void fail(Error error) = 0;

 private:
  protocol::ApiKey key_;
  CallOptions options_;
  std::int16_t minVersion_;
  std::int16_t maxVersion_;
};

/// What a response goes to; at most 96 bytes of captures.
template <class Request>
using ResponseCallback = InlineFunction<void(Result<typename Request::Response>), 96>;

/// The typed half of a Call. Tests look into request() after a dynamic_cast.
template <class Request>
class TypedCall : public Call {
 public:
  using Response = typename Request::Response;

  TypedCall(const CallOptions& options, ResponseCallback<Request> callback)
      : Call(Request::kApiKey, protocol::apiInfo(Request::kApiKey).stableVersions, options),
        callback_(std::move(callback)) {}

  /// The request for this version.
  [[nodiscard]] virtual Result<const Request*> request(std::int16_t version) = 0;

  [[nodiscard]] Result<Parts> encode(std::int16_t version, std::int32_t correlationId, const ClientId& clientId) final {
    auto built = request(version);
    if (!built) return tl::unexpected<Error>(built.error());
    return protocol::encodeRequest(**built, version, correlationId, clientId);
  }
  [[nodiscard]] Outcome decode(const Buffer& frame, std::int16_t version) final {
    const auto parsed = protocol::parseResponse(frame, Request::kApiKey, version);
    result_ = parsed ? protocol::decode<Response>(parsed->body, version) : tl::unexpected<Error>(parsed.error());
    if (!result_) return {result_.error(), 0};
    if constexpr (requires(Response r) { r.throttleTimeMs; }) return {{}, result_->throttleTimeMs};
    return {};
  }
  void complete() final { callback_(std::move(result_)); }
  void fail(Error error) final { callback_(klamm::fail(std::move(error))); }
  /// What a test answers with.
  void succeed(Response response) { callback_(std::move(response)); }

 private:
  ResponseCallback<Request> callback_;
  Result<Response> result_ = Response{};
};

template <class Request>
class PlainCall final : public TypedCall<Request> {
 public:
  PlainCall(Request request, const CallOptions& options, ResponseCallback<Request> callback)
      : TypedCall<Request>(options, std::move(callback)), request_(std::move(request)) {}
  [[nodiscard]] Result<const Request*> request(std::int16_t) override { return &request_; }

 private:
  Request request_;
};

template <class Request, class Builder>
class BuiltCall final : public TypedCall<Request> {
 public:
  BuiltCall(Builder builder, const CallOptions& options, ResponseCallback<Request> callback)
      : TypedCall<Request>(options, std::move(callback)), builder_(std::move(builder)) {}
  [[nodiscard]] Result<const Request*> request(std::int16_t version) override {
    built_ = builder_(version);
    if (!built_) return tl::unexpected<Error>(built_.error());
    return &*built_;
  }

 private:
  Builder builder_;
  Result<Request> built_ = Request{};
};

template <class Request, class Callback>
[[nodiscard]] std::unique_ptr<Call> makeCall(Request request, const CallOptions& options, Callback&& callback) {
  return std::make_unique<PlainCall<Request>>(std::move(request), options,
                                              ResponseCallback<Request>(std::forward<Callback>(callback)));
}
template <class Request, class Builder, class Callback>
[[nodiscard]] std::unique_ptr<Call> makeBuiltCall(Builder&& builder, const CallOptions& options, Callback&& callback) {
  return std::make_unique<BuiltCall<Request, std::remove_cvref_t<Builder>>>(
      std::forward<Builder>(builder), options, ResponseCallback<Request>(std::forward<Callback>(callback)));
}

}  // namespace klamm::client
