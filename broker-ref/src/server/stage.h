#pragma once
// The stages that a connection goes through before its requests are served, and what each of them grants.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace klamm::broker::server {

/// Security protocols as numbered on the wire.
enum class SecurityProtocol : std::int16_t { Plaintext = 0, Ssl = 1, SaslPlaintext = 2, SaslSsl = 3 };

///     accepted --> Negotiating --first request--> Ready                           (plain and TLS listeners)
///                       |
///                       +--ApiVersions, SaslHandshake--> Authenticating --> Ready (SASL listeners)
enum class Stage : std::uint8_t { Negotiating, Authenticating, Ready };

/// What a peer may do in one stage.
struct StageLimits {
  std::size_t maxFrame = 0;
  Duration deadline = {};  ///< for the stage as a whole; Ready has none but the idle limit
};

/// Limits that the broker's configuration sets.
struct ConnectionLimits {
  std::size_t maxFrame = 100 * 1024 * 1024;                   ///< socket.request.max.bytes
  std::size_t maxFrameUnauthenticated = 512 * 1024;           ///< sasl.server.max.receive.size
  Duration idle = std::chrono::minutes(10);                   ///< connections.max.idle.ms
  Duration authentication = std::chrono::seconds(30);
};

[[nodiscard]] constexpr bool authenticates(SecurityProtocol protocol) noexcept {
  return protocol == SecurityProtocol::SaslPlaintext || protocol == SecurityProtocol::SaslSsl;
}

/// A listener without authentication takes any request as the first, as Kafka does; so its frames may be large at once.
[[nodiscard]] constexpr StageLimits limitsOf(Stage stage, SecurityProtocol protocol, const ConnectionLimits& limits) noexcept {
  if (stage == Stage::Ready) return {limits.maxFrame, Duration::max()};
  if (!authenticates(protocol)) return {limits.maxFrame, limits.idle};
  return {limits.maxFrameUnauthenticated, limits.authentication};
}

/// The stage that a request leads to.
[[nodiscard]] constexpr Stage stageAfterRequest(Stage stage, SecurityProtocol protocol) noexcept {
  if (stage == Stage::Negotiating) return authenticates(protocol) ? Stage::Authenticating : Stage::Ready;
  return stage;
}

}  // namespace klamm::broker::server
