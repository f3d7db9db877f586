#include "chaos/watchdog.h"

#include <cstdlib>
#include <iostream>

namespace klamm::chaos {

Watchdog::Watchdog(std::chrono::milliseconds limit, std::string line)
    : thread_([this, limit, line = std::move(line)] {
        std::unique_lock lock(mutex_);
        if (ended_.wait_for(lock, limit, [this] { return isOver_; })) return;
        std::cerr << line << std::endl;
        std::abort();
      }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    isOver_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

}  // namespace klamm::chaos
