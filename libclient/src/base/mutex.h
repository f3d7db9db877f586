#pragma once
// std::mutex with the annotations that Clang's thread-safety analysis needs.

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.h"

namespace klamm {

/// Threading: any thread.
class KLAMM_CAPABILITY("mutex") Mutex {
 public:
  void lock() KLAMM_ACQUIRE() { mutex_.lock(); }
  void unlock() KLAMM_RELEASE() { mutex_.unlock(); }
  bool try_lock() KLAMM_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex from construction to the end of the block.
class KLAMM_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) KLAMM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() KLAMM_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a Mutex that the caller holds. Threading: any thread.
class CondVar {
 public:
  void notifyOne() noexcept { condition_.notify_one(); }
  void notifyAll() noexcept { condition_.notify_all(); }
  void wait(Mutex& mutex) KLAMM_REQUIRES(mutex) { condition_.wait(mutex); }
  template <class Predicate>
  void wait(Mutex& mutex, Predicate done) KLAMM_REQUIRES(mutex) { condition_.wait(mutex, done); }
  /// False when `deadline` came first.
  template <class Predicate>
  bool waitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline, Predicate done) KLAMM_REQUIRES(mutex) {
    return condition_.wait_until(mutex, deadline, done);
  }

 private:
  std::condition_variable_any condition_;
};

}  // namespace klamm
