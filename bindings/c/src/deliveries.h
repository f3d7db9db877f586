#pragma once
// Deliveries that wait for somebody to take them.

#include <atomic>
#include <cstddef>
#include <deque>
#include <klamm.h>
#include <klamm/record.h>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "error.h"
#include "handle.h"

/// What klamm_deliveries_t is: rows, and what they point to. Threading: one thread at a time.
struct klamm_deliveries : klamm::c::Handle<klamm::c::Kind::Deliveries> {
  std::vector<klamm_delivery_t> rows = {};
  std::deque<klamm_error> errors = {};  // a deque moves nothing when it grows
  std::set<std::string, std::less<>> topics = {};
  std::size_t read = 0;

  /// Adds a copy of a row whose topic is `topic`.
  void add(klamm_delivery_t row, std::string_view topic, const klamm::Error& error);
};

namespace klamm::c {

/// A delivery without its topic and error object.
[[nodiscard]] inline klamm_delivery_t deliveryOf(const RecordMetadata& sent, const Error& error, void* user) noexcept {
  return {.struct_size = sizeof(klamm_delivery_t),
          .user = user,
          .topic = nullptr,
          .offset = sent.offset,
          .timestamp = sent.timestamp,
          .error = nullptr,
          .error_code = static_cast<std::int32_t>(error.code()),
          .partition = sent.partition};
}

/// Keeps deliveries until they are taken. Bounded by counting records from the send on: enter() says whether there is room.
/// Threading: any thread.
class DeliveryQueue {
 public:
  explicit DeliveryQueue(std::size_t limit) : limit_(limit), filling_(std::make_unique<klamm_deliveries>()) {}

  /// False when so many records are under way or not taken already; else leave() or push() gives the place back.
  [[nodiscard]] bool enter() noexcept;
  void leave(std::size_t count = 1) noexcept { open_.fetch_sub(count, std::memory_order_relaxed); }
  void push(const RecordMetadata& sent, const Error& error, void* user) noexcept;
  /// What is there as soon as something is, or nothing at the deadline. NULL when it is closed and all was taken.
  [[nodiscard]] std::unique_ptr<klamm_deliveries> take(TimePoint deadline);
  /// Nobody waits in take() any more, neither who does now nor who comes later.
  void close() noexcept;

 private:
  [[nodiscard]] bool nothing() const noexcept KLAMM_REQUIRES(mutex_) { return filling_->rows.empty() && lost_ == 0; }

  const std::size_t limit_;
  std::atomic<std::size_t> open_ = 0;
  Mutex mutex_;
  CondVar arrived_;
  bool closed_ KLAMM_GUARDED_BY(mutex_) = false;
  std::size_t waiting_ KLAMM_GUARDED_BY(mutex_) = 0;  // threads in take()
  std::size_t lost_ KLAMM_GUARDED_BY(mutex_) = 0;  // there was no memory to keep them
  std::unique_ptr<klamm_deliveries> filling_ KLAMM_GUARDED_BY(mutex_);
};

}  // namespace klamm::c
