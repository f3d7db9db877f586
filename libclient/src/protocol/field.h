#pragma once
// What the schema says about a field and a message, as constant data.

#include <cstdint>
#include <string_view>

namespace klamm::protocol {

/// An inclusive range of versions; first > last is the empty range.
struct Versions {
  std::int16_t first = 0;
  std::int16_t last = 32767;
  [[nodiscard]] constexpr bool contains(int version) const noexcept { return first <= version && version <= last; }
  [[nodiscard]] constexpr bool empty() const noexcept { return first > last; }
  friend constexpr bool operator==(Versions, Versions) noexcept = default;
};
inline constexpr Versions kNoVersions{0, -1};

/// Constant facts of one field. `fields()` of a struct passes one of these with every member.
struct Field {
  std::string_view name = {};           ///< As in C++ and in Kafka's JSON: lower camel case.
  Versions versions = {};               ///< Versions that carry the field.
  Versions nullable = kNoVersions;      ///< Versions that have an encoding for null.
  Versions tagged = kNoVersions;        ///< Versions that carry it in the tag section.
  Versions flexible = {};               ///< Versions in which it follows its message when that is flexible.
  std::int32_t tag = -1;
  bool ignorable = false;               ///< A version without the field drops the value instead of failing.
  bool defaultNull = false;
  std::int64_t defaultNumber = 0;
};

/// Which end of a connection, or which file, a message belongs to.
enum class MessageKind : std::uint8_t { Request, Response, Header, Data, Metadata, CoordinatorKey, CoordinatorValue };

}  // namespace klamm::protocol
