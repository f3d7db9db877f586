#include "producer/outstanding.h"

namespace klamm::producer {

std::uint64_t Outstanding::begin() {
  const MutexLock lock(mutex_);
  ++counts_[current_];
  return current_;
}

void Outstanding::addParts(std::uint64_t generation, std::size_t more) {
  const MutexLock lock(mutex_);
  counts_[generation] += more;
}

void Outstanding::end(std::uint64_t generation) {
  const MutexLock lock(mutex_);
  const auto at = counts_.find(generation);
  if (at == counts_.end() || --at->second != 0) return;
  // The current one is kept: its next batch is not far.
  if (generation != current_) counts_.erase(at);
  if (waiting_ != 0) changed_.notifyAll();
}

bool Outstanding::waitForAll(TimePoint deadline) {
  const MutexLock lock(mutex_);
  const std::uint64_t before = ++current_;
  ++waiting_;
  const bool done = changed_.waitUntil(mutex_, deadline, [&]() KLAMM_REQUIRES(mutex_) {
    while (!counts_.empty() && counts_.begin()->second == 0 && counts_.begin()->first < before) counts_.erase(counts_.begin());
    return counts_.empty() || counts_.begin()->first >= before;
  });
  --waiting_;
  return done;
}

bool Outstanding::empty() const {
  const MutexLock lock(mutex_);
  for (const auto& [generation, count] : counts_) {
    if (count != 0) return false;
  }
  return true;
}

}  // namespace klamm::producer
