#include "log/disk_worker.h"

#include <utility>

namespace klamm::broker::log {

ThreadDiskWorker::~ThreadDiskWorker() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notifyOne();
  if (thread_.joinable()) thread_.join();
}

void ThreadDiskWorker::run(Job job, Done done) {
  auto item = std::make_unique<Item>(Item{std::move(job), std::move(done)});
  {
    const MutexLock lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    queue_.push_back(std::move(item));
  }
  changed_.notifyOne();
}

void ThreadDiskWorker::work() {
  for (;;) {
    std::unique_ptr<Item> item;
    {
      const MutexLock lock(mutex_);
      changed_.wait(mutex_, [this]() KLAMM_REQUIRES(mutex_) { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      item = std::move(queue_.front());
      queue_.pop_front();
    }
    item->outcome = item->job();
    post_([item = std::move(item)] { item->done(std::move(item->outcome)); });
  }
}

}  // namespace klamm::broker::log
