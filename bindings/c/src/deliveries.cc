#include "deliveries.h"

#include <utility>

#include "sized.h"

using namespace klamm;

void klamm_deliveries::add(klamm_delivery_t row, std::string_view topic, const Error& error) {
  // Records mostly go to one topic: then its text is that of the row before.
  if (!rows.empty() && rows.back().topic == topic) row.topic = rows.back().topic;
  else row.topic = topics.emplace(topic).first->c_str();
  if (error) row.error = &errors.emplace_back(c::describe(error));
  rows.push_back(row);
}

namespace klamm::c {

bool DeliveryQueue::enter() noexcept {
  if (open_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
  leave();
  return false;
}

void DeliveryQueue::push(const RecordMetadata& sent, const Error& error, void* user) noexcept {
  const MutexLock lock(mutex_);
  const bool first = nothing();  // whoever is woken takes all, and who waits beside him sees the next first one
  try {
    filling_->add(deliveryOf(sent, error, user), sent.topic, error);
  } catch (...) {
    ++lost_;
  }
  if (first && waiting_ > 0) arrived_.notifyOne();
}

std::unique_ptr<klamm_deliveries> DeliveryQueue::take(TimePoint deadline) {
  auto next = std::make_unique<klamm_deliveries>();
  const MutexLock lock(mutex_);
  ++waiting_;
  arrived_.waitUntil(mutex_, deadline, [this]() KLAMM_REQUIRES(mutex_) { return closed_ || !nothing(); });
  --waiting_;
  if (const std::size_t lost = std::exchange(lost_, 0); lost > 0) {
    leave(lost);
    if (!nothing()) arrived_.notifyOne();
    throw std::bad_alloc();
  }
  if (closed_ && filling_->rows.empty()) return nullptr;
  leave(filling_->rows.size());
  return std::exchange(filling_, std::move(next));
}

void DeliveryQueue::close() noexcept {
  const MutexLock lock(mutex_);
  closed_ = true;
  arrived_.notifyAll();
}

}  // namespace klamm::c

size_t klamm_deliveries_count(const klamm_deliveries_t* deliveries) { return c::isA(deliveries) ? deliveries->rows.size() : 0; }

int32_t klamm_deliveries_read(klamm_deliveries_t* deliveries, klamm_delivery_t* rows, size_t capacity, size_t* count, klamm_error_t** error) {
  return c::guarded(deliveries, error, [&] {
    return c::fillRows(
        rows, capacity, count, [&] { return deliveries->read < deliveries->rows.size(); }, [&] { return deliveries->rows[deliveries->read++]; });
  });
}

void klamm_deliveries_free(klamm_deliveries_t* deliveries) {
  if (c::isA(deliveries)) delete deliveries;
}
