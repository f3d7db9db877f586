#pragma once
// What every object that C holds begins with, so that a NULL or a handle of another kind is told and not followed.

#include <cstdint>

namespace klamm::c {

/// Arbitrary numbers that are unlikely to stand at the beginning of anything else.
enum class Kind : std::uint32_t {
  Freed = 0,
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

  /// So that a handle that was freed is told as well, until its memory is given out again. A plain store before memory is
  /// freed is one that compilers leave out.
  ~Handle() { *const_cast<volatile Kind*>(&tag) = Kind::Freed; }
};

template <class T>
[[nodiscard]] bool isA(const T* handle) noexcept {
  return handle != nullptr && handle->tag == T::kKind;
}

/// A new object for C; NULL when there is no memory.
template <class T>
[[nodiscard]] T* newHandle() noexcept {
  try {
    return new T;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace klamm::c
