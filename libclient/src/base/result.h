#pragma once
// How functions inside Klamm fail: a value or an Error, never an exception between layers.

#include <klamm/error.h>

#include <tl/expected.hpp>

namespace klamm {

template <class T>
using Result = tl::expected<T, Error>;

/// Success, or why not.
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string context = {}) {
  return tl::unexpected<Error>(Error(code, std::move(context)));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace klamm

#define KLAMM_CONCAT_(a, b) a##b
#define KLAMM_CONCAT(a, b) KLAMM_CONCAT_(a, b)

/// Returns the error of a Status or Result from the enclosing function.
#define KLAMM_TRY(expression)                                                       \
  do {                                                                              \
    if (auto klammStatus = (expression); !klammStatus)                              \
      return tl::unexpected<::klamm::Error>(std::move(klammStatus).error());        \
  } while (false)

#define KLAMM_TRY_ASSIGN_(result, target, expression)                               \
  auto result = (expression);                                                       \
  if (!result) return tl::unexpected<::klamm::Error>(std::move(result).error());    \
  target = *std::move(result)

/// KLAMM_TRY_ASSIGN(auto x, f()): x is the value of f(), or its error is returned.
#define KLAMM_TRY_ASSIGN(target, expression) KLAMM_TRY_ASSIGN_(KLAMM_CONCAT(klammResult, __LINE__), target, expression)
