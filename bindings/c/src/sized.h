#pragma once
// Structs that begin with their size: how older and newer programs and libraries understand one another.
//
//     program's  | struct_size | a | b |            what the program left out is zero here
//     library's  | struct_size | a | b | c |
//
//     program's  | struct_size | a | b | c | d |    d must be zero: this library could not do what it asks for
//     library's  | struct_size | a | b | c |

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <klamm.h>

#include "error.h"

namespace klamm::c {

/// The size of a struct in the first version of the library: no program has a smaller one.
template <class T>
inline constexpr std::size_t kFirstSize = 0;
#define KLAMM_FIRST_LAST_FIELD(type, field) \
  template <>                               \
  inline constexpr std::size_t kFirstSize<type> = offsetof(type, field) + sizeof(type::field)
KLAMM_FIRST_LAST_FIELD(klamm_partition_t, metadata);
KLAMM_FIRST_LAST_FIELD(klamm_producer_record_t, user);
KLAMM_FIRST_LAST_FIELD(klamm_delivery_t, partition);
KLAMM_FIRST_LAST_FIELD(klamm_producer_options_t, delivery_queue_limit);
KLAMM_FIRST_LAST_FIELD(klamm_consumer_record_t, reserved);
KLAMM_FIRST_LAST_FIELD(klamm_rebalance_listener_t, user);
KLAMM_FIRST_LAST_FIELD(klamm_new_topic_t, config_count);
KLAMM_FIRST_LAST_FIELD(klamm_admin_options_t, list_internal);
#undef KLAMM_FIRST_LAST_FIELD

/// More than any version will have: such a size was never set.
inline constexpr std::size_t kLargestStruct = 4096;

[[nodiscard]] inline std::size_t sizeOf(const void* sized) noexcept {
  std::size_t size = 0;
  std::memcpy(&size, sized, sizeof size);
  return size;
}

template <class T>
[[nodiscard]] bool isSize(std::size_t size) noexcept {
  static_assert(kFirstSize<T> > 0);
  return size >= kFirstSize<T> && size <= kLargestStruct;
}

/// Reads the struct of `size` bytes at `given`, one of an array perhaps, into ours.
template <class T>
[[nodiscard]] Error readSized(const void* given, std::size_t size, T& ours) {
  if (!isSize<T>(size)) return illegalArgument("struct_size is not that of the struct");
  ours = T{};
  std::memcpy(&ours, given, std::min(size, sizeof(T)));
  const auto* bytes = static_cast<const unsigned char*>(given);
  for (std::size_t at = sizeof(T); at < size; ++at) {
    if (bytes[at] != 0) return Error(ErrorCode::UnsupportedVersion, "a field of the struct is newer than this library");
  }
  ours.struct_size = sizeof(T);
  return {};
}
template <class T>
[[nodiscard]] Error readSized(const T* given, T& ours) {
  if (given == nullptr) return illegalArgument("the struct is NULL");
  return readSized(given, sizeOf(given), ours);
}

/// Writes ours into the caller's struct of `size` bytes; what only the caller knows becomes zero.
template <class T>
void writeSized(const T& ours, void* given, std::size_t size) noexcept {
  std::memcpy(given, &ours, std::min(size, sizeof(T)));
  if (size > sizeof(T)) std::memset(static_cast<unsigned char*>(given) + sizeof(T), 0, size - sizeof(T));
  std::memcpy(given, &size, sizeof size);
}

/// Fills the caller's array from next(), while hasNext(), by the size in its first element. A wrong size is an error and not the
/// end: whoever loops until the end would lose what is left.
template <class T, class HasNext, class Next>
[[nodiscard]] Error fillRows(T* rows, std::size_t capacity, std::size_t* count, HasNext&& hasNext, Next&& next) {
  if (rows == nullptr || count == nullptr) return illegalArgument("rows or count is NULL");
  if (capacity == 0) return illegalArgument("the capacity is 0");
  const std::size_t size = sizeOf(rows);
  if (!isSize<T>(size)) return illegalArgument("struct_size of the first row is not that of the struct");
  auto* at = reinterpret_cast<unsigned char*>(rows);
  std::size_t filled = 0;
  for (; filled < capacity && hasNext(); ++filled, at += size) writeSized<T>(next(), at, size);
  *count = filled;
  return {};
}

}  // namespace klamm::c
