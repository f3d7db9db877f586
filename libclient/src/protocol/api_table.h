#pragma once
// Every API that Kafka 4.3 speaks: names, versions, listeners. The rows are generated from schema/*.kdef.

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/api_key.h"
#include "protocol/visitor.h"

namespace klamm::protocol {

inline constexpr std::uint8_t kBrokerListener = 1;
inline constexpr std::uint8_t kControllerListener = 2;

/// Facts about one API. Threading: constant.
struct ApiInfo {
  ApiKey key = {};
  std::string_view name = {};            ///< Kafka's: "Produce".
  Versions versions = kNoVersions;       ///< Every version that the schema describes.
  Versions stableVersions = kNoVersions; ///< Without the newest when that is unstable: what a 4.3.1 broker serves.
  Versions flexible = kNoVersions;       ///< Versions with compact lengths and tagged fields.
  std::uint8_t listeners = 0;            ///< kBrokerListener | kControllerListener.
  bool latestVersionUnstable = false;
  const MessageInfo* request = nullptr;
  const MessageInfo* response = nullptr;

  /// Header versions that belong to a version of the body.
  [[nodiscard]] constexpr std::int16_t requestHeaderVersion(int version) const noexcept { return isFlexible(version) ? 2 : 1; }
  /// ApiVersions is answered with header v0 in every version: the client cannot know yet what the broker speaks.
  [[nodiscard]] constexpr std::int16_t responseHeaderVersion(int version) const noexcept {
    return isFlexible(version) && key != ApiKey::ApiVersions ? 1 : 0;
  }
  /// What a broker announces: the stable versions. Produce is announced from 0, although 0 to 2 are gone, because
  /// librdkafka before 2.6 takes a higher first version for a broker without Produce.
  [[nodiscard]] constexpr Versions announcedVersions() const noexcept {
    return key == ApiKey::Produce ? Versions{0, stableVersions.last} : stableVersions;
  }

 private:
  [[nodiscard]] constexpr bool isFlexible(int version) const noexcept { return !flexible.empty() && version >= flexible.first; }
};

/// All APIs by rising key.
[[nodiscard]] std::span<const ApiInfo> allApis() noexcept;
/// The API with this number on the wire, or null when Kafka 4.3 has none.
[[nodiscard]] const ApiInfo* findApi(std::int16_t key) noexcept;
/// `key` must be one of the enumerators that are not retired.
[[nodiscard]] const ApiInfo& apiInfo(ApiKey key) noexcept;
/// Every message and stored record, for tests and tools that work on all of them.
[[nodiscard]] std::span<const MessageInfo* const> allMessages() noexcept;

namespace detail {
extern const std::span<const ApiInfo> kApiRows;
extern const std::span<const MessageInfo* const> kMessageRows;
}  // namespace detail

}  // namespace klamm::protocol
