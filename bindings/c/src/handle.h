#pragma once
// What every object that C holds begins with, so that a NULL or a handle of another kind is told and not followed.

#include <cstdint>

namespace klamm::c {

/// Arbitrary numbers that are unlikely to stand at the beginning of anything else.
enum class Kind : std::uint32_t {
  Error = 0x6b6c6d01,
  Config,
  Partitions,
  Producer,
  Deliveries,
  Consumer,
  Records,
  Admin,
  Topics,
};

/// Threading: immutable.
template <Kind kind>
struct Handle {
  static constexpr Kind kKind = kind;
  Kind tag = kind;
};

template <class T>
[[nodiscard]] bool isA(const T* handle) noexcept {
  return handle != nullptr && handle->tag == T::kKind;
}

}  // namespace klamm::c
