#pragma once
// Counts batches that have not been reported yet: what flush() and close() wait for.

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/clock.h"
#include "base/mutex.h"

namespace klamm::producer {

/// Every batch belongs to the generation that was current when it was made; a flush begins the next one and waits until no
/// batch of an older generation is left. Threading: any thread.
class Outstanding {
 public:
  /// A batch begins; returns its generation.
  [[nodiscard]] std::uint64_t begin() KLAMM_EXCLUDES(mutex_);
  /// `parts` batches take the place of one of this generation.
  void addParts(std::uint64_t generation, std::size_t more) KLAMM_EXCLUDES(mutex_);
  /// Its callbacks have run.
  void end(std::uint64_t generation) KLAMM_EXCLUDES(mutex_);
  /// Waits for all that began before this call; false when the deadline came first.
  bool waitForAll(TimePoint deadline) KLAMM_EXCLUDES(mutex_);
  [[nodiscard]] bool empty() const KLAMM_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::uint64_t current_ KLAMM_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::size_t> counts_ KLAMM_GUARDED_BY(mutex_);
  std::size_t waiting_ KLAMM_GUARDED_BY(mutex_) = 0;
};

}  // namespace klamm::producer
