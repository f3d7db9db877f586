#pragma once
// A thread for disk work that may block, so that no loop has to.

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "base/inline_function.h"
#include "base/mutex.h"
#include "base/result.h"

namespace klamm::broker::log {

/// Runs work that may block on the disk away from the loops.
/// Threading: run() from any thread; `job` runs on a worker, `done` wherever the implementation says.
class DiskWorker {
 public:
  using Job = InlineFunction<Status(), 64>;
  using Done = InlineFunction<void(Status), 64>;
  virtual ~DiskWorker() = default;
  virtual void run(Job job, Done done) = 0;
};

/// One thread, started with the first job. `post` hands a finished job's `done` to the loop that asked, as Loop::post does.
/// The destructor finishes what is queued. Threading: any thread; destroyed by its owner when nobody calls any more.
class ThreadDiskWorker final : public DiskWorker {
 public:
  using Task = InlineFunction<void(), 64>;
  using Post = std::function<void(Task)>;
  explicit ThreadDiskWorker(Post post) : post_(std::move(post)) {}
  ~ThreadDiskWorker() override;
  void run(Job job, Done done) override;

 private:
  struct Item {
    Job job;
    Done done;
    Status outcome = {};
  };
  void work();

  Post post_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::unique_ptr<Item>> queue_ KLAMM_GUARDED_BY(mutex_);
  bool stopping_ KLAMM_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace klamm::broker::log
