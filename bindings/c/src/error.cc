#include "error.h"

#include <limits>
#include <memory>

namespace klamm::c {
namespace {

const char* nameOf(std::int32_t code) noexcept {
  if (code == KLAMM_OUT_OF_MEMORY) return "OUT_OF_MEMORY";
  if (code == KLAMM_UNEXPECTED) return "UNEXPECTED";
  using Number = std::numeric_limits<std::int16_t>;
  const bool fits = code >= Number::min() && code <= Number::max();
  // Names are literals: there is a NUL behind them.
  return errorName(fits ? static_cast<ErrorCode>(code) : ErrorCode::UnknownServerError).data();
}

std::int32_t hand(klamm_error_t** out, std::int32_t code, klamm_error* object) noexcept {
  *out = object;
  return code;
}

}  // namespace

klamm_error describe(const Error& error) {
  klamm_error described;
  described.code = static_cast<std::int32_t>(error.code());
  described.name = nameOf(described.code);
  described.retriable = error.retriable();
  described.fatal = error.fatal();
  described.message = error.message();
  return described;
}

const klamm_error& outOfMemory() noexcept {
  static const klamm_error object{{}, KLAMM_OUT_OF_MEMORY, nameOf(KLAMM_OUT_OF_MEMORY), false, false, "out of memory"};
  return object;
}

std::int32_t report(klamm_error_t** out, const Error& error) noexcept {
  const auto code = static_cast<std::int32_t>(error.code());
  if (out == nullptr) return code;
  try {
    return hand(out, code, std::make_unique<klamm_error>(describe(error)).release());
  } catch (const std::bad_alloc&) {
    return reportOutOfMemory(out);
  } catch (...) {
    return hand(out, code, nullptr);
  }
}

std::int32_t reportOutOfMemory(klamm_error_t** out) noexcept {
  // Nobody changes it, and klamm_error_free() knows it.
  if (out != nullptr) *out = const_cast<klamm_error*>(&outOfMemory());
  return KLAMM_OUT_OF_MEMORY;
}

std::int32_t reportUnexpected(klamm_error_t** out, const char* what) noexcept {
  if (out == nullptr) return KLAMM_UNEXPECTED;
  try {
    auto object = std::make_unique<klamm_error>();
    object->code = KLAMM_UNEXPECTED;
    object->name = nameOf(KLAMM_UNEXPECTED);
    object->message = what;
    return hand(out, KLAMM_UNEXPECTED, object.release());
  } catch (...) {
    return reportOutOfMemory(out);
  }
}

}  // namespace klamm::c

using klamm::c::isA;

const char* klamm_version(void) { return KLAMM_VERSION; }

int32_t klamm_error_code(const klamm_error_t* error) { return isA(error) ? error->code : KLAMM_OK; }
const char* klamm_error_name(const klamm_error_t* error) { return isA(error) ? error->name : "NONE"; }
const char* klamm_error_message(const klamm_error_t* error) { return isA(error) ? error->message.c_str() : ""; }
int32_t klamm_error_is_retriable(const klamm_error_t* error) { return isA(error) && error->retriable ? 1 : 0; }
int32_t klamm_error_is_fatal(const klamm_error_t* error) { return isA(error) && error->fatal ? 1 : 0; }
void klamm_error_free(klamm_error_t* error) {
  if (isA(error) && error != &klamm::c::outOfMemory()) delete error;
}
const char* klamm_error_code_name(int32_t code) { return klamm::c::nameOf(code); }
