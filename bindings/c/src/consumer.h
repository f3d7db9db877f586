#pragma once

#include <klamm.h>
#include <klamm/detail/consumer_core.h>
#include <memory>

#include "error.h"
#include "handle.h"
#include "partitions.h"
#include "timeout.h"

/// What klamm_consumer_t is. Threading: as ConsumerCore.
struct klamm_consumer : klamm::c::Handle<klamm::c::Kind::Consumer> {
  int callbacks = 0;  // that this consumer is in; the thread of its calls alone looks at it
  std::unique_ptr<klamm::detail::ConsumerCore> core = {};
};

namespace klamm::c {

/// Counts the callback that a consumer is in.
class InCallback {
 public:
  explicit InCallback(klamm_consumer& consumer) noexcept : consumer_(consumer) { ++consumer_.callbacks; }
  ~InCallback() { --consumer_.callbacks; }
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;

 private:
  klamm_consumer& consumer_;
};

[[nodiscard]] inline detail::ConsumerCore::Timeout timeoutOf(std::int64_t milliseconds) noexcept {
  if (milliseconds == KLAMM_DEFAULT_TIMEOUT) return std::nullopt;
  return millis(milliseconds);
}

/// Calls `get(result)` on a consumer and gives its result as a list of C.
template <class Result, class Get>
[[nodiscard]] std::int32_t giveList(klamm_consumer_t* consumer, klamm_partitions_t** out, klamm_error_t** error, Get&& get) noexcept {
  return guarded(consumer, error, [&]() -> Error {
    if (out == nullptr) return illegalArgument("nowhere to put the list");
    Result result;
    if (Error wrong = get(result)) return wrong;
    *out = listOf(result).release();
    return {};
  });
}

}  // namespace klamm::c
