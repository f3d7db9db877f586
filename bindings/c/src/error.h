#pragma once
// Error objects, and the border that no exception crosses.

#include <cstdint>
#include <exception>
#include <klamm.h>
#include <klamm/error.h>
#include <klamm/exceptions.h>
#include <new>
#include <string>
#include <utility>

#include "handle.h"

/// What klamm_error_t is. Threading: immutable.
struct klamm_error : klamm::c::Handle<klamm::c::Kind::Error> {
  std::int32_t code = KLAMM_OK;
  const char* name = "NONE";
  bool retriable = false;
  bool fatal = false;
  std::string message = {};
};

namespace klamm::c {

[[nodiscard]] klamm_error describe(const Error& error);

/// What stands for an error when there is no memory to tell of it.
[[nodiscard]] const klamm_error& outOfMemory() noexcept;

/// Gives an error to the caller: its code, and its object when somebody asks for it.
[[nodiscard]] std::int32_t report(klamm_error_t** out, const Error& error) noexcept;
[[nodiscard]] std::int32_t reportOutOfMemory(klamm_error_t** out) noexcept;
[[nodiscard]] std::int32_t reportUnexpected(klamm_error_t** out, const char* what) noexcept;

/// Runs a call of C: `body` returns an Error or throws, the caller gets a code.
template <class Body>
[[nodiscard]] std::int32_t guarded(klamm_error_t** out, Body&& body) noexcept {
  if (out != nullptr) *out = nullptr;
  try {
    const Error error = body();
    if (!error) [[likely]] return KLAMM_OK;
    return report(out, error);
  } catch (const KafkaException& e) {
    return report(out, e.error());
  } catch (const std::bad_alloc&) {
    return reportOutOfMemory(out);
  } catch (const std::exception& e) {
    return reportUnexpected(out, e.what());
  } catch (...) {
    return reportUnexpected(out, "an exception without a name");
  }
}

[[nodiscard]] inline Error illegalArgument(const char* what) { return {ErrorCode::IllegalArgument, what}; }

/// The same for a call on a handle.
template <class T, class Body>
[[nodiscard]] std::int32_t guarded(T* handle, klamm_error_t** out, Body&& body) noexcept {
  return guarded(out, [&]() -> Error {
    if (!isA(handle)) return illegalArgument(handle == nullptr ? "the handle is NULL" : "the handle is of another kind, or was freed");
    return body();
  });
}

}  // namespace klamm::c
