#pragma once
// A disk worker without a thread.

#include <utility>
#include <vector>

#include "log/disk_worker.h"

namespace klamm::test {

/// Runs each job at once, or when it is released. Threading: one thread.
class InlineDiskWorker final : public broker::log::DiskWorker {
 public:
  bool hold = false;
  void run(Job job, Done done) override {
    waiting_.emplace_back(std::move(job), std::move(done));
    if (!hold) release();
  }
  void release() {
    for (auto& [job, done] : std::exchange(waiting_, {})) done(job());
  }

 private:
  std::vector<std::pair<Job, Done>> waiting_;
};

}  // namespace klamm::test
