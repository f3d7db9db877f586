#include "coordinator/timer_queue.h"

namespace klamm::broker::coordinator {

void TimerQueue::enqueue(const TimerKey& key, Entry& entry) {
  entry.queuedAt = entry.due;
  entry.order = nextOrder_++;
  queue_.insert({.at = entry.queuedAt, .order = entry.order, .key = &key});
}

void TimerQueue::schedule(const TimerKey& key, TimePoint due) {
  const auto [it, isNew] = entries_.try_emplace(key);
  Entry& entry = it->second;
  entry.due = due;
  if (!isNew) {
    if (entry.queuedAt <= due) return;
    queue_.erase({.at = entry.queuedAt, .order = entry.order});
  }
  enqueue(it->first, entry);
}

void TimerQueue::cancel(const TimerKey& key) {
  const auto it = entries_.find(key);
  if (it == entries_.end()) return;
  queue_.erase({.at = it->second.queuedAt, .order = it->second.order});
  entries_.erase(it);
}

void TimerQueue::clear() noexcept {
  queue_.clear();
  entries_.clear();
}

std::optional<TimerKey> TimerQueue::popDue(TimePoint now) {
  while (!queue_.empty() && queue_.begin()->at <= now) {
    const auto it = entries_.find(*queue_.begin()->key);
    queue_.erase(queue_.begin());
    if (it->second.due > now) {
      enqueue(it->first, it->second);
      continue;
    }
    TimerKey key = it->first;
    entries_.erase(it);
    return key;
  }
  return std::nullopt;
}

std::optional<TimePoint> TimerQueue::next() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->at;
}

}  // namespace klamm::broker::coordinator
