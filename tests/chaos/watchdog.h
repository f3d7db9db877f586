#pragma once
// Ends a process that hangs, with a line that says where.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace klamm::chaos {

/// Aborts the process with `line` on stderr, leaving a core where the system keeps them, unless it is destroyed within `limit`.
/// Threading: one thread.
class Watchdog {
 public:
  Watchdog(std::chrono::milliseconds limit, std::string line);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool isOver_ = false;
  std::thread thread_;
};

}  // namespace klamm::chaos
