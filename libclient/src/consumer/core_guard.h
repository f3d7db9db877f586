#pragma once
// Lets one thread at a time into a consumer.

#include "consumer/core.h"

namespace klamm::consumer {

/// The same thread may enter again: listeners and callbacks call the consumer. Threading: made and destroyed by one thread.
class Core::Guard {
 public:
  explicit Guard(Core& core) : core_(core) {
    const std::thread::id self = std::this_thread::get_id();
    std::thread::id nobody{};
    if (core.user_.load(std::memory_order_relaxed) != self && !core.user_.compare_exchange_strong(nobody, self, std::memory_order_acquire)) {
      error_ = Error(ErrorCode::ConcurrentModification, "the consumer is not safe for use by several threads");
      return;
    }
    ++core.depth_;
    entered_ = true;
    if (core.closed_) error_ = Error(ErrorCode::Closed, "this consumer has already been closed");
  }
  ~Guard() {
    if (entered_ && --core_.depth_ == 0) core_.user_.store({}, std::memory_order_release);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  /// Why the call may not go on, if so.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Core& core_;
  bool entered_ = false;
  Error error_;
};

}  // namespace klamm::consumer
