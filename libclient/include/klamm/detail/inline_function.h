#pragma once
// A move-only callable that never allocates: what callbacks are kept in on the hot path.

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

namespace [[gnu::visibility("default")]] klamm {
namespace detail {

template <class Signature, std::size_t Capacity = 64>
class InlineFunction;

/// Holds a callable of at most Capacity bytes, aligned no stricter than a pointer, in place; another one does not compile
/// (capture a pointer to it instead).
/// Threading: a value.
template <class R, class... Args, std::size_t Capacity>
class InlineFunction<R(Args...), Capacity> {
 public:
  InlineFunction() noexcept = default;
  InlineFunction(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor)

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, InlineFunction> && std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  InlineFunction(F&& callable) {  // NOLINT(google-explicit-constructor)
    using Held = std::remove_cvref_t<F>;
    static_assert(sizeof(Held) <= Capacity, "the callable is too large: capture a pointer or a shared_ptr");
    static_assert(alignof(Held) <= kAlignment, "the callable asks for more alignment than a pointer");
    static_assert(std::is_nothrow_move_constructible_v<Held>);
    ::new (static_cast<void*>(storage_)) Held(std::forward<F>(callable));
    static constexpr Table table{
        [](void* self, Args... args) -> R { return std::invoke(*static_cast<Held*>(self), std::forward<Args>(args)...); },
        [](void* from, void* to) noexcept {
          if (to != nullptr) ::new (to) Held(std::move(*static_cast<Held*>(from)));
          static_cast<Held*>(from)->~Held();
        },
        std::is_trivially_copyable_v<Held>};
    table_ = &table;
  }
  InlineFunction(InlineFunction&& other) noexcept { takeFrom(other); }
  InlineFunction& operator=(InlineFunction&& other) noexcept {
    if (this != &other) {
      reset();
      takeFrom(other);
    }
    return *this;
  }
  InlineFunction(const InlineFunction&) = delete;
  InlineFunction& operator=(const InlineFunction&) = delete;
  ~InlineFunction() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return table_ != nullptr; }
  R operator()(Args... args) { return table_->call(storage_, std::forward<Args>(args)...); }

 private:
  struct Table {
    R (*call)(void*, Args...);
    void (*relocate)(void* from, void* to) noexcept;  ///< moves to `to`, or destroys when it is null
    bool isTrivial;  ///< copying its bytes moves it, and nothing destroys it: no call is needed, which costs more than the copy
  };
  /// That of a pointer: with that of long double every callable would take up to 8 bytes more.
  static constexpr std::size_t kAlignment = alignof(void*);

  void takeFrom(InlineFunction& other) noexcept {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ == nullptr) return;
    if (table_->isTrivial) std::memcpy(storage_, other.storage_, Capacity);
    else table_->relocate(other.storage_, storage_);
  }
  void reset() noexcept {
    const Table* table = std::exchange(table_, nullptr);
    if (table != nullptr && !table->isTrivial) table->relocate(storage_, nullptr);
  }

  alignas(kAlignment) std::byte storage_[Capacity];
  const Table* table_ = nullptr;
};

}  // namespace detail
}  // namespace klamm
